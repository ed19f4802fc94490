"""Widths and the bit stream."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kws.codegen.packing import pack, packed_bytes, unpack, width_bits


@pytest.mark.parametrize(
    ("values", "bits"),
    [
        ([0, 0], 2),
        ([1, -1], 2),
        ([2], 3),
        ([-2], 3),
        ([3, -3], 3),
        ([4], 4),
        ([7], 4),
        ([-31], 6),
        ([63], 7),
        ([64], 8),
        ([127], 8),
        ([-128], 8),
    ],
)
def test_the_width_is_the_smallest_symmetric_one(values: list[int], bits: int):
    assert width_bits(np.array(values, np.int8)) == bits


@given(bits=st.integers(2, 8), data=st.data())
def test_unpack_inverts_pack(bits: int, data: st.DataObject):
    limit = 2 ** (bits - 1)
    values = data.draw(st.lists(st.integers(-limit, limit - 1), min_size=1, max_size=70))
    weights = np.array(values, np.int8)
    packed = pack(weights, bits)
    assert packed.size == packed_bytes(len(values), bits) == -(-len(values) * bits // 8)
    np.testing.assert_array_equal(unpack(packed, len(values), bits), weights)


def test_the_stream_is_the_documented_one():
    # 3 bits: 1 = 001, -1 = 111, 2 = 010, lowest bits first: 001 | 111 << 3 | 010 << 6
    assert pack(np.array([1, -1, 2], np.int8), 3).tolist() == [0b10111001, 0]
