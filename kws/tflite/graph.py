"""A .tflite model as small frozen values: what kws.tflite.reader gives and kws.codegen reads.

Tensors and operators keep the index they have in the file, so that every message can name a place in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Quantization:
    """Affine quantization: real = scale * (integer - zero_point); one scale, or one for each index of `axis`."""

    scales: tuple[float, ...]  # float32 values, exact
    zero_points: tuple[int, ...]  # as many as scales
    axis: int


@dataclass(frozen=True, eq=False)
class Tensor:
    """One tensor; `data` (dtype as `dtype`, shape as `shape`, read-only) for constants, None for activations."""

    index: int
    name: str
    shape: tuple[int, ...]
    dtype: str  # "int8", "int32", "float32", ...; of "int4" the data are int8
    quantization: Quantization | None
    data: np.ndarray | None

    @property
    def place(self) -> str:
        """How a message calls it: tensor 3 'conv/weights'."""
        return f"tensor {self.index} '{self.name}'"


@dataclass(frozen=True, eq=False)
class Operator:
    """One operator in order of execution; inputs that the file leaves out are None."""

    index: int
    kind: str  # schema.BuiltinOperator's name: "CONV_2D"
    inputs: tuple[Tensor | None, ...]
    outputs: tuple[Tensor, ...]
    options: Mapping[str, int | float]  # fields of the operator's options table that are single numbers

    @property
    def place(self) -> str:
        """How a message calls it: operator 2 FULLY_CONNECTED."""
        return f"operator {self.index} {self.kind}"


@dataclass(frozen=True, eq=False)
class Graph:
    """One subgraph: its inputs, its outputs and its operators in order of execution."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
