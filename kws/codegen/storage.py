"""In which form a layer's weights lie in flash."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from kws.codegen.packing import LARGEST_BITS, packed_bytes, width_bits
from kws.codegen.sparse import sparse_bytes

_WORTH_IT = 7 / 8  # of the form with zeros: what saves less is not worth the time at start


@dataclass(frozen=True)
class Storage:
    """plain: a byte each, read where they lie; packed: a stream of `bits` bits each; sparse: without the zeros.

    All but plain ones are unpacked into RAM before the first inference.
    """

    form: Literal["plain", "packed", "sparse"]
    bits: int  # of a weight
    size_bytes: int


def storage(weights: np.ndarray) -> Storage:
    """The smallest form of a layer's int8 weights, any shape."""
    bits = width_bits(weights)
    dense, sparse = packed_bytes(weights.size, bits), sparse_bytes(weights, bits)
    if sparse < _WORTH_IT * dense:
        return Storage("sparse", bits, sparse)
    return Storage("packed" if bits < LARGEST_BITS else "plain", bits, dense)
