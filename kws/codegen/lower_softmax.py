"""SOFTMAX to a layer: a table of exponentials and single-precision arithmetic, as TFLite's kernel for int8 has it."""

import math

import numpy as np

from kws.codegen.checks import activation_scale, option, refuse, same_shape
from kws.codegen.layers import Layer, comment_text
from kws.tflite.graph import Operator

_OUTPUT = (1 / 256, -128)  # the scale and zero point that TFLite asks for
_DISTANCES = np.arange(256)  # from a value to the largest of its row


def lower_softmax(operator: Operator) -> Layer:
    """SOFTMAX over the last axis."""
    source, target = operator.inputs[0], operator.outputs[0]
    scale, _ = activation_scale(operator, source)
    if activation_scale(operator, target) != _OUTPUT:
        raise refuse(operator, f"its output has not scale and zero point {_OUTPUT}, as TFLite asks: convert again.")
    same_shape(operator, target, source.shape)
    if not source.shape or min(source.shape) < 1:
        raise refuse(operator, f"{source.place} of shape {source.shape} has no last axis: convert again.")
    beta = np.float32(option(operator, "beta"))
    if not math.isfinite(beta) or beta < 0:
        raise refuse(operator, f"its beta is {beta}: use a softmax without temperature.")
    count = math.prod(source.shape)
    table = exponentials(scale, float(beta))
    members = {"rows": count // source.shape[-1], "columns": source.shape[-1]}
    return Layer(
        kernel="softmax",
        title=comment_text(f"{operator.place} -> {target.name}"),
        members=members,
        weighted=None,
        reads=(source.index,),
        writes=target.index,
        input_bytes=count,
        output_bytes=count,
        tables={"exponentials": table},
        in_place=(source.index,),
    )


def exponentials(scale: float, beta: float) -> np.ndarray:
    """(256,) float32: exp(-i * scale * beta), i steps below the largest value; the product in float32 as TFLite's."""
    step = np.float32(-np.float32(scale) * np.float32(beta))
    return np.exp((step * _DISTANCES.astype(np.float32)).astype(np.float64)).astype(np.float32)
