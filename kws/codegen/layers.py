"""A layer as the kernels take it: numbers for the members of a C struct, and tables; from lowering to emission."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
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

    @property
    def scaling_bytes(self) -> int:
        """Of biases, multipliers and shifts in flash."""
        return len(self.bias) * (4 + (8 if self.shifts is None else 4 + 1))


@dataclass(frozen=True, eq=False)
class Layer:
    """One call of a kernel: kws_<kernel>(&<a kws_<kernel>_t>, input, ..., output)."""

    kernel: str  # "conv_2d", "fully_connected", ...
    title: str  # for the comment over it: place in the .tflite and the tensor's name
    members: Mapping[str, int | Mapping[str, int]]  # scalars of the C struct, nested as there
    weighted: Weighted | None
    reads: tuple[int | str, ...]  # the kernel's inputs: tensors by their index in the .tflite, own tables by name
    writes: int  # the tensor that it computes
    input_bytes: int  # of the first input
    output_bytes: int
    macs: int = 0  # multiplications by a weight, padding included, as is the custom
    rows: int = 1  # calls of the kernel, each for an equal part of input and output
    tables: Mapping[str, np.ndarray] = field(default_factory=dict)  # int8 or float32, flat, by name
    in_place: tuple[int, ...] = ()  # tensors among `reads` that the output may lie on, each value read before written

    @property
    def tensors_read(self) -> tuple[int, ...]:
        """`reads` without the layer's own tables."""
        return tuple(read for read in self.reads if isinstance(read, int))


@dataclass(frozen=True)
class End:
    """Input or output of a model: real = scale * (integer - zero_point), size_bytes values of int8."""

    tensor: int  # index in the .tflite
    size_bytes: int
    scale: float
    zero_point: int


@dataclass(frozen=True, eq=False)
class Network:
    """A whole model: layers in order of execution, and what the firmware must know of its ends."""

    layers: tuple[Layer, ...]
    input: End
    output: End

    @property
    def input_bytes(self) -> int:
        """Features, a byte each."""
        return self.input.size_bytes

    @property
    def classes(self) -> int:
        """Logits, a byte each."""
        return self.output.size_bytes

    @property
    def output_scale(self) -> float:
        """Of the logits."""
        return self.output.scale


def comment_text(text: str) -> str:
    """A name from a .tflite, safe inside a C comment: every character outside a small set becomes `_`."""
    return re.sub(r"[^\w .,:;()\[\]>-]", "_", text, flags=re.ASCII)
