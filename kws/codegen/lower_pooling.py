"""Operators that take many values to one without weights: AVERAGE_POOL_2D, MAX_POOL_2D, MEAN."""

import math

from kws.codegen.checks import LARGEST_SUM, activation_scale, constant, fit_uint16, image_shape, option, refuse
from kws.codegen.layers import Layer, comment_text
from kws.codegen.windows import Size, window_members
from kws.fixed_point import activation_range, mean_multiplier
from kws.tflite.graph import Operator

SCALE_TOLERANCE = 1e-6  # TFLite's own, between the scales of a pool's input and output
MAX_POSITIONS = 1 << 22  # 255 * positions must fit an int32
_LOOPS = 2  # of kws_mean_axes, over kept axes and over summed ones


def lower_average_pool_2d(operator: Operator) -> Layer:
    """AVERAGE_POOL_2D."""
    members = _pool_members(operator)
    window = members["window"]
    if window["kernel_height"] * window["kernel_width"] > MAX_POSITIONS:
        raise refuse(operator, "its window is too large: pool in two steps.")
    return _layer("average_pool_2d", operator, members)


def lower_max_pool_2d(operator: Operator) -> Layer:
    """MAX_POOL_2D."""
    return _layer("max_pool_2d", operator, _pool_members(operator))


def _pool_members(operator: Operator) -> dict:
    """Members of a pool; it does not rescale, so input and output share scale and zero point."""
    source, target = operator.inputs[0], operator.outputs[0]
    source_scale, source_zero = activation_scale(operator, source)
    scale, zero = activation_scale(operator, target)
    if source_zero != zero or abs(source_scale - scale) > SCALE_TOLERANCE:
        raise refuse(operator, "its input and output have different scales: convert the model again.")
    kernel = Size(option(operator, "filterHeight"), option(operator, "filterWidth"))
    window = window_members(operator, kernel, image_shape(operator, source)[2])
    low, high = activation_range(operator.place, option(operator, "fusedActivationFunction"), scale, zero)
    return {"window": window, "activation_min": low, "activation_max": high}


def lower_mean(operator: Operator) -> Layer:
    """MEAN over any axes of up to four: over height and width it is what a global average pool becomes."""
    source = operator.inputs[0]
    rank = len(source.shape)
    axes = {int(axis) % max(rank, 1) for axis in constant(operator, 1, "int32", "axes").reshape(-1)}
    summed, kept = (
        [(source.shape[axis], math.prod(source.shape[axis + 1 :])) for axis in range(rank) if (axis in axes) is chosen]
        for chosen in (True, False)
    )
    summed, kept = _joined(summed), _joined(kept)
    positions, outputs = (math.prod(length for length, _ in loops) for loops in (summed, kept))
    if math.prod(operator.outputs[0].shape) != outputs or not 1 <= positions <= MAX_POSITIONS or outputs < 1:
        raise refuse(operator, f"its axes {sorted(axes)} do not fit {source.shape}: the .tflite is damaged.")
    scaling = _mean_scaling(operator, positions)
    if max(len(summed), len(kept)) <= 1 and (not summed or summed[0][1] == outputs):
        fit_uint16(operator, {"channels": outputs})
        return _layer("mean", operator, {"positions": positions, "channels": outputs} | scaling)
    if len(summed) > _LOOPS or len(kept) > _LOOPS:
        raise refuse(operator, f"it takes {len(kept)} + {len(summed)} loops, and the kernel 2 + 2: reshape before it.")
    return _layer("mean_axes", operator, _loop_members("kept", kept) | _loop_members("summed", summed) | scaling)


def _joined(loops: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """(length, stride) of axes, those of length 1 left out, neighbours in memory as one."""
    joined: list[tuple[int, int]] = []
    for length, stride in loops:
        if length == 1:
            continue
        if joined and joined[-1][1] == length * stride:
            joined[-1] = (joined[-1][0] * length, stride)
        else:
            joined.append((length, stride))
    return joined


def _loop_members(name: str, loops: list[tuple[int, int]]) -> dict[str, list[int]]:
    lengths, strides = zip(*[(1, 0)] * (_LOOPS - len(loops)), *loops, strict=True)
    return {f"{name}_lengths": list(lengths), f"{name}_strides": list(strides)}


def _mean_scaling(operator: Operator, positions: int) -> dict[str, int]:
    """Members that turn sums over so many positions into outputs."""
    source_scale, source_zero = activation_scale(operator, operator.inputs[0])
    scale, zero = activation_scale(operator, operator.outputs[0])
    multiplier, shift = mean_multiplier(source_scale / scale, positions)
    if 255 * positions << max(shift, 0) > LARGEST_SUM:
        raise refuse(operator, f"scales {source_scale} and {scale} are too far apart: quantize the model again.")
    members = {"input_sum_offset": -source_zero * positions, "multiplier": multiplier, "shift": shift}
    return members | {"output_offset": zero}


def _layer(kernel: str, operator: Operator, members: dict) -> Layer:
    source, target = operator.inputs[0], operator.outputs[0]
    return Layer(
        kernel=kernel,
        title=comment_text(f"{operator.place} -> {target.name}"),
        members=members,
        weighted=None,
        reads=(source.index,),
        writes=target.index,
        input_bytes=math.prod(source.shape),
        output_bytes=math.prod(target.shape),
    )
