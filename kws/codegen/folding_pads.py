"""PAD before a window: the window itself reaches outside, and nothing is copied.

Exact where padding is worth nothing to the operator: real 0 before a convolution, the lowest int8 before a maximum. An
average counts what is padded, so it keeps its PAD.
"""

from dataclasses import replace

import numpy as np

from kws.codegen.checks import option, refuse
from kws.codegen.rewriting import producer_of, reading, rewritten
from kws.tflite.graph import Graph, Operator

_VALID = 1  # schema.fbs, Padding
_SIDES = ("padTop", "padBottom", "padLeft", "padRight")
_LOWEST = -128


def with_folded_pads(graph: Graph) -> Graph:
    """The graph with every PAD that can be in the windows behind it."""
    return rewritten(graph, _rewrite)


def paddings_of(operator: Operator) -> np.ndarray:
    """(rank, 2) whole numbers before and behind each axis of a PAD or PADV2.

    Raises:
        ModelError: the paddings are computed, of another type or shape, or negative.
    """
    tensor = operator.inputs[1] if len(operator.inputs) > 1 else None
    if tensor is None or tensor.data is None or tensor.dtype not in ("int32", "int64"):
        raise refuse(operator, "its paddings must be a constant int32 tensor: convert the model with fixed shapes.")
    rank = len(operator.inputs[0].shape)
    if tensor.shape != (rank, 2) or (tensor.data < 0).any() or (tensor.data > 1 << 16).any():
        raise refuse(operator, f"its paddings are {tensor.data.tolist()} for an input of {rank} axes: convert again.")
    return tensor.data


def _rewrite(graph: Graph, operator: Operator) -> Operator:
    if operator.kind not in ("CONV_2D", "DEPTHWISE_CONV_2D", "MAX_POOL_2D") or option(operator, "padding") != _VALID:
        return operator
    before = producer_of(graph, operator.inputs[0])
    if before is None or before.kind != "PAD" or not _reaches(before, operator):
        return operator
    quantization = before.inputs[0].quantization
    if operator.kind == "MAX_POOL_2D" and (quantization is None or quantization.zero_points != (_LOWEST,)):
        return operator
    sides = dict(zip(_SIDES, (int(n) for n in paddings_of(before)[1:3].reshape(-1)), strict=True))
    return replace(reading(operator, 0, before.inputs[0]), options={**operator.options, **sides})


def _reaches(pad: Operator, operator: Operator) -> bool:
    """Whether only height and width are padded, and every window still meets the input."""
    source, paddings = pad.inputs[0], paddings_of(pad)
    if len(source.shape) != 4 or paddings[[0, 3]].any() or source.quantization != pad.outputs[0].quantization:
        return False
    if operator.kind == "MAX_POOL_2D":
        kernel = option(operator, "filterHeight"), option(operator, "filterWidth")
    else:
        weights = operator.inputs[1]
        kernel = weights.shape[1:3] if weights is not None and len(weights.shape) == 4 else (0, 0)
    return all(max(sides) < length for sides, length in zip(paddings[1:3].tolist(), kernel, strict=True))
