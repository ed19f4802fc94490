"""Before anything is deployed: parameters, MACs, FLOPs, and what flash and RAM the model will take on the board.

A multiply-accumulate is two FLOPs; a bias adds one FLOP an output, ReLU another. Flash and RAM are the firmware without
a model (constants below, read off an image that carries none) plus what the compiler will store for the model.
"""

from dataclasses import dataclass

from torch import nn

from kws.features import BANDS, FRAMES
from kws.models import positions


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


def input_values() -> int:
    """Values in a model's input."""
    return FRAMES * BANDS
