"""TRANSPOSE without moving anything: it is left out, or the weights behind it are put in another order.

Left out is one that moves axes of length 1 only, alone or with the one before it. Before a dense layer, the columns of
its weights take the order. Any other is refused by the lowering.
"""

import math
from dataclasses import replace

import numpy as np

from kws.codegen.checks import refuse
from kws.codegen.rewriting import producer_of, reading, rewritten
from kws.tflite.graph import Graph, Operator, Tensor


def with_folded_transposes(graph: Graph) -> Graph:
    """The graph with every TRANSPOSE joined to the one before it, and dense layers reading what was not transposed."""
    return rewritten(rewritten(graph, _join), _absorb)


def permutation_of(operator: Operator) -> tuple[int, ...]:
    """Axis i of the output is axis permutation[i] of the input.

    Raises:
        ModelError: the permutation is computed, or is none of the input's axes.
    """
    tensor = operator.inputs[1] if len(operator.inputs) > 1 else None
    if tensor is None or tensor.data is None or tensor.dtype != "int32":
        raise refuse(operator, "its permutation must be a constant int32 tensor: convert the model with fixed shapes.")
    rank = len(operator.inputs[0].shape)
    permutation = tuple(int(axis) % max(rank, 1) for axis in tensor.data.reshape(-1))
    if sorted(permutation) != list(range(rank)):
        raise refuse(operator, f"its permutation is {tensor.data.tolist()} for {rank} axes: convert again.")
    return permutation


def moves_nothing(operator: Operator) -> bool:
    """Whether all values of a TRANSPOSE stay where they are in row order."""
    long = [axis for axis in permutation_of(operator) if operator.inputs[0].shape[axis] != 1]
    return long == sorted(long)


def _join(graph: Graph, operator: Operator) -> Operator:
    """Two in a row are one."""
    before = producer_of(graph, operator.inputs[0]) if operator.kind == "TRANSPOSE" else None
    if before is None or before.kind != "TRANSPOSE":
        return operator
    first, second = permutation_of(before), permutation_of(operator)
    joint = np.array([first[axis] for axis in second], np.int32)
    permutation = replace(operator.inputs[1], shape=joint.shape, data=joint)
    return reading(reading(operator, 0, before.inputs[0]), 1, permutation)


def _absorb(graph: Graph, operator: Operator) -> Operator:
    """A dense layer whose one row was transposed."""
    weights = operator.inputs[1] if operator.kind == "FULLY_CONNECTED" and len(operator.inputs) > 1 else None
    transpose = _behind_reshapes(graph, operator.inputs[0]) if weights is not None else None
    if transpose is None or weights.data is None or moves_nothing(transpose):
        return operator
    source = transpose.inputs[0]
    if weights.data.ndim != 2 or math.prod(source.shape) != weights.shape[1]:
        return operator
    order = np.arange(weights.shape[1]).reshape(source.shape).transpose(permutation_of(transpose)).reshape(-1)
    columns = np.empty_like(weights.data)
    columns[:, order] = weights.data
    return reading(reading(operator, 0, source), 1, replace(weights, data=columns))


def _behind_reshapes(graph: Graph, tensor: Tensor | None) -> Operator | None:
    """The TRANSPOSE whose output a tensor is, under whatever shape."""
    operator = producer_of(graph, tensor)
    while operator is not None and operator.kind == "RESHAPE":
        operator = producer_of(graph, operator.inputs[0])
    return operator if operator is not None and operator.kind == "TRANSPOSE" else None
