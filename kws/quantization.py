"""Quantize, dequantize, fake-quantize and choose a scale: one primitive each, for calibration, QAT and export.

A number x is stored as the integer q = clip(round(x / scale) + zero_point, low, high), halves to even, and stands for
(q - zero_point) * scale. Weights are symmetric and narrow, q in -(2^(n-1) - 1) .. 2^(n-1) - 1, so 2 bits are ternary,
or asymmetric: 2^n integers, zero among them. An activation after ReLU has q in 0 .. 2^n - 1 (int8 with zero point -128
on the chip) or, symmetric, in 0 .. 2^(n-1) - 1.

Weights may be minifloats instead: a sign, e exponent and m mantissa bits, subnormals, neither infinity nor NaN, as in
OCP's Microscaling formats (2023). The scale stands for the smallest subnormal, so no exponent bias is needed: all
values are integers times the scale, and of the integers those with at most m + 1 significant bits.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch

SCALE_MANTISSA_BITS = 16  # then 127 * scale is exact in float32, and the .tflite holds the very scale
_SHRINKS = 100  # candidates of the search for the scale of least squared error
_FEWEST_SHRINKS = 5
_SMALLEST_SCALE = 2.0**-24


class Grid(NamedTuple):
    """The integers that a quantizer may use; the bounds are numbers, or float32 tensors that broadcast.

    `mantissa` is a minifloat's m, None where every integer may be used.
    """

    low: float | torch.Tensor
    high: float | torch.Tensor
    mantissa: int | None = None

    def round(self, ratio: torch.Tensor) -> torch.Tensor:
        """Values in units of the scale, clipped and rounded to the grid; of two equally near to the even one."""
        kept = torch.clamp(ratio, self.low, self.high)
        if self.mantissa is None:
            return torch.round(kept)
        exponents = torch.frexp(kept).exponent - 1 - self.mantissa
        steps = torch.ldexp(torch.ones_like(kept), exponents.clamp_min(0))
        return torch.round(kept / steps) * steps


def weight_grid(bits: int) -> Grid:
    """Symmetric, narrow range."""
    return Grid(-(2 ** (bits - 1) - 1), 2 ** (bits - 1) - 1)


def unsigned_grid(bits: int) -> Grid:
    """For values that are never negative."""
    return Grid(0, 2**bits - 1)


def minifloat_grid(exponent: int, mantissa: int) -> Grid:
    """1 + exponent + mantissa bits; e2m1 is OCP's FP4, e2m3 and e3m2 are its FP6."""
    largest = (2 ** (mantissa + 1) - 1) * 2 ** (2**exponent - 2)
    return Grid(-largest, largest, mantissa)


def quantize(x: torch.Tensor, scale: torch.Tensor, grid: Grid, zero_point: int = 0) -> torch.Tensor:
    """Integers as float32; `scale` broadcasts against x. The grid's bounds are of the stored integers."""
    ratio = x / scale
    return grid.round(ratio) if not zero_point else torch.clamp(torch.round(ratio) + zero_point, grid.low, grid.high)


def fake_quantize(x: torch.Tensor, scale: torch.Tensor, grid: Grid, zero_point: int = 0) -> torch.Tensor:
    """x rounded to the grid's multiples of `scale`, still float32."""
    return (quantize(x, scale, grid, zero_point) - zero_point) * scale


class LearnedStep(torch.autograd.Function):
    """fake_quantize with gradients for x (straight through inside the grid) and for the scale.

    `apply(x, scale, low, high, mantissa)` gives the values, and two tensors that backward needs. All but `mantissa` are
    float32 tensors. Under torch.func.vmap, whose dimension every tensor must have, all models are computed at once.

    Source: Esser et al. (2020), Learned Step Size Quantization, arXiv:1902.08153; the scale's gradient is weighted by
    1 / sqrt(elements a scale * high).
    """

    @staticmethod
    def forward(x, scale, low, high, mantissa):
        ratio = x / scale
        rounded = Grid(low, high, mantissa).round(ratio)
        inside = ((ratio >= low) & (ratio <= high)).to(x.dtype)
        return rounded * scale, inside, torch.addcmul(rounded, ratio, inside, value=-1)  # the last: slope by scale

    @staticmethod
    def setup_context(ctx, inputs, output):
        x, scale, _, high, _ = inputs
        ctx.mark_non_differentiable(*output[1:])
        ctx.save_for_backward(*output[1:], (x.numel() / scale.numel() * high) ** -0.5)
        ctx.scale_shape = scale.shape

    @staticmethod
    def backward(ctx, gradient, *_):
        inside, slope, weight = ctx.saved_tensors
        return gradient * inside, (gradient * slope).sum_to_size(ctx.scale_shape) * weight, None, None, None

    @staticmethod
    def vmap(info, in_dims, x, scale, low, high, mantissa):
        del info
        tensors = (t.movedim(at, 0) for t, at in zip((x, scale, low, high), in_dims[:4], strict=True))
        stacked = [t.view(len(t), *[1] * (x.dim() - t.dim()), *t.shape[1:]) for t in tensors]  # broadcast by model
        return LearnedStep.apply(*stacked, mantissa), (0, 0, 0)


def snap(scale: torch.Tensor) -> torch.Tensor:
    """Scales rounded to 16 significant bits and kept away from zero."""
    mantissa, exponent = torch.frexp(scale.detach().clamp_min(_SMALLEST_SCALE))
    return torch.ldexp(torch.round(mantissa * 2**SCALE_MANTISSA_BITS), exponent - SCALE_MANTISSA_BITS)


def choose_scale(x: torch.Tensor, grid: Grid, method: str, percentile: float = 100.0) -> torch.Tensor:
    """A scale for each row of x, on a grid that is symmetric or from zero up.

    Args:
        x: (rows, values) float32.
        grid: the integers.
        method: min_max, percentile (of the magnitudes) or mse (of _SHRINKS shares of the largest magnitude, the one
            with the least squared error).
        percentile: in per cent, for that method.

    Returns:
        (rows,) float32, snapped.
    """
    magnitudes = x.abs()
    largest = magnitudes.amax(1) if method != "percentile" else torch.quantile(magnitudes, percentile / 100, dim=1)

    def scale_of(share: torch.Tensor) -> torch.Tensor:
        return snap(largest * share / grid.high)

    return scale_of(_best_share(x, method, lambda share: (scale_of(share), grid)))


def choose_scale_and_zero(x: torch.Tensor, bits: int, method: str, percentile: float = 100.0):
    """An asymmetric quantizer of `bits` for each row of x: the scale, and a grid on which zero is exact.

    Args:
        x, method, percentile: as in choose_scale; percentile cuts both ends alike.
        bits: the grid has 2^bits integers.

    Returns:
        Scales (rows,) float32, snapped, and a Grid whose bounds are (rows, 1).
    """
    ends = (1 - percentile / 100, percentile / 100) if method == "percentile" else (0.0, 1.0)
    low, high = (torch.quantile(x, end, dim=1) for end in ends)
    low, high = low.clamp_max(0), high.clamp_min(0)

    def quantizer(share: torch.Tensor) -> tuple[torch.Tensor, Grid]:
        scale = snap((high - low) * share / (2**bits - 1))
        lowest = -torch.round(-low * share / scale)[:, None]
        return scale, Grid(lowest, lowest + 2**bits - 1)

    return quantizer(_best_share(x, method, quantizer))


def _best_share(x: torch.Tensor, method: str, quantizer: Callable) -> torch.Tensor:
    """For each row the share of its range that is best kept: all of it, or with mse that of least squared error."""
    best, least = torch.ones(len(x)), torch.full((len(x),), torch.inf)
    for step in range(_SHRINKS, _FEWEST_SHRINKS - 1, -1) if method == "mse" else ():
        share = torch.full_like(best, step / _SHRINKS)
        scale, grid = quantizer(share)
        error = (fake_quantize(x, scale[:, None], grid) - x).square().mean(1)
        best, least = torch.where(error < least, share, best), torch.minimum(error, least)
    return best
