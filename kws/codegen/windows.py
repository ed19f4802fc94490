"""Sliding windows: the members of a kws_window_t, from an operator's options and shapes."""

from typing import NamedTuple

from kws.codegen.checks import fit_uint16, image_shape, option, refuse, same_shape
from kws.tflite.graph import Operator

_SAME, _VALID = 0, 1  # schema.fbs, Padding


class Size(NamedTuple):
    """Height and width of something."""

    height: int
    width: int


def window_members(operator: Operator, kernel: Size, channels_out: int) -> dict[str, int]:
    """The members of kws_window_t, in its order; refuses an output tensor of another shape."""
    height, width, channels_in = image_shape(operator, operator.inputs[0])
    stride = Size(option(operator, "strideH"), option(operator, "strideW"))
    if min(*stride, *kernel) < 1:
        raise refuse(operator, f"kernel {tuple(kernel)} or stride {tuple(stride)} is not positive: convert again.")
    if operator.options.get("dilationHFactor", 1) != 1 or operator.options.get("dilationWFactor", 1) != 1:
        raise refuse(operator, "it is dilated, and the kernels are not: use dilation 1.")
    padding = option(operator, "padding")
    rows, top = _axis(operator, height, kernel.height, stride.height, padding, ("padTop", "padBottom"))
    columns, left = _axis(operator, width, kernel.width, stride.width, padding, ("padLeft", "padRight"))
    same_shape(operator, operator.outputs[0], (1, rows, columns, channels_out))
    members = {"input_height": height, "input_width": width, "input_channels": channels_in}
    members |= {"output_height": rows, "output_width": columns, "output_channels": channels_out}
    members |= {"kernel_height": kernel.height, "kernel_width": kernel.width}
    members |= {"stride_height": stride.height, "stride_width": stride.width, "pad_top": top, "pad_left": left}
    fit_uint16(operator, members)
    return members


def _axis(
    operator: Operator, length: int, kernel: int, stride: int, padding: int, folded: tuple[str, str]
) -> tuple[int, int]:
    """Outputs along one axis and the padding before it (TFLite's ComputeOutSize and ComputePaddingWithOffset).

    `folded` names the options in which folding_pads.py leaves what a PAD before the operator adds on both sides.
    """
    if padding not in (_SAME, _VALID):
        raise refuse(operator, f"padding number {padding} is neither SAME nor VALID: the .tflite is damaged.")
    before, behind = (operator.options.get(side, 0) for side in folded)
    outputs = -(-length // stride) if padding == _SAME else (length + before + behind - kernel + stride) // stride
    if outputs < 1:
        raise refuse(operator, f"a window of {kernel} does not fit into {length}: use SAME padding or a smaller one.")
    return outputs, before or (max((outputs - 1) * stride + kernel - length, 0) // 2 if padding == _SAME else 0)
