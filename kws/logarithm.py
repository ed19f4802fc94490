"""log2 in fixed point, from float32, in one fixed order of operations: what firmware/src/front_end_log2.h computes."""

from functools import cache

import numpy as np

FRACTION_BITS = 8
POLYNOMIAL_DEGREE = 6


def log2_q8(values: np.ndarray) -> np.ndarray:
    """log2 of the larger of value and 1, with 8 fractional bits, rounded to the nearest: float32 -> int16, any shape.

    The exponent is read off the float's bits, the fraction is a polynomial of the mantissa (Horner).
    """
    bits = np.maximum(values, np.float32(1)).view(np.int32)
    exponent = (bits >> 23) - 127
    t = ((bits & 0x7FFFFF) | 0x3F800000).view(np.float32) - np.float32(1)
    coefficients = polynomial()
    fraction = np.full_like(t, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        fraction = fraction * t + coefficient
    scaled = fraction * np.float32(1 << FRACTION_BITS) + np.float32(0.5)
    return ((exponent << FRACTION_BITS) + scaled.astype(np.int32)).astype(np.int16)


@cache
def polynomial() -> np.ndarray:
    """(7,) float32: log2(1 + t) interpolated on [0, 1] at Chebyshev's points, as powers of t, lowest first."""
    fit = np.polynomial.Chebyshev.interpolate(lambda t: np.log2(1 + t), POLYNOMIAL_DEGREE, domain=[0, 1])
    return fit.convert(kind=np.polynomial.Polynomial).coef.astype(np.float32)
