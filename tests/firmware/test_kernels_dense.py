"""A dense layer's scaling in integers gives what a product of doubles does, rounded half away from zero."""

import ctypes
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

LARGEST = 2**31 - 1
SEEN = 2**14  # results up to here are moved into int8 by the output's zero point, and so are seen whole


class Requantization(ctypes.Structure):
    """kws_real_requantization_t of firmware/src/kernels.h."""

    _fields_ = (
        ("bias", ctypes.c_void_p),
        ("multipliers", ctypes.c_void_p),
        ("output_offset", ctypes.c_int16),
        ("activation_min", ctypes.c_int16),
        ("activation_max", ctypes.c_int16),
    )


class FullyConnected(ctypes.Structure):
    """kws_fully_connected_t of firmware/src/kernels.h."""

    _fields_ = (
        ("inputs", ctypes.c_uint32),
        ("outputs", ctypes.c_uint32),
        ("requantization", Requantization),
        ("weights", ctypes.c_void_p),
        ("input_offset", ctypes.c_int16),
    )


def outputs_of(library: ctypes.CDLL, sums: np.ndarray, multipliers: np.ndarray, offset: int) -> np.ndarray:
    """(K,) int8 of a layer whose one weight an output is 0, so that the bias is the accumulator."""
    weights, outputs = np.zeros(len(sums), np.int8), np.empty(len(sums), np.int8)
    bias, scales = np.ascontiguousarray(sums, np.int32), np.ascontiguousarray(multipliers, np.float64)
    requantization = Requantization(bias.ctypes.data, scales.ctypes.data, offset, -128, 127)
    layer = FullyConnected(1, len(sums), requantization, weights.ctypes.data, 0)
    source = np.zeros(1, np.int8)
    library.kws_fully_connected(
        ctypes.byref(layer), ctypes.c_void_p(source.ctypes.data), ctypes.c_void_p(outputs.ctypes.data)
    )
    return outputs


def rounded(sums: np.ndarray, multipliers: np.ndarray) -> np.ndarray:
    """std::round(sum * multiplier) in IEEE doubles, as TFLite's reference kernel computes it."""
    products = sums.astype(np.float64) * multipliers
    whole = np.trunc(products)
    return (whole + np.sign(products) * (np.abs(products - whole) >= 0.5)).astype(np.int64)


def check(library: ctypes.CDLL, sums: np.ndarray, multipliers: np.ndarray, offset: int) -> None:
    expected = np.clip(rounded(sums, multipliers) + offset, -128, 127)
    found = outputs_of(library, sums, multipliers, offset)
    wrong = np.flatnonzero(found != expected)
    assert wrong.size == 0, [(int(sums[i]), multipliers[i].hex(), found[i], expected[i]) for i in wrong[:5]]


def beside_a_half(sums: np.ndarray, wholes: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Multipliers that take each sum to about whole + 1/2: the nearest double, and `places` doubles further."""
    nearest = (wholes + 0.5) / np.abs(sums).astype(np.float64)
    return (nearest.view(np.int64) + places).view(np.float64)


def sums_of_any_size(generator: np.random.Generator, count: int) -> np.ndarray:
    """As many of each length in bits, of either sign, none 0."""
    sizes = np.exp2(generator.uniform(0, 31, count)).astype(np.int64).clip(1, LARGEST)
    return (sizes * generator.choice([-1, 1], count)).astype(np.int32)


@pytest.mark.parametrize("offset", [-128, -3, 0, 127])
def test_a_million_products_about_the_halves(firmware_library, offset):
    generator = np.random.default_rng(11)
    sums = sums_of_any_size(generator, 250_000)
    wholes, places = generator.integers(0, 257, len(sums)), generator.integers(-3, 4, len(sums))
    multipliers = beside_a_half(sums, wholes, places)
    products = sums.astype(np.float64) * multipliers
    lifted = np.array(
        [
            abs(product) == whole + 0.5 and abs(int(total)) * Fraction(multiplier) != abs(Fraction(product))
            for total, multiplier, whole, product in zip(sums, multipliers, wholes, products, strict=True)
        ]
    )
    assert lifted.sum() > 10_000  # halves that only the rounding of the product makes
    check(firmware_library, sums, multipliers, offset)


def test_products_of_any_size(firmware_library):
    generator = np.random.default_rng(12)
    sums = sums_of_any_size(generator, 250_000)
    multipliers = np.exp2(generator.uniform(-400, 20, len(sums)))
    fits = np.abs(sums * multipliers) < LARGEST
    check(firmware_library, sums[fits], multipliers[fits], 5)


@given(
    total=st.integers(-LARGEST, LARGEST),
    whole=st.integers(0, SEEN),
    places=st.integers(-4, 4),
    beside=st.integers(-130, 130),
)
def test_any_sum_beside_any_half(firmware_library, total, whole, places, beside):
    """The zero point brings the result into int8 or just out of it."""
    sums = np.array([total or 1], np.int32)
    multipliers = beside_a_half(sums, np.array([whole]), np.array([places]))
    check(firmware_library, sums, multipliers, beside - int(math.copysign(whole, sums[0])))


@given(total=st.integers(-LARGEST, LARGEST), multiplier=st.floats(1e-100, 2.0**20, exclude_max=True))
def test_any_sum_and_multiplier(firmware_library, total, multiplier):
    if abs(total * multiplier) < LARGEST:
        check(firmware_library, np.array([total], np.int32), np.array([multiplier]), 0)


@pytest.mark.parametrize("multiplier", [2.0**20, 2.0**25, 2.0**29])
def test_multipliers_that_leave_nothing_inside_int8(firmware_library, multiplier):
    sums = np.array([0, 1, -1, 2, -2], np.int32)
    check(firmware_library, sums, np.full(5, multiplier), 17)
