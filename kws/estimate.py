"""Before anything is deployed: parameters, MACs, FLOPs, and what flash and RAM the model will take on the board.

In: any model made of convolutions, dense layers and average pools, with whatever weights; it is run once on zeros, and
each layer is counted as it runs. A multiply-accumulate is two FLOPs; a bias adds one FLOP an output, ReLU another, a
pool one for each value it adds. ReLU stands behind every layer with weights but the last, in all architectures of
kws/models.py. Batch normalization counts as what deployment makes of it: part of the weights and the bias before it.

Flash and RAM are those of the firmware without a model, of each kernel that the model needs, and of what the compiler
stores for its layers. The constants were read off linked images (tests link some and compare); metrics/flash.json
compares an estimate with the linker's figure.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod

import torch
from torch import nn

from kws.codegen.cortex_m4.frames import FrameConvolution, frame_shape
from kws.codegen.storage import Storage
from kws.features import BANDS, FRAMES

FIRMWARE_FLASH_BYTES = 21_174  # code but the kernels, what every front end has
FRONT_END_FLASH_BYTES = {"log_mel": 0, "mfcc": 3_504, "pcen": 824}  # more for front_end.kind: tables and code
FIRMWARE_RAM_BYTES = 48_376  # a second of audio, the front end's stream and scratch, 8 KB of stack
KERNEL_FLASH_BYTES = {
    "conv": 3_250,
    "frame": 2_300,
    "depthwise": 1_480,
    "pool": 470,
    "dense": 7_240,
}  # linked where a layer needs it; "frame" is what the functions of framed convolutions have in common
MODEL_FLASH_BYTES = 1_150  # softmax table, names, the list's entry
LAYER_FLASH_BYTES = 70  # description and call
CHANNEL_FLASH_BYTES = {"conv": 9, "depthwise": 9, "pool": 0, "dense": 12}  # an output channel: bias, multiplier, shift
UNPACKER_FLASH_BYTES = {"plain": 0, "packed": 360, "sparse": 224}  # only where weights are stored so
UNPACKING_FLASH_BYTES = 20  # a layer that is unpacked
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
    frame: FrameConvolution | None = None  # of a convolution that the Cortex-M4's own kernels take

    @property
    def outputs(self) -> int:
        """Values of the output, a byte each on the board."""
        return prod(self.shape)

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
    seen: list[tuple[str, nn.Module, int, tuple[int, ...]]] = []

    def note(name: str):
        return lambda module, given, out: seen.append((name, module, given[0].numel(), tuple(out.shape[1:])))

    hooks = [module.register_forward_hook(note(name)) for name, module in model.named_modules() if _kernel(module)]
    was_training = model.training
    try:
        with torch.no_grad():
            model.eval()(torch.zeros(1, FRAMES, BANDS))
    finally:
        model.train(was_training)
        for hook in hooks:
            hook.remove()
    return tuple(_layer(*one, rectified=one is not seen[-1]) for one in seen)


def cost(model: nn.Module) -> Cost:
    """Sums over the layers."""
    found = layers(model)
    return Cost(*(sum(getattr(layer, key) for layer in found) for key in ("parameters", "macs", "flops")))


def weight_bytes(layer: Layer, bits: int) -> int:
    """Bytes of the weights packed at `bits` bits each, rounded up to a byte; biases are not weights."""
    return (layer.weights * bits + 7) // 8


def live_bytes(found: Sequence[Layer]) -> list[int]:
    """Bytes of activations that live while each layer runs: its input, its output, and its frame if it has one.

    Features and logits are not counted, they have places of their own. The arena must hold the largest of these: the
    layers form a chain, so the compiler (kws/codegen/buffers.py) lets outputs take turns at its two ends.
    """
    between = [_aligned(layer.outputs) for layer in found[:-1]]
    ends = pairwise([0, *between, 0])
    return [
        first + second + (4 * layer.frame.frame_words if layer.frame else 0)
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
    kernels = {"frame" if layer.frame else layer.kernel for layer in every}
    functions = {
        layer.frame.symbol(filters): layer.frame.code_bytes(filters)
        for layer in every
        if layer.frame
        for filters in layer.frame.functions
    }
    forms = {storage.form for _, stored in models for storage in stored}
    flash = FIRMWARE_FLASH_BYTES + FRONT_END_FLASH_BYTES[front_end]
    flash += sum(KERNEL_FLASH_BYTES[kernel] for kernel in kernels)
    flash += sum(functions.values())
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


def _layer(name: str, module: nn.Module, inputs: int, shape: tuple[int, ...], rectified: bool) -> Layer:
    kernel, outputs = _kernel(module), prod(shape)
    if kernel == "pool":
        return Layer(name, kernel, shape, 0, 0, 0, inputs)
    weights, channels = module.weight.numel(), module.weight.shape[0]
    macs = outputs // channels * weights
    flops = 2 * macs + outputs + outputs * rectified
    return Layer(name, kernel, shape, weights, channels, macs, flops, _frame(module, shape))


def _frame(module: nn.Module, shape: tuple[int, ...]) -> FrameConvolution | None:
    """Of a convolution whose windows fit; its quantization is taken to fit too, as after ReLU it does."""
    if not isinstance(module, nn.Conv2d) or module.groups > 1:
        return None
    return frame_shape(module.kernel_size, module.stride, module.in_channels, shape[1:], module.out_channels)


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
