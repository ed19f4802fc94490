"""Multipliers, activation ranges and the softmax table."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kws.errors import ModelError
from kws.fixed_point import activation_range, quantize_multiplier, softmax_factors, softmax_table

NONE, RELU, RELU6, TANH = 0, 1, 3, 4


@given(st.floats(1e-8, 1e6))
def test_a_multiplier_is_within_half_a_step_of_the_real(real: float):
    multiplier, shift = quantize_multiplier(real)
    assert 2**30 <= multiplier < 2**31
    assert abs(multiplier * 2.0 ** (shift - 31) - real) <= 2.0 ** (shift - 32)


def test_a_fraction_that_rounds_up_to_one_moves_the_shift():
    assert quantize_multiplier(1 - 2**-40) == (2**30, 1)


def test_a_multiplier_too_small_for_the_shift_is_zero():
    assert quantize_multiplier(2.0**-40) == (0, 0)


@pytest.mark.parametrize("real", [0.0, -1.0, math.inf, math.nan, 2.0**31])
def test_a_multiplier_that_is_none_is_refused(real: float):
    with pytest.raises(ModelError, match="multiplier"):
        quantize_multiplier(real)


def test_activation_ranges():
    assert activation_range("op", NONE, 0.1, 5) == (-128, 127)
    assert activation_range("op", RELU, 0.1, -5) == (-5, 127)
    assert activation_range("op", RELU6, 0.05, -100) == (-100, 20)
    assert activation_range("op", RELU6, 0.01, -100) == (-100, 127)
    with pytest.raises(ModelError, match="op has fused activation number 4"):
        activation_range("op", TANH, 0.1, 0)


def test_the_softmax_table_falls_from_one():
    table = softmax_table(0.1)
    assert len(table) == 256 and table[0] == 65536 and table[10] == round(65536 / math.e)


@pytest.mark.parametrize("scale", [0.0001, 0.0039, 0.05, 0.1, 0.25, 1.0, 4.0, 100.0])
def test_the_softmax_table_is_the_exponential_within_a_unit(scale):
    table = softmax_table(scale)
    assert all(abs(value - math.exp(-i * scale) * 65536) < 0.501 for i, value in enumerate(table))
    assert table == sorted(table, reverse=True)


def test_factors_of_the_softmax():
    factors = softmax_factors(0.5)
    assert len(factors) == 32 and factors[0] == factors[16] == 1 << 31
    assert factors[2] == round(2**31 / math.e) and factors[17] == round(2**31 * math.exp(-8))
