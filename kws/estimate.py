"""Before anything is deployed: parameters, MACs, FLOPs, and what flash and RAM the model will take on the board.

In: any model made of convolutions, dense layers and average pools, with whatever weights; it is run once on zeros, and
each layer is counted as it runs. A multiply-accumulate is two FLOPs; a bias adds one FLOP an output, ReLU another, a
pool one for each value it adds. ReLU stands behind every layer with weights but the last, in all architectures of
kws/models.py. Batch normalization counts as what deployment makes of it: part of the weights and the bias before it.

Flash and RAM are those of the firmware without a model, of each kernel that the model needs, and of what the compiler
stores for its layers. Those of kws/firmware_sizes.py are read off linked images by tools/firmware_sizes.py (tests link
some and compare); metrics/flash.json compares an estimate with the linker's figure.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod

import torch
from torch import nn

from kws.codegen.cortex_m4.calls import functions_of
from kws.codegen.cortex_m4.frames import FrameConvolution
from kws.codegen.cortex_m4.products import Depthwise, Product
from kws.codegen.cortex_m4.selection import Convolution, Kernel, choose
from kws.codegen.storage import Storage
from kws.features import BANDS, FRAMES
from kws.firmware_sizes import (
    FIRMWARE_FLASH_BYTES,  # code but the kernels, what every front end has
    FIRMWARE_RAM_BYTES,  # a second of audio, frames and features, 8 KB of stack
    FRONT_END_FLASH_BYTES,  # more for front_end.kind: tables and code
    KERNEL_FLASH_BYTES,  # linked where a layer needs it; of assembly, what its functions have in common
    LAYER_FLASH_BYTES,  # description and call
    MODEL_FLASH_BYTES,  # softmax, names, the list's entry
    UNPACKER_FLASH_BYTES,  # only where weights are stored so
    UNPACKING_FLASH_BYTES,  # a layer that is unpacked
)
from kws.models.layers import SameConv2d, same_padding

CHANNEL_FLASH_BYTES = {"conv": 9, "depthwise": 9, "pool": 0, "dense": 12}  # an output channel: bias, multiplier, shift
_OWN_CODE = {FrameConvolution: "frame", Product: "product", Depthwise: "planes"}
FULL_BITS = 8  # weights of as many are read from flash as they are


@dataclass(frozen=True)
class Layer:
    """One layer in the order of the computation; shapes are (C, H, W), or (C,) after the image is flattened."""

    name: str
    kernel: str  # a key of KERNEL_FLASH_BYTES
    shape: tuple[int, ...]  # of the output
    weights: int
    channels: int  # with a bias each; 0 for a pool
    macs: int
    flops: int
    own: Kernel | None = None  # of a convolution that the Cortex-M4's own kernels take

    @property
    def outputs(self) -> int:
        """Values of the output, a byte each on the board."""
        return prod(self.shape)

    @property
    def code(self) -> str:
        """What is linked for it, a key of KERNEL_FLASH_BYTES."""
        return next((code for kind, code in _OWN_CODE.items() if isinstance(self.own, kind)), self.kernel)

    @property
    def output_bytes(self) -> int:
        """As they lie in the arena: its own kernel may widen them, or put zeros between them."""
        return _aligned(max(self.outputs, self.own.output_bytes if self.own else 0))

    @property
    def parameters(self) -> int:
        """Weights and biases."""
        return self.weights + self.channels


@dataclass(frozen=True)
class Cost:
    """Of one inference of one model."""

    parameters: int
    macs: int
    flops: int


@dataclass(frozen=True)
class Footprint:
    """What an image takes of the chip."""

    flash_bytes: int
    ram_bytes: int


def layers(model: nn.Module) -> tuple[Layer, ...]:
    """The layers of a model as it physically is, zeros counted, in the order in which they run."""
    seen: list[tuple[str, nn.Module, tuple[int, ...], tuple[int, ...]]] = []

    def note(name: str):
        return lambda module, given, out: seen.append((name, module, tuple(given[0].shape[1:]), tuple(out.shape[1:])))

    hooks = [module.register_forward_hook(note(name)) for name, module in model.named_modules() if _kernel(module)]
    was_training = model.training
    try:
        with torch.no_grad():
            model.eval()(torch.zeros(1, FRAMES, BANDS))
    finally:
        model.train(was_training)
        for hook in hooks:
            hook.remove()
    own = choose([_convolution(*shapes) for _, *shapes in seen])
    return tuple(_layer(*one, rectified=one is not seen[-1], own=kernel) for one, kernel in zip(seen, own, strict=True))


def cost(model: nn.Module) -> Cost:
    """Sums over the layers."""
    found = layers(model)
    return Cost(*(sum(getattr(layer, key) for layer in found) for key in ("parameters", "macs", "flops")))


def weight_bytes(layer: Layer, bits: int) -> int:
    """Bytes of the weights packed at `bits` bits each, rounded up to a byte; biases are not weights."""
    return (layer.weights * bits + 7) // 8


def live_bytes(found: Sequence[Layer]) -> list[int]:
    """Bytes of activations that live while each layer runs: its input, its output, and its kernel's scratch.

    Features and logits are not counted, they have places of their own. The arena must hold the largest of these: the
    layers form a chain, so the compiler (kws/codegen/buffers.py) lets outputs take turns at its two ends.
    """
    ends = pairwise([0, *(layer.output_bytes for layer in found[:-1]), 0])
    return [
        first + second + (layer.own.scratch_bytes if layer.own else 0)
        for layer, (first, second) in zip(found, ends, strict=True)
    ]


def footprint(model: nn.Module, bits: int, front_end: str, stored: Sequence[Storage] | None = None) -> Footprint:
    """Of the image with this model alone, weights of `bits` bits, activations of 8, and a front_end.kind.

    Args:
        stored: how the weights of each layer that has some really lie in flash; without it, in `bits` bits each.
    """
    found = layers(model)
    return image_footprint([(found, nominal_storages(found, bits) if stored is None else stored)], front_end)


def nominal_storages(found: Sequence[Layer], bits: int) -> list[Storage]:
    """For each layer with weights: in `bits` bits each, whatever they are."""
    form = "packed" if bits < FULL_BITS else "plain"
    return [Storage(form, bits, weight_bytes(layer, bits)) for layer in found if layer.weights]


def image_footprint(models: Sequence[tuple[Sequence[Layer], Sequence[Storage]]], front_end: str) -> Footprint:
    """Of an image that carries models, each as its layers and the storage of those with weights.

    Plain weights are read from flash; others are unpacked into RAM at start, a byte each. The models take turns, so the
    image needs the largest arena and the largest room to unpack.
    """
    every = [layer for found, _ in models for layer in found]
    functions = {name: write for layer in every if layer.own for name, write in functions_of(layer.own).items()}
    forms = {storage.form for _, stored in models for storage in stored}
    flash = FIRMWARE_FLASH_BYTES + FRONT_END_FLASH_BYTES[front_end]
    flash += sum(KERNEL_FLASH_BYTES[code] for code in {layer.code for layer in every})
    flash += sum(write().code_bytes for write in functions.values())
    flash += sum(UNPACKER_FLASH_BYTES[form] for form in forms)
    flash += sum(MODEL_FLASH_BYTES + _layers_flash_bytes(*model) for model in models)
    arena = max(max(live_bytes(found)) for found, _ in models)
    return Footprint(flash, FIRMWARE_RAM_BYTES + arena + max(_unpacked_bytes(*model) for model in models))


def _layers_flash_bytes(found: Sequence[Layer], stored: Sequence[Storage]) -> int:
    """Weights, tables, descriptions, and the calls that unpack."""
    tables = sum(LAYER_FLASH_BYTES + layer.channels * CHANNEL_FLASH_BYTES[layer.kernel] for layer in found)
    return tables + sum(one.size_bytes + UNPACKING_FLASH_BYTES * (one.form != "plain") for one in stored)


def _unpacked_bytes(found: Sequence[Layer], stored: Sequence[Storage]) -> int:
    weighted = [layer for layer in found if layer.weights]
    return sum(_aligned(layer.weights) for layer, one in zip(weighted, stored, strict=True) if one.form != "plain")


def _layer(
    name: str, module: nn.Module, given: tuple[int, ...], shape: tuple[int, ...], rectified: bool, own: Kernel | None
) -> Layer:
    kernel, outputs = _kernel(module), prod(shape)
    if kernel == "pool":
        return Layer(name, kernel, shape, 0, 0, 0, prod(given))
    weights, channels = module.weight.numel(), module.weight.shape[0]
    macs = outputs // channels * weights
    return Layer(name, kernel, shape, weights, channels, macs, 2 * macs + outputs + outputs * rectified, own)


def _convolution(module: nn.Module, given: tuple[int, ...], shape: tuple[int, ...]) -> Convolution | None:
    """As the compiler sees it; its quantization is taken to fit the Cortex-M4's kernels, as after ReLU it does."""
    if not isinstance(module, nn.Conv2d):
        return None
    padding = module.padding
    if isinstance(module, SameConv2d):
        padding = tuple(
            same_padding(*sizes)[0] for sizes in zip(given[1:], module.kernel_size, module.stride, strict=True)
        )
    return Convolution(
        depthwise=module.groups > 1,
        input=given[1:],
        output=shape[1:],
        kernel=module.kernel_size,
        stride=module.stride,
        padding=padding,
        channels=module.in_channels,
        filters=module.out_channels,
        framed={"pad_top": min(padding[0], module.kernel_size[0] - 1)},
        rectified=True,
    )


def _kernel(module: nn.Module) -> str | None:
    """Which of the firmware's kernels runs a module; None for what is no layer on the board."""
    if isinstance(module, nn.Conv2d):
        return "depthwise" if module.groups > 1 else "conv"
    if isinstance(module, nn.Linear):
        return "dense"
    return "pool" if isinstance(module, nn.AvgPool2d | nn.AdaptiveAvgPool2d) else None


def _aligned(size_bytes: int) -> int:
    """As the compiler places buffers: at words."""
    return -(-size_bytes // 4) * 4
