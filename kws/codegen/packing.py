"""Weights at n bits: how wide a tensor's integers are, and the bit stream they are stored as.

Weight i is the two's complement number in bits i * n .. i * n + n - 1 of the stream; bit k of the stream is bit k % 8
of byte k // 8. No bit is lost but in the last byte. firmware/src/kernels_unpack.c reads it back.
"""

import numpy as np

SMALLEST_BITS, LARGEST_BITS = 2, 8


def width_bits(weights: np.ndarray) -> int:
    """Smallest n in 2..8 whose symmetric range -(2^(n-1) - 1)..2^(n-1) - 1 holds the int8 integers (-128 takes 8)."""
    largest = int(np.abs(weights.astype(np.int32)).max(initial=0))
    return min(max(largest.bit_length() + 1, SMALLEST_BITS), LARGEST_BITS)


def packed_bytes(count: int, bits: int) -> int:
    """Bytes that `count` weights of `bits` bits are stored in."""
    return (count * bits + 7) // 8


def pack(weights: np.ndarray, bits: int) -> np.ndarray:
    """The bit stream of int8 weights, any shape, as uint8 (packed_bytes,); each must fit `bits` bits."""
    unsigned = weights.reshape(-1).view(np.uint8)
    stream = np.unpackbits(unsigned[:, None], axis=1, bitorder="little")[:, :bits]
    return np.packbits(stream.reshape(-1), bitorder="little")


def unpack(packed: np.ndarray, count: int, bits: int) -> np.ndarray:
    """The int8 weights (count,) of a bit stream: the inverse of `pack`."""
    stream = np.unpackbits(packed, bitorder="little")[: count * bits].reshape(count, bits)
    values = stream.astype(np.int32) @ (1 << np.arange(bits, dtype=np.int32))
    sign = 1 << (bits - 1)
    return ((values ^ sign) - sign).astype(np.int8)
