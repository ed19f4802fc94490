"""The shape that a RESHAPE is given is computed here, where the .tflite computes it at run time, and not on the chip.

A model with an open batch size turns a tensor's shape into numbers (SHAPE, STRIDED_SLICE, PACK) to flatten it. Every
shape is known once the batch is one clip, so nothing is left to compute; a shape that is not the output's is refused.
"""

from dataclasses import replace
from math import prod

import numpy as np

from kws.codegen.checks import refuse
from kws.codegen.rewriting import producer_of, with_operators
from kws.tflite.graph import Graph, Operator, Tensor

SHAPE_OPERATORS = ("PACK", "SHAPE", "STRIDED_SLICE")
_SHRINK, _MASKS = 1, ("beginMask", "endMask", "ellipsisMask", "newAxisMask")


def without_shape_arithmetic(graph: Graph) -> Graph:
    """The graph whose RESHAPE operators read their data alone, and without what only their shapes needed.

    Raises:
        ModelError: a shape is computed in another way than Keras does, or is not that of the output.
    """
    operators = [_with_known_shape(graph, operator) for operator in graph.operators]
    if all(new is old for new, old in zip(operators, graph.operators, strict=True)):
        return graph
    return with_operators(graph, operators)


def _with_known_shape(graph: Graph, operator: Operator) -> Operator:
    if operator.kind != "RESHAPE" or len(operator.inputs) != 2 or len(operator.outputs) != 1:
        return operator
    source, shape = operator.inputs
    if source is None or shape is None or shape.data is not None:
        return operator
    values = np.atleast_1d(_value(graph, operator, shape)).tolist()
    if values.count(-1) == 1 and (known := -prod(values)) > 0:
        values[values.index(-1)] = prod(source.shape) // known
    if tuple(values) != operator.outputs[0].shape:
        raise refuse(operator, f"its shape comes to {values}, and the file says {operator.outputs[0].shape}: damaged.")
    return replace(operator, inputs=(source,))


def _value(graph: Graph, reader: Operator, tensor: Tensor | None, depth: int = 8) -> np.ndarray:
    """What a tensor of such arithmetic holds."""
    if tensor is not None and tensor.data is not None:
        return tensor.data
    operator = producer_of(graph, tensor)
    if tensor is None or operator is None or not depth or operator.kind not in SHAPE_OPERATORS:
        raise refuse(reader, "its shape depends on the input: convert a model whose shapes are fixed.")
    if operator.kind == "SHAPE" and operator.inputs and operator.inputs[0] is not None:
        return np.array(operator.inputs[0].shape, np.int64)
    values = [_value(graph, reader, source, depth - 1) for source in operator.inputs]
    if operator.kind == "PACK" and values and all(value.ndim == 0 for value in values):
        return np.stack(values)
    if operator.kind == "STRIDED_SLICE" and len(values) == 4 and _takes_one(operator, values):
        return values[0][int(values[1][0])]
    raise refuse(operator, "only what flattens a batch is known of it: convert a model with a batch size of 1.")


def _takes_one(operator: Operator, values: list[np.ndarray]) -> bool:
    """Whether a STRIDED_SLICE takes one element of a vector."""
    vector, begin, end, stride = values
    if vector.ndim != 1 or not begin.shape == end.shape == stride.shape == (1,):
        return False
    plain = operator.options.get("shrinkAxisMask") == _SHRINK and not any(operator.options.get(m) for m in _MASKS)
    return plain and 0 <= begin[0] < len(vector) and end[0] == begin[0] + 1 and stride[0] == 1
