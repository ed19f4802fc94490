"""Weights without their zeros: every weight comes back, and the stream is the documented one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kws.codegen.packing import packed_bytes
from kws.codegen.sparse import pack_sparse, sparse_bytes, unpack_sparse


@given(bits=st.integers(2, 8), share=st.sampled_from([0.0, 0.02, 0.3, 1.0]), seed=st.integers(0, 99), data=st.data())
def test_unpack_inverts_pack(bits: int, share: float, seed: int, data: st.DataObject):
    count = data.draw(st.integers(1, 600))
    generator = np.random.default_rng(seed)
    limit = 2 ** (bits - 1)
    weights = generator.integers(-limit, limit, count) * (generator.random(count) < share)
    weights = weights.astype(np.int8)
    packed, rice = pack_sparse(weights, bits)
    assert packed.size == sparse_bytes(weights, bits)
    np.testing.assert_array_equal(unpack_sparse(packed, count, bits, rice), weights)


def test_the_stream_of_a_dense_layer_is_a_bitmap_with_its_values():
    # gap 0: 0, then 01 | gap 1: 1 0, then 11 (-1) of 2 bits, lowest first
    packed, rice = pack_sparse(np.array([1, 0, -1], np.int8), 2)
    assert (packed.tolist(), rice) == ([0b1101010], 0)


def test_long_gaps_have_low_bits():
    weights = np.zeros(200, np.int8)
    weights[[60, 130]] = 5, -3
    packed, rice = pack_sparse(weights, 4)
    assert rice >= 5 and packed.size <= 5
    np.testing.assert_array_equal(unpack_sparse(packed, 200, 4, rice), weights)


@pytest.mark.parametrize("share, most", [(0.5, 5.1), (0.2, 2.45), (0.1, 1.35), (0.05, 0.75)])
def test_random_places_cost_little_more_than_their_entropy(share: float, most: float):
    """8-bit weights: 8 bits for each, and at most a tenth of a bit a place beyond the entropy of the places."""
    generator = np.random.default_rng(1)
    weights = (generator.integers(1, 128, 16_000) * (generator.random(16_000) < share)).astype(np.int8)
    found = 8 * sparse_bytes(weights, 8) / weights.size
    entropy = -share * np.log2(share) - (1 - share) * np.log2(1 - share)
    assert 8 * share + entropy - 0.2 < found < most


def test_without_zeros_the_plain_form_is_smaller():
    weights = np.full(800, 77, np.int8)
    assert sparse_bytes(weights, 8) > packed_bytes(800, 8)
