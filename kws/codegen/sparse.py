"""Weights that are mostly zero, as they are stored: how far to the next one that is not, then its bits.

The stream holds, for each weight that is not zero, the number of zeros before it in a Golomb-Rice code (its high part
in unary, ones ended by a zero, then its `rice` low bits), and the weight in two's complement of n bits; at last the
code of the zeros behind the last one, if there are any. Bits are in the order of kws/codegen/packing.py, numbers with
the lowest bit first. With rice = 0 this is a bitmap with the weights between its bits; larger ones suit sparser layers.
firmware/src/kernels_unpack.c reads it back.

Source: Golomb (1966), Run-length encodings, IEEE Trans. Inf. Theory 12(3); the parameter is a power of two as by Rice.
"""

import numpy as np

RICE_MAX = 7  # a byte's worth: gaps of hundreds


def sparse_bytes(weights: np.ndarray, bits: int) -> int:
    """Bytes that int8 weights, any shape, take in this form."""
    before, values = gaps(weights)
    return int(_sizes_bits(before, values, bits).min() + 7) // 8


def pack_sparse(weights: np.ndarray, bits: int) -> tuple[np.ndarray, int]:
    """The stream as uint8 (sparse_bytes,), and its `rice`, the smallest of those that make it shortest."""
    before, values = gaps(weights)
    sizes = _sizes_bits(before, values, bits)
    rice = int(sizes.argmin())
    high = before >> rice
    lengths = high + 1 + rice + bits
    starts = np.cumsum(lengths) - lengths
    stream = np.zeros(lengths.sum(initial=0), np.uint8)
    stream[np.repeat(starts - np.cumsum(high) + high, high) + np.arange(high.sum(initial=0))] = 1
    numbers = (starts + high + 1)[:, None]
    stream[numbers + np.arange(rice)] = before[:, None] >> np.arange(rice) & 1
    at_values, values = numbers[: len(values)] + rice, values.astype(np.int32)
    stream[at_values + np.arange(bits)] = values[:, None] >> np.arange(bits) & 1
    return np.packbits(stream[: sizes[rice]], bitorder="little"), rice


def unpack_sparse(packed: np.ndarray, count: int, bits: int, rice: int) -> np.ndarray:
    """The int8 weights (count,) of a stream: the inverse of `pack_sparse`."""
    stream = iter(np.unpackbits(packed, bitorder="little").tolist())

    def number(width: int) -> int:
        return sum(next(stream) << place for place in range(width))

    weights, at = np.zeros(count, np.int8), 0
    while at < count:
        while next(stream):
            at += 1 << rice
        at += number(rice)
        if at < count:
            value = number(bits)
            weights[at] = value - (value >> (bits - 1) << bits)
            at += 1
    return weights


def gaps(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Zeros before each weight that is not zero, and behind the last if there are any; those weights."""
    flat = weights.reshape(-1)
    places = np.flatnonzero(flat)
    ends = places if len(flat) and len(places) and places[-1] == len(flat) - 1 else np.append(places, len(flat))
    return np.diff(ends, prepend=-1) - 1, flat[places]


def _sizes_bits(before: np.ndarray, values: np.ndarray, bits: int) -> np.ndarray:
    """Bits of the stream for each `rice` from 0 to RICE_MAX."""
    return np.array(
        [(before >> rice).sum() + len(before) * (1 + rice) + len(values) * bits for rice in range(RICE_MAX + 1)]
    )
