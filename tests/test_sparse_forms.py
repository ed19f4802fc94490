"""Sizes of the forms that tools/sparse_forms.py compares, by hand."""

import numpy as np
import pytest

from tools.sparse_forms import forms_bytes, run_lengths_bytes


@pytest.mark.parametrize(
    "weights, length_bits, bits",
    [
        ([0, 0, 5, 0, 7, 0], 4, 12 + 12 + 4),  # the zero behind the last needs a length alone
        ([5, 7], 4, 12 + 12),
        ([0] * 15 + [5], 4, 12),
        ([0] * 16 + [5], 4, 12 + 12),  # 15 zeros and one as a weight
        ([0] * 40 + [5], 4, 12 + 12 + 12),
        ([0] * 40 + [5], 8, 16),
        ([0] * 40, 4, 12 + 12 + 4),
    ],
)
def test_run_lengths(weights, length_bits, bits):
    assert run_lengths_bytes(np.array(weights, np.int8), length_bits) == -(-bits // 8)


def test_all_forms_of_a_layer():
    weights = np.zeros(1024, np.int8)
    weights[::64] = 1
    sizes = forms_bytes(weights)
    assert (sizes["dense"], sizes["bitmap"]) == (1024, 128 + 16)
    assert sizes["run_lengths_8"] == -(-(16 * 16 + 8) // 8)
    entropy_bits = 1024 * -(1 / 64 * np.log2(1 / 64) + 63 / 64 * np.log2(63 / 64))
    assert sizes["entropy"] == np.ceil(entropy_bits / 8)
    assert sizes["rice"] < sizes["run_lengths_8"]
