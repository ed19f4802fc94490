"""Real scales to the integers of the kernels: multipliers with shifts, activation ranges, the softmax table.

The formulas are TFLite's (QuantizeMultiplier and CalculateActivationRangeQuantized of its kernels), so that the C and
the simulation (kws/integer_model.py) compute with the same integers as the interpreter.
"""

import math

import numpy as np

from kws.errors import ModelError

INT8_MIN, INT8_MAX = -128, 127
SOFTMAX_DISTANCES = 256  # an int8 logit lies 0..255 steps below the largest one
SOFTMAX_STEPS = 16  # of a factor: exp(-(16 i + j) s) = exp(-16 i s) exp(-j s)
_FACTOR_BITS, _WEIGHT_BITS = 31, 16  # behind the point

# schema.fbs, ActivationFunctionType
_NONE, _RELU, _RELU6 = 0, 1, 3
_REAL_BOUNDS = {_NONE: (None, None), _RELU: (0.0, None), _RELU6: (0.0, 6.0)}


def quantize_multiplier(real: float) -> tuple[int, int]:
    """Integers (multiplier, shift) with real = multiplier * 2^(shift - 31), 2^30 <= multiplier < 2^31.

    Raises:
        ModelError: the multiplier is not a positive number below 2^30.
    """
    if not (math.isfinite(real) and 0 < real < 2.0**30):
        raise ModelError(f"a layer's scales give the multiplier {real}, outside 0..2^30: quantize the model again.")
    fraction, shift = math.frexp(real)
    multiplier = math.floor(fraction * 2**31 + 0.5)
    if multiplier == 2**31:
        multiplier, shift = 2**30, shift + 1
    return (0, 0) if shift < -31 else (multiplier, shift)


def multiply_by_multiplier(value: int, multiplier: int, shift: int) -> int:
    """value * multiplier * 2^(shift - 31), rounded twice (MultiplyByQuantizedMultiplier of TFLite's common.h)."""
    left, right = max(shift, 0), max(-shift, 0)
    high = ((value << left) * multiplier + (1 << 30)) >> 31
    mask = (1 << right) - 1
    return (high >> right) + ((high & mask) > (mask >> 1) + (high < 0))


def mean_multiplier(real: float, positions: int) -> tuple[int, int]:
    """Multiplier and shift that turn a sum over so many positions into their mean, rescaled (QuantizedMeanOrSum)."""
    multiplier, shift = quantize_multiplier(real)
    places = min(positions.bit_length() - 1, 32, 31 + shift)
    return (multiplier << places) // positions, shift - places


def activation_range(place: str, activation: int, scale: float, zero_point: int) -> tuple[int, int]:
    """Smallest and largest int8 a fused activation lets through; `activation` as in the schema, in float32 as TFLite.

    Raises:
        ModelError: the activation is not NONE, RELU or RELU6.
    """
    if activation not in _REAL_BOUNDS:
        raise ModelError(
            f"{place} has fused activation number {activation}: the compiler knows NONE, RELU and RELU6. Use one of "
            "them in the model."
        )
    low, high = _REAL_BOUNDS[activation]
    lowest = INT8_MIN if low is None else max(INT8_MIN, zero_point + _round(low, scale))
    highest = INT8_MAX if high is None else min(INT8_MAX, zero_point + _round(high, scale))
    return lowest, highest


def softmax_factors(scale: float) -> list[int]:
    """round(exp(-i * scale) * 2^31) for i = 0..15, then for i = 0, 16, .., 240: what the board keeps of the softmax."""
    distances = [*range(SOFTMAX_STEPS), *range(0, SOFTMAX_DISTANCES, SOFTMAX_STEPS)]
    return [math.floor(math.exp(-distance * scale) * 2**_FACTOR_BITS + 0.5) for distance in distances]


def softmax_table(scale: float) -> list[int]:
    """What a logit i = 0..255 steps below the largest weighs in the softmax: exp(-i * scale) * 2^16, within a unit.

    Each is the product of two factors, rounded half up, in the integers of firmware/src/postprocess.c.
    """
    factors = softmax_factors(scale)
    fine, coarse = factors[:SOFTMAX_STEPS], factors[SOFTMAX_STEPS:]
    places = 2 * _FACTOR_BITS - _WEIGHT_BITS
    return [(large * small + (1 << (places - 1))) >> places for large in coarse for small in fine]


def _round(real: float, scale: float) -> int:
    """real / scale in float32, rounded half up (real is not negative), kept within what int8 arithmetic can need."""
    return math.floor(min(float(np.float32(real) / np.float32(scale)), 1e6) + 0.5)
