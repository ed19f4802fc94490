"""A layer as the kernels take it: numbers for the members of a C struct, and tables; from lowering to emission."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from kws.codegen.storage import Storage, storage


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
    def storage(self) -> Storage:
        """How the weights are stored, biases and scales apart."""
        return storage(self.weights)


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
    return re.sub(r"[^\w .,:;()\[\]>-]", "_", text, flags=re.ASCII)
