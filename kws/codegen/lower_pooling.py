"""Operators without weights to layers: AVERAGE_POOL_2D, and MEAN over height and width."""

import math

from kws.codegen.checks import LARGEST_SUM, activation_scale, constant, fit_uint16, image_shape, option, refuse
from kws.codegen.layers import Layer, comment_text
from kws.codegen.windows import Size, window_members
from kws.fixed_point import activation_range, mean_multiplier
from kws.tflite.graph import Operator

SCALE_TOLERANCE = 1e-6  # TFLite's own, between the scales of a pool's input and output
MAX_POSITIONS = 1 << 22  # 255 * positions must fit an int32


def lower_average_pool_2d(operator: Operator) -> Layer:
    """AVERAGE_POOL_2D; it does not rescale, so input and output share scale and zero point."""
    source, target = operator.inputs[0], operator.outputs[0]
    source_scale, source_zero = activation_scale(operator, source)
    scale, zero = activation_scale(operator, target)
    if source_zero != zero or abs(source_scale - scale) > SCALE_TOLERANCE:
        raise refuse(operator, "its input and output have different scales: convert the model again.")
    kernel = Size(option(operator, "filterHeight"), option(operator, "filterWidth"))
    window = window_members(operator, kernel, image_shape(operator, source)[2])
    if kernel.height * kernel.width > MAX_POSITIONS:
        raise refuse(operator, f"a window of {tuple(kernel)} is too large: pool in two steps.")
    low, high = activation_range(operator.place, option(operator, "fusedActivationFunction"), scale, zero)
    return _layer("average_pool_2d", operator, {"window": window, "activation_min": low, "activation_max": high})


def lower_mean(operator: Operator) -> Layer:
    """MEAN over height and width, what a global average pool becomes."""
    source, target = operator.inputs[0], operator.outputs[0]
    height, width, channels = image_shape(operator, source)
    axes = sorted(int(axis) % 4 for axis in constant(operator, 1, "int32", "axes").reshape(-1))
    positions = height * width
    if axes != [1, 2] or math.prod(target.shape) != channels or positions > MAX_POSITIONS:
        raise refuse(operator, f"it takes the mean over axes {axes}: the kernel knows axes [1, 2], height and width.")
    fit_uint16(operator, {"channels": channels})
    source_scale, source_zero = activation_scale(operator, source)
    scale, zero = activation_scale(operator, target)
    multiplier, shift = mean_multiplier(source_scale / scale, positions)
    if 255 * positions << max(shift, 0) > LARGEST_SUM:
        raise refuse(operator, f"scales {source_scale} and {scale} are too far apart: quantize the model again.")
    members = {"positions": positions, "channels": channels, "input_sum_offset": -source_zero * positions}
    return _layer("mean", operator, members | {"multiplier": multiplier, "shift": shift, "output_offset": zero})


def _layer(kernel: str, operator: Operator, members: dict) -> Layer:
    source, target = operator.inputs[0], operator.outputs[0]
    title = comment_text(f"{operator.place} -> {target.name}")
    return Layer(kernel, title, members, None, math.prod(source.shape), math.prod(target.shape), 0)
