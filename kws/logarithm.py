"""log2 in fixed point, from float32, in integers alone: what firmware/src/front_end_log2.h computes."""

from functools import cache

import numpy as np

FRACTION_BITS = 8
POLYNOMIAL_DEGREE = 4
_FINE_BITS = 24  # fractional bits of the polynomial's value


def log2_q8(values: np.ndarray, unit: int = 0) -> np.ndarray:
    """log2(value / 2^unit), at least 0, with 8 fractional bits, rounded: float32 -> int16, any shape.

    The exponent is read off the float's bits; the fraction is a polynomial of the mantissa (Horner), each product of
    which keeps its upper 32 of 64 bits, what a multiplication takes one cycle for on a Cortex-M4.
    """
    bits = values.view(np.int32)
    exponent = (bits >> 23) - 127 - unit
    t = ((bits & 0x7FFFFF) << 8).astype(np.int64)  # 31 fractional bits
    fraction = np.zeros_like(t)
    for coefficient in polynomial()[::-1]:
        fraction = int(coefficient) + (fraction * t >> 32)
    found = (exponent << FRACTION_BITS) + (fraction >> (_FINE_BITS - FRACTION_BITS))
    return np.where(exponent < 0, 0, found).astype(np.int16)


@cache
def polynomial() -> np.ndarray:
    """(5,) int32: log2(1 + t) interpolated on [0, 1] at Chebyshev's points, as powers of t, lowest first.

    Each power has a fractional bit more than the one before, for the bit that a product loses; the lowest holds half a
    unit besides, so that what is cut off in the end is rounded.
    """
    fit = np.polynomial.Chebyshev.interpolate(lambda t: np.log2(1 + t), POLYNOMIAL_DEGREE, domain=[0, 1])
    powers = fit.convert(kind=np.polynomial.Polynomial).coef
    powers[0] += 2.0 ** -(FRACTION_BITS + 1)
    return np.round(powers * 2.0 ** (_FINE_BITS + np.arange(len(powers)))).astype(np.int32)
