"""A quantized model computed in integers, to the very bytes of TFLite's reference kernels.

In: int8 features. Out: int8 logits. Sums are exact: float64 holds every integer that can occur. Convolutions and means
then round twice, a dense layer once, as TFLite does it and the firmware's kernels too. This is what a sweep judges a
deployable model by, so that the figures are those of the file that convert writes and of the board.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from kws.features import FEATURE_SCALE
from kws.fixed_point import INT8_MAX, INT8_MIN, mean_multiplier, quantize_multiplier
from kws.models.chain import Chain
from kws.models.layers import SameConv2d, same_conv2d
from kws.quantized import integer_weights, stored_zero_point

_BATCH = 32


@dataclass(frozen=True)
class _Tensor:
    """The int8 tensor that holds an activation."""

    scale: float
    zero_point: int


class IntegerModel:
    """A finished quantized model. `logits(features)` is what it computes.

    Raises ModelError for weights or activations that no .tflite holds; see kws.quantized.is_deployable.
    """

    def __init__(self, model: Chain):
        source = _Tensor(FEATURE_SCALE, 0)
        self._steps = []
        for name, activation in model.activations.items():
            target, layer = _Tensor(float(activation.scale), stored_zero_point(activation)), model.layer(name)
            make = _Mean if layer is None else _Convolution if isinstance(layer, SameConv2d) else _Dense
            self._steps.append(make(layer, source, target))
            source = target

    def logits(self, features: np.ndarray) -> np.ndarray:
        """(B, T, F) int8 -> (B, K) int8."""
        parts = [self._computed(features[start : start + _BATCH]) for start in range(0, len(features), _BATCH)]
        return np.concatenate(parts)

    @torch.inference_mode()
    def _computed(self, features: np.ndarray) -> np.ndarray:
        x = torch.from_numpy(features).to(torch.float64)[:, None]  # (B, 1, T, F), less the zero point, here and below
        for step in self._steps:
            target = step.target
            stored = (step(x) + target.zero_point).clamp(INT8_MIN, INT8_MAX)
            x = (stored - target.zero_point).to(torch.float64)
        return stored.to(torch.int8).numpy()


class _Weighted:
    """Integers of a layer, and the real number that an output channel's sums are multiplied by."""

    def __init__(self, layer: nn.Module, source: _Tensor, target: _Tensor):
        integers, scales = integer_weights(layer)
        self.layer, self.target = layer, target
        self.weights = integers.to(torch.float64)
        units = source.scale * scales.double()
        self.bias = torch.round(layer.bias.detach().double() / units)
        self.real = [source.scale * scale / target.scale for scale in scales.tolist()]


class _Convolution(_Weighted):
    """With ReLU, which the clipping at zero is. (B, C, H, W) float64 -> (B, C', H', W') int64."""

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        sums = same_conv2d(x, self.weights, self.bias, self.layer.stride, self.layer.groups)
        pairs = torch.tensor([quantize_multiplier(real) for real in self.real])[:, :, None, None]
        return _rounded_twice(sums.to(torch.int64), pairs[:, 0], pairs[:, 1]).clamp_min(0)


class _Dense(_Weighted):
    """(B, ..) float64 -> (B, K) int64."""

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        values = functional.linear(x.flatten(1), self.weights, self.bias) * self.real[0]
        whole = values.trunc()
        rest = values - whole
        return (whole + (rest >= 0.5).double() - (rest <= -0.5).double()).to(torch.int64)


class _Mean:
    """(B, C, H, W) float64 -> (B, C, 1, 1) int64."""

    def __init__(self, _: None, source: _Tensor, target: _Tensor):
        self.real, self.target = source.scale / target.scale, target

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        multiplier, shift = mean_multiplier(self.real, x.shape[2] * x.shape[3])
        sums = x.sum((2, 3), keepdim=True).to(torch.int64)
        return _rounded_twice(sums, torch.tensor(multiplier), torch.tensor(shift))


def _rounded_twice(sums: torch.Tensor, multipliers: torch.Tensor, shifts: torch.Tensor) -> torch.Tensor:
    """sums * multiplier * 2^(shift - 31): half up after the multiplication, half away from zero after the shift.

    Source: gemmlowp's SaturatingRoundingDoublingHighMul and RoundingDivideByPOT.
    """
    left = shifts.clamp_min(0)
    right = left - shifts
    high = ((sums << left) * multipliers + (1 << 30)) >> 31
    mask = (1 << right) - 1
    half = (mask >> 1) + (high < 0).to(torch.int64)
    return (high >> right) + ((high & mask) > half).to(torch.int64)
