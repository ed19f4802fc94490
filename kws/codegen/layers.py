"""A layer as the kernels take it: numbers for the members of a C struct, and tables; from lowering to emission."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from kws.codegen.packing import LARGEST_BITS, packed_bytes, width_bits
from kws.codegen.sparse import sparse_bytes

_WORTH_IT = 7 / 8  # of the dense form: what saves less is not worth the time at start


@dataclass(frozen=True, eq=False)
class Weighted:
    """Tables of a layer with weights; the last three have one entry an output channel.

    Convolutions scale by integer multipliers with shifts, dense layers by real multipliers (float64) without shifts.
    """

    weights: np.ndarray  # int8, in the order the kernel reads them, flat
    bias: np.ndarray  # int32
    multipliers: tuple[int, ...] | tuple[float, ...]
    shifts: tuple[int, ...] | None

    @cached_property
    def bits(self) -> int:
        """Width at which the weights are stored."""
        return width_bits(self.weights)

    @cached_property
    def form(self) -> Literal["plain", "packed", "sparse"]:
        """How the weights are stored: a byte each, a stream of fewer bits each, or without the zeros.

        All but plain ones are unpacked into RAM before the first invoke.
        """
        if sparse_bytes(self.weights, self.bits) < _WORTH_IT * packed_bytes(self.weights.size, self.bits):
            return "sparse"
        return "packed" if self.bits < LARGEST_BITS else "plain"

    @property
    def stored_bytes(self) -> int:
        """Flash that the weights take, biases and scales apart."""
        if self.form == "sparse":
            return sparse_bytes(self.weights, self.bits)
        return packed_bytes(self.weights.size, self.bits)


@dataclass(frozen=True, eq=False)
class Layer:
    """One call of a kernel: kws_<kernel>(&<a kws_<kernel>_t>, input, output)."""

    kernel: str  # "conv_2d", "fully_connected", ...
    title: str  # for the comment over it: place in the .tflite and the tensor's name
    members: Mapping[str, int | Mapping[str, int]]  # scalars of the C struct, nested as there
    weighted: Weighted | None
    input_bytes: int
    output_bytes: int
    macs: int  # multiplications by a weight, padding included, as is the custom


@dataclass(frozen=True, eq=False)
class Network:
    """A whole model: layers in a chain, and what the firmware must know of its ends."""

    layers: tuple[Layer, ...]
    input_bytes: int
    classes: int
    output_scale: float


def comment_text(text: str) -> str:
    """A name from a .tflite, safe inside a C comment: every character outside a small set becomes `_`."""
    return re.sub(r"[^\w .,:;()\[\]-]", "_", text, flags=re.ASCII)
