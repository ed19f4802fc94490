"""PAD and PADV2 to a layer, where they could not be folded into the window behind them."""

import math

from kws.codegen.checks import activation_scale, constant, refuse, same_shape
from kws.codegen.folding_pads import paddings_of
from kws.codegen.layers import Layer, comment_text
from kws.tflite.graph import Operator

_AXES = 4  # of the kernel's loops


def lower_pad(operator: Operator) -> Layer | None:
    """Real 0 around the input, or PADV2's constant; None where nothing is added."""
    source, target = operator.inputs[0], operator.outputs[0]
    scale, zero = activation_scale(operator, source)
    if activation_scale(operator, target) != (scale, zero):
        raise refuse(operator, "its input and output have different scales: convert the model again.")
    paddings = paddings_of(operator)
    shape = tuple(int(length + sum(sides)) for length, sides in zip(source.shape, paddings.tolist(), strict=True))
    same_shape(operator, target, shape)
    if len(shape) > _AXES:
        raise refuse(operator, f"it pads {len(shape)} axes, and the kernel {_AXES}: reshape before it.")
    if not paddings.any():
        return None
    value = zero
    if operator.kind == "PADV2":
        value = int(constant(operator, 2, "int8", "value").reshape(-1)[0])
    more = _AXES - len(shape)
    members = {
        "input_shape": [1] * more + list(source.shape),
        "output_shape": [1] * more + list(shape),
        "before": [0] * more + paddings[:, 0].tolist(),
        "value": value,
    }
    return Layer(
        kernel="pad",
        title=comment_text(f"{operator.place} -> {target.name}"),
        members=members,
        weighted=None,
        reads=(source.index,),
        writes=target.index,
        input_bytes=math.prod(source.shape),
        output_bytes=math.prod(shape),
    )
