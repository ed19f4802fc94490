"""Quantize, dequantize, fake-quantize and choose a scale: one primitive each, for calibration, QAT and export.

A number x is stored as the integer q = clip(round(x / scale) + zero_point, low, high), halves to even, and stands for
(q - zero_point) * scale. Weights are symmetric and narrow, q in -(2^(n-1) - 1) .. 2^(n-1) - 1, so 2 bits are ternary.
An activation after ReLU has q in 0 .. 2^n - 1 (int8 with zero point -128 on the chip).
"""

from typing import NamedTuple

import torch

SCALE_MANTISSA_BITS = 16  # then 127 * scale is exact in float32, and the .tflite holds the very scale
_SHRINKS = 100  # candidates of the search for the scale of least squared error
_SMALLEST_SCALE = 2.0**-24


class Grid(NamedTuple):
    """The integers a quantizer may use."""

    low: int
    high: int


def weight_grid(bits: int) -> Grid:
    """Symmetric, narrow range."""
    return Grid(-(2 ** (bits - 1) - 1), 2 ** (bits - 1) - 1)


def unsigned_grid(bits: int) -> Grid:
    """For values that are never negative."""
    return Grid(0, 2**bits - 1)


def quantize(x: torch.Tensor, scale: torch.Tensor, grid: Grid, zero_point: int = 0) -> torch.Tensor:
    """Integers as float32; `scale` broadcasts against x."""
    return torch.clamp(torch.round(x / scale) + zero_point, grid.low, grid.high)


def fake_quantize(x: torch.Tensor, scale: torch.Tensor, grid: Grid, zero_point: int = 0) -> torch.Tensor:
    """x rounded to the grid's multiples of `scale`, still float32."""
    return (quantize(x, scale, grid, zero_point) - zero_point) * scale


class LearnedStep(torch.autograd.Function):
    """fake_quantize with gradients for x (straight through inside the grid) and for the scale.

    Source: Esser et al. (2020), Learned Step Size Quantization, arXiv:1902.08153; the scale's gradient is weighted by
    1 / sqrt(elements a scale * high).
    """

    @staticmethod
    def forward(ctx, x, scale, low, high):
        ratio = x / scale
        rounded = torch.clamp(torch.round(ratio), low, high)
        ctx.save_for_backward(ratio, rounded, scale)
        ctx.grid = Grid(low, high)
        return rounded * scale

    @staticmethod
    def backward(ctx, gradient):
        ratio, rounded, scale = ctx.saved_tensors
        inside = (ratio >= ctx.grid.low) & (ratio <= ctx.grid.high)
        by_scale = gradient * torch.where(inside, rounded - ratio, rounded)
        weight = (ratio.numel() / scale.numel() * ctx.grid.high) ** -0.5
        return gradient * inside, by_scale.sum_to_size(scale.shape) * weight, None, None


def snap(scale: torch.Tensor) -> torch.Tensor:
    """Scales rounded to 16 significant bits and kept away from zero."""
    mantissa, exponent = torch.frexp(scale.detach().clamp_min(_SMALLEST_SCALE))
    return torch.ldexp(torch.round(mantissa * 2**SCALE_MANTISSA_BITS), exponent - SCALE_MANTISSA_BITS)


def choose_scale(x: torch.Tensor, grid: Grid, method: str, percentile: float = 100.0) -> torch.Tensor:
    """A scale for each row of x.

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
    largest = magnitudes.amax(1)
    if method == "percentile":
        largest = torch.quantile(magnitudes, percentile / 100, dim=1)
    if method != "mse":
        return snap(largest / grid.high)
    best, least = snap(largest / grid.high), torch.full_like(largest, torch.inf)
    for step in range(_SHRINKS, 4, -1):
        scale = snap(largest * (step / _SHRINKS) / grid.high)
        error = (fake_quantize(x, scale[:, None], grid) - x).square().mean(1)
        best, least = torch.where(error < least, scale, best), torch.minimum(error, least)
    return best
