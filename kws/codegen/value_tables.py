"""Functions of one int8 as tables: entry i is the output for the input whose byte is i, 0..127 and then -128..-1."""

import numpy as np

from kws.fixed_point import INT8_MAX, INT8_MIN, multiply_by_multiplier, quantize_multiplier

_VALUES = np.arange(256, dtype=np.uint8).view(np.int8).astype(int)  # inputs in the tables' order


def requantize_table(
    source: tuple[float, int], target: tuple[float, int], low: int, high: int, ratio: float | None = None
) -> np.ndarray:
    """(256,) int8: from one (scale, zero point) to another, clamped to low..high; TFLite's Requantize and ReluX.

    Args:
        ratio: source scale / target scale, where that is not computed in float64.
    """
    multiplier, shift = quantize_multiplier(source[0] / target[0] if ratio is None else ratio)
    scaled = [multiply_by_multiplier(int(value) - source[1], multiplier, shift) + target[1] for value in _VALUES]
    return np.clip(scaled, low, high).astype(np.int8)


def logistic_table(source: tuple[float, int]) -> np.ndarray:
    """(256,) int8: 1 / (1 + exp(-x)) at scale 1/256 and zero point -128, in float32 as TFLite's PopulateLookupTable."""
    scale, zero_point = np.float32(source[0]), source[1]
    with np.errstate(over="ignore"):
        real = scale * (_VALUES - zero_point).astype(np.float32)
        sigmoid = np.float32(1) / (np.float32(1) + np.exp(-real.astype(np.float64)).astype(np.float32))
    rounded = np.floor(sigmoid * np.float32(256) + np.float32(0.5))
    return np.clip(rounded.astype(int) - 128, INT8_MIN, INT8_MAX).astype(np.int8)
