"""Float model -> quantized model: the same module, with fake-quantizers on its weights and activations.

Weights are parametrized (torch.nn.utils.parametrize), so the float master copy stays beside the rounded one. Both
sweeps make their models here; PTQ chooses the scales once, QAT goes on to learn them.
"""

import copy

import torch
from torch import nn
from torch.nn.utils import parametrize

from kws.models import build
from kws.quantization import (
    Grid,
    LearnedStep,
    choose_scale,
    fake_quantize,
    quantize,
    snap,
    unsigned_grid,
    weight_grid,
)

LOGITS_GRID = Grid(-128, 127)
_ACTIVATION_SAMPLES = 400_000  # values looked at to choose an activation's scale


class StepQuantizer(nn.Module):
    """A grid with a learned scale: `scale` as chosen or frozen last, times exp(`drift`), which training moves.

    The drift is relative, so that one learning rate suits the scales of 2 bits and of 8.
    """

    def __init__(self, grid: Grid, scale: torch.Tensor):
        super().__init__()
        self.grid = grid
        self.register_buffer("scale", scale)  # (C', 1, ..) of a weight, () of an activation
        self.drift = nn.Parameter(torch.zeros_like(scale))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return LearnedStep.apply(x, self.scale * self.drift.exp(), *self.grid)

    @torch.no_grad()
    def freeze(self) -> None:
        """Make what was learned the scale, rounded to what a .tflite holds exactly."""
        self.scale.copy_(snap(self.scale * self.drift.exp()))
        self.drift.zero_()


class LogitsQuantizer(nn.Module):
    """The model's int8 output: scale and zero point from the range seen in calibration, not learned."""

    def __init__(self, scale: torch.Tensor, zero_point: torch.Tensor):
        super().__init__()
        self.register_buffer("scale", scale)  # ()
        self.register_buffer("zero_point", zero_point)  # () int64

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return fake_quantize(x, self.scale, LOGITS_GRID, int(self.zero_point))


def quantized(model: nn.Module, bits: int, activation_bits: int, x: torch.Tensor, method: str, percentile: float):
    """A copy of a float model, quantized after training.

    Args:
        model: float model.
        bits: of the weights; activation_bits: of the activations between layers. Input and logits have 8.
        x: (B, T, F) float32, calibration clips of the training split.
        method: how scales are chosen, see kws.quantization.choose_scale.
        percentile: in per cent, for that method.
    """
    model = copy.deepcopy(model).eval()
    for layer in weighted_layers(model).values():
        shape = _scale_shape(layer)
        scale = choose_scale(layer.weight.detach().reshape(shape[0], -1), weight_grid(bits), method, percentile)
        parametrize.register_parametrization(layer, "weight", StepQuantizer(weight_grid(bits), scale.view(shape)))
    for name in model.activations:
        if name != "logits":
            values = _activation(model, name, x).flatten()
            values = values[:: max(1, values.numel() // _ACTIVATION_SAMPLES)][None]
            scale = choose_scale(values, unsigned_grid(activation_bits), method, percentile)[0]
            model.activations[name] = StepQuantizer(unsigned_grid(activation_bits), scale)
    return finish(model, x)


def finish(model: nn.Module, x: torch.Tensor) -> nn.Module:
    """Freeze a quantized model: scales snapped to what a .tflite can hold, the logits' range taken from clips x."""
    model.eval()
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, StepQuantizer):
                module.freeze()
        model.activations["logits"] = nn.Identity()
        logits = model(x)
        low, high = min(float(logits.min()), 0.0), max(float(logits.max()), 0.0)
        scale = snap(torch.tensor((high - low) / (LOGITS_GRID.high - LOGITS_GRID.low)))
        zero_point = torch.round(LOGITS_GRID.low - low / scale).to(torch.int64)
        model.activations["logits"] = LogitsQuantizer(scale, zero_point)
    return model


def weighted_layers(model: nn.Module) -> dict[str, nn.Module]:
    """The layers that hold weights, by name, in the order of the computation."""
    return {name: module for name, module in model.named_modules() if isinstance(module, nn.Conv2d | nn.Linear)}


def integer_weights(layer: nn.Module) -> tuple[torch.Tensor, torch.Tensor]:
    """(C', ...) int8 integers and float32 scales, (C',) or (1,), of a quantized layer."""
    quantizer = layer.parametrizations.weight[0]
    integers = quantize(layer.parametrizations.weight.original.detach(), quantizer.scale, quantizer.grid)
    return integers.to(torch.int8), quantizer.scale.flatten()


def weight_bytes(model: nn.Module, bits: int) -> int:
    """Bytes of the weights packed at `bits` bits each, a tensor rounded up to a byte; biases are not weights."""
    return sum((layer.weight.numel() * bits + 7) // 8 for layer in weighted_layers(model).values())


def empty_quantized(architecture: dict, bits: int, activation_bits: int) -> nn.Module:
    """A quantized model of a known shape whose weights and scales are still to be loaded."""
    model = build(architecture)
    for layer in weighted_layers(model).values():
        scale = torch.ones(_scale_shape(layer))
        parametrize.register_parametrization(layer, "weight", StepQuantizer(weight_grid(bits), scale))
    for name in model.activations:
        model.activations[name] = StepQuantizer(unsigned_grid(activation_bits), torch.tensor(1.0))
    model.activations["logits"] = LogitsQuantizer(torch.tensor(1.0), torch.tensor(0))
    return model.eval()


def _scale_shape(layer: nn.Module) -> tuple[int, ...]:
    """One scale an output channel of a convolution, one for a dense layer: what TFLite's converter keeps exactly."""
    channels = layer.out_channels if isinstance(layer, nn.Conv2d) else 1
    return (channels, *[1] * (layer.weight.dim() - 1))


def _activation(model: nn.Module, name: str, x: torch.Tensor) -> torch.Tensor:
    """What flows through one of the model's activations for x."""
    seen = []
    handle = model.activations[name].register_forward_hook(lambda _module, _inputs, output: seen.append(output))
    with torch.no_grad():
        model(x)
    handle.remove()
    return seen[0]
