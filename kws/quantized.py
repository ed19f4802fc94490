"""Float model -> quantized model: the same module, with fake-quantizers on its weights and activations.

Weights are parametrized (torch.nn.utils.parametrize), so the float master copy stays beside the rounded one. Both
sweeps make their models here; PTQ chooses weights and scales once, QAT goes on to learn them.
"""

import copy
from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn
from torch.nn.utils import parametrize

from kws.errors import ModelError
from kws.features import FEATURE_SCALE
from kws.models import build
from kws.models.chain import Chain
from kws.quantization import (
    Grid,
    LearnedStep,
    choose_scale,
    choose_scale_and_zero,
    fake_quantize,
    minifloat_grid,
    quantize,
    snap,
    unsigned_grid,
    weight_grid,
)
from kws.rounding import rounded_for_inputs

LOGITS_GRID = Grid(-128, 127)  # int8
_ACTIVATION_SAMPLES = 400_000  # values looked at to choose an activation's scale


@dataclass(frozen=True)
class Scheme:
    """How a model is quantized; input and logits always have 8 bits.

    Args:
        weight_bits: of a weight; of a minifloat 1 + exponent + mantissa.
        activation_bits: of the activations between layers.
        minifloat: (exponent, mantissa) bits of the weights, None for integers.
        granularity: of the weights' scales: one an output channel of a convolution, or one a tensor. A dense layer has
            one in either case: more of them TFLite's converter does not keep.
        weight_symmetry: symmetric, or asymmetric: a zero point of its own for each scale, to compare with; a .tflite
            has none for weights.
        activation_symmetry: asymmetric uses all integers for what is left of ReLU, symmetric the upper half.
        calibration, percentile: how scales are chosen, see kws.quantization.choose_scale.
        rounding: of the weights: nearest, or gptq, see kws.rounding.
        bias_correction: whether biases take up the mean error of their layer's outputs (Nagel et al. 2019,
            arXiv:1906.04721, section 4.2, with outputs seen on clips).
    """

    weight_bits: int
    activation_bits: int
    minifloat: tuple[int, int] | None = None
    granularity: Literal["channel", "tensor"] = "channel"
    weight_symmetry: Literal["symmetric", "asymmetric"] = "symmetric"
    activation_symmetry: Literal["symmetric", "asymmetric"] = "asymmetric"
    calibration: Literal["min_max", "percentile", "mse"] = "mse"
    percentile: float = 100.0
    rounding: Literal["nearest", "gptq"] = "nearest"
    bias_correction: bool = False

    def weight_quantizer(self, layer: nn.Module) -> "StepQuantizer":
        """For a layer's weights."""
        weight, shape = layer.weight.detach(), self._scale_shape(layer)
        rows, how = weight.reshape(shape[0], -1), (self.calibration, self.percentile)
        if self.minifloat is None and self.weight_symmetry == "asymmetric":
            scale, grid = choose_scale_and_zero(rows, self.weight_bits, *how)
            return StepQuantizer(Grid(grid.low.view(shape), grid.high.view(shape)), scale.view(shape))
        grid = weight_grid(self.weight_bits) if self.minifloat is None else minifloat_grid(*self.minifloat)
        return StepQuantizer(grid, choose_scale(rows, grid, *how).view(shape))

    def activation_quantizer(self, values: torch.Tensor) -> "StepQuantizer":
        """For an activation, of which `values` were seen."""
        grid = unsigned_grid(self.activation_bits - (self.activation_symmetry == "symmetric"))
        values = values.flatten()
        values = values[:: max(1, values.numel() // _ACTIVATION_SAMPLES)][None]
        return StepQuantizer(grid, choose_scale(values, grid, self.calibration, self.percentile)[0])

    def _scale_shape(self, layer: nn.Module) -> tuple[int, ...]:
        channels = layer.out_channels if isinstance(layer, nn.Conv2d) and self.granularity == "channel" else 1
        return (channels, *[1] * (layer.weight.dim() - 1))


class StepQuantizer(nn.Module):
    """A grid with a learned scale: `scale` as chosen or frozen last, times exp(`drift`), which training moves.

    The drift is relative, so that one learning rate suits the scales of 2 bits and of 8.
    """

    def __init__(self, grid: Grid, scale: torch.Tensor):
        super().__init__()
        self._mantissa = grid.mantissa
        self.register_buffer("low", torch.as_tensor(grid.low, dtype=torch.float32))  # () or as scale
        self.register_buffer("high", torch.as_tensor(grid.high, dtype=torch.float32))
        self.register_buffer("mantissa", torch.tensor(-1 if grid.mantissa is None else grid.mantissa))
        self.register_buffer("scale", scale)  # (C', 1, ..) of a weight, () of an activation
        self.drift = nn.Parameter(torch.zeros_like(scale))

    @property
    def grid(self) -> Grid:
        """Bounds as tensors."""
        return Grid(self.low, self.high, self._mantissa)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return LearnedStep.apply(x, self.scale * self.drift.exp(), *self.grid)[0]

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


@torch.no_grad()
def quantized(model: Chain, scheme: Scheme, x: torch.Tensor) -> Chain:
    """A copy of a float model, quantized after training, layer by layer: each sees what those before it have become.

    Args:
        model: float model.
        scheme: how.
        x: (B, T, F) float32, calibration clips of the training split.
    """
    model = model.eval()
    result = copy.deepcopy(model)
    wanted = found = x[:, None]  # what the next layer reads: the float one's, the quantized one's
    for name in model.activations:
        if model.layer(name) is not None:
            _quantize_layer(result, model, name, wanted, found, scheme)
        wanted, found = model.computed(name, wanted), result.computed(name, found)
        if name != "logits":
            result.activations[name] = scheme.activation_quantizer(found)
            found = result.activations[name](found)
    return finish(result, x)


def _quantize_layer(result: Chain, model: Chain, name: str, wanted, found, scheme: Scheme) -> None:
    layer, quantizer = result.layer(name), scheme.weight_quantizer(model.layer(name))
    if scheme.rounding == "gptq":
        read = found.flatten(1) if name == "logits" else found
        layer.weight.copy_(rounded_for_inputs(layer, read, quantizer.scale, quantizer.grid))
    parametrize.register_parametrization(layer, "weight", quantizer)
    if scheme.bias_correction:
        places = (0, 2, 3) if found.dim() == 4 and name != "logits" else (0,)
        values = [
            one.layer(name)(x if len(places) > 1 else x.flatten(1)) for one, x in ((model, wanted), (result, found))
        ]
        layer.bias += values[0].mean(places) - values[1].mean(places)


def finish(model: Chain, x: torch.Tensor) -> Chain:
    """Freeze a quantized model: scales snapped to what a .tflite can hold, biases to its integers.

    The logits' range is taken from clips x.
    """
    model.eval()
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, StepQuantizer):
                module.freeze()
        _round_biases(model)
        model.activations["logits"] = nn.Identity()
        logits = model(x)
        low, high = min(float(logits.min()), 0.0), max(float(logits.max()), 0.0)
        scale = snap(torch.tensor((high - low) / (LOGITS_GRID.high - LOGITS_GRID.low)))
        zero_point = torch.round(LOGITS_GRID.low - low / scale).to(torch.int64)
        model.activations["logits"] = LogitsQuantizer(scale, zero_point)
    return model


def _round_biases(model: Chain) -> None:
    """To multiples of input scale times weight scale, which are what an int32 bias counts."""
    source = torch.tensor(FEATURE_SCALE)
    for name, activation in model.activations.items():
        layer = model.layer(name)
        if layer is not None:
            unit = source.double() * layer.parametrizations.weight[0].scale.flatten().double()
            layer.bias.copy_(torch.round(layer.bias.double() / unit) * unit)
        source = getattr(activation, "scale", None)  # the logits have none yet, and nothing reads them


def weighted_layers(model: nn.Module) -> dict[str, nn.Module]:
    """The layers that hold weights, by name, in the order of the computation."""
    return {name: module for name, module in model.named_modules() if isinstance(module, nn.Conv2d | nn.Linear)}


def integer_weights(layer: nn.Module) -> tuple[torch.Tensor, torch.Tensor]:
    """(C', ...) int8 integers and float32 scales, (C',) or (1,), of a quantized layer.

    Raises ModelError for a grid that does not fit int8.
    """
    quantizer = layer.parametrizations.weight[0]
    if not _fits_int8(quantizer.grid):
        raise ModelError(
            "these weights lie on a grid that int8 does not hold; choose symmetric integers of 2 to 8 bits."
        )
    integers = quantize(layer.parametrizations.weight.original.detach(), quantizer.scale, quantizer.grid)
    return integers.to(torch.int8), quantizer.scale.flatten()


def stored_zero_point(quantizer: StepQuantizer | LogitsQuantizer) -> int:
    """Of the int8 tensor that holds an activation; the asymmetric grid of 8 bits is moved down by 128.

    Raises ModelError for a grid that is not one of 8 bits.
    """
    if isinstance(quantizer, LogitsQuantizer):
        return int(quantizer.zero_point)
    if not _has_8_bits(quantizer):
        grid = f"{int(quantizer.low)}..{int(quantizer.high)}"
        raise ModelError(f"activations on the grid {grid} cannot be deployed: 8 bits are needed.")
    return LOGITS_GRID.high - int(quantizer.high)


def is_deployable(model: Chain) -> bool:
    """Whether a .tflite can hold a quantized model: int8 weights without zero points, activations of 8 bits."""
    weights = (layer.parametrizations.weight[0].grid for layer in weighted_layers(model).values())
    activations = (one for name, one in model.activations.items() if name != "logits")
    return all(map(_fits_int8, weights)) and all(map(_has_8_bits, activations))


def _has_8_bits(quantizer: StepQuantizer) -> bool:
    return int(quantizer.low) == 0 and int(quantizer.high) in (127, 255)


def _fits_int8(grid: Grid) -> bool:
    return bool(torch.all(torch.maximum(-grid.low, grid.high) <= LOGITS_GRID.high))


def weight_bytes(model: nn.Module, bits: int) -> int:
    """Bytes of the weights packed at `bits` bits each, a tensor rounded up to a byte; biases are not weights."""
    return sum((layer.weight.numel() * bits + 7) // 8 for layer in weighted_layers(model).values())


def empty_quantized(architecture: dict, state: dict[str, torch.Tensor]) -> nn.Module:
    """A quantized model of a known shape; its quantizers are those of the state that is still to be loaded."""
    model = build(architecture)
    for name, layer in weighted_layers(model).items():
        parametrize.register_parametrization(layer, "weight", _empty(state, f"{name}.parametrizations.weight.0"))
    for name in model.activations:
        if name != "logits":
            model.activations[name] = _empty(state, f"activations.{name}")
    model.activations["logits"] = LogitsQuantizer(torch.tensor(1.0), torch.tensor(0))
    return model.eval()


def _empty(state: dict[str, torch.Tensor], name: str) -> StepQuantizer:
    mantissa = int(state[f"{name}.mantissa"])
    grid = Grid(state[f"{name}.low"], state[f"{name}.high"], None if mantissa < 0 else mantissa)
    return StepQuantizer(grid, state[f"{name}.scale"].clone())
