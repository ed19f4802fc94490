"""Before anything is deployed: parameters, MACs, FLOPs, and what flash and RAM the model will take on the board.

A multiply-accumulate is two FLOPs; a bias adds one FLOP an output, ReLU another. Flash and RAM are those of the
firmware without a model, read off linked images less what their models take (a test links one and compares), plus what
the compiler will store for the model. metrics/flash.json compares an estimate with the linker's figure.
"""

from dataclasses import dataclass

from torch import nn

from kws.models import positions
from kws.quantized import weight_bytes, weighted_layers

FIRMWARE_FLASH_BYTES = 32_810  # code, the front end's tables, the largest model's description without its channels
FIRMWARE_RAM_BYTES = 51_960  # a second of audio, frames and features, 8 KB of stack
UNPACKER_FLASH_BYTES = 400  # only where weights are stored packed
CHANNEL_TABLE_BYTES = 9  # an output channel: bias and multiplier (int32), shift (int8)


@dataclass(frozen=True)
class Cost:
    """Of one inference of one model."""

    parameters: int
    macs: int
    flops: int


def cost(model: nn.Module) -> Cost:
    """Counts of a tiny_conv of any number of filters, as it physically is: zeros count."""
    conv, dense = model.conv, model.dense
    outputs = conv.out_channels * positions()
    conv_macs = outputs * conv.kernel_size[0] * conv.kernel_size[1] * conv.in_channels
    dense_macs = dense.in_features * dense.out_features
    flops = 2 * (conv_macs + dense_macs) + outputs + outputs + dense.out_features  # bias and ReLU; bias
    parameters = sum(layer.weight.numel() + layer.bias.numel() for layer in (conv, dense))
    return Cost(parameters, conv_macs + dense_macs, flops)


@dataclass(frozen=True)
class Footprint:
    """What the image that carries this model alone will take of the chip."""

    flash_bytes: int
    ram_bytes: int


def footprint(model: nn.Module, bits: int) -> Footprint:
    """Flash and RAM with weights of `bits` bits and activations of 8.

    Weights are stored packed. Those of 8 bits are read from flash; narrower ones are unpacked into RAM at start, a byte
    each. The arena holds the activations between the layers.
    """
    layers = weighted_layers(model).values()
    channels = sum(layer.weight.shape[0] for layer in layers)
    unpacked = sum(layer.weight.numel() for layer in layers) if bits < 8 else 0
    flash = FIRMWARE_FLASH_BYTES + weight_bytes(model, bits) + channels * CHANNEL_TABLE_BYTES
    return Footprint(
        flash_bytes=flash + (UNPACKER_FLASH_BYTES if bits < 8 else 0),
        ram_bytes=FIRMWARE_RAM_BYTES + model.dense.in_features + unpacked,
    )
