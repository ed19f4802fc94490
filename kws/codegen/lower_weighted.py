"""Operators with weights to layers: CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED."""

import math
from dataclasses import replace

import numpy as np

from kws.codegen.checks import (
    activation_scale,
    constant,
    fit_accumulator,
    fit_uint16,
    image_shape,
    option,
    refuse,
)
from kws.codegen.layers import Layer, Weighted, comment_text
from kws.codegen.windows import Size, window_members
from kws.fixed_point import activation_range, multiply_by_multiplier, quantize_multiplier
from kws.tflite.graph import Operator

MAX_WEIGHTS = 1 << 24  # weights of one layer: far beyond any board, and keeps a damaged file from filling memory


def lower_conv_2d(operator: Operator) -> Layer:
    """CONV_2D; weights (output channels, height, width, input channels) are read in that order."""
    weights = _weights(operator, rank=4)
    channels_out, *kernel, channels_in = weights.shape
    if image_shape(operator, operator.inputs[0])[2] != channels_in:
        raise refuse(operator, f"{channels_in} input channels a filter is a grouped convolution: use an ordinary one.")
    members = {"window": window_members(operator, Size(*kernel), channels_out)}
    macs = math.prod(operator.outputs[0].shape[1:3]) * weights.size
    return _layer("conv_2d", operator, members, weights.reshape(channels_out, -1), weights.reshape(-1), 0, macs)


def lower_depthwise_conv_2d(operator: Operator) -> Layer:
    """DEPTHWISE_CONV_2D; weights (1, height, width, output channels) are read in that order."""
    weights = _weights(operator, rank=4)
    batch, *kernel, channels_out = weights.shape
    channels_in = image_shape(operator, operator.inputs[0])[2]
    if batch != 1 or channels_out % channels_in:
        raise refuse(operator, f"weights of shape {weights.shape} do not fit {channels_in} channels: convert again.")
    members = {"window": window_members(operator, Size(*kernel), channels_out)}
    macs = math.prod(operator.outputs[0].shape[1:3]) * weights.size
    rows = weights.reshape(-1, channels_out).T
    return _layer("depthwise_conv_2d", operator, members, rows, weights.reshape(-1), 3, macs)


def lower_fully_connected(operator: Operator) -> Layer:
    """FULLY_CONNECTED row by row; weights (outputs, inputs) are read in that order."""
    weights = _weights(operator, rank=2)
    outputs, inputs = weights.shape
    source, target = operator.inputs[0], operator.outputs[0]
    rows = math.prod(source.shape) // inputs
    if rows < 1 or math.prod(source.shape) != rows * inputs or math.prod(target.shape) != rows * outputs:
        raise refuse(
            operator,
            f"{source.place} of shape {source.shape} is not rows of {inputs} values for {outputs} outputs each: "
            "flatten it before the dense layer.",
        )
    if operator.options.get("weightsFormat", 0):
        raise refuse(operator, "its weights are shuffled: convert without it, to the default weights format.")
    members = {"inputs": inputs, "outputs": outputs}
    layer = _layer("fully_connected", operator, members, weights, weights.reshape(-1), 0, rows * weights.size)
    return replace(layer, rows=rows)


def _layer(
    kernel: str, operator: Operator, members: dict, rows: np.ndarray, flat: np.ndarray, axis: int, macs: int
) -> Layer:
    """The parts that all three share; rows is (output channels, weights a channel), flat the kernel's order."""
    fit_uint16(operator, {"output channels": len(rows)})
    source, target = operator.inputs[0], operator.outputs[0]
    _, input_zero = activation_scale(operator, source)
    scale, zero = activation_scale(operator, target)
    low, high = activation_range(operator.place, option(operator, "fusedActivationFunction"), scale, zero)
    bias = _bias(operator, len(rows))
    real = _real_multipliers(operator, len(rows), axis)
    pairs = [quantize_multiplier(value) for value in real]
    fit_accumulator(operator, rows, bias, tuple(shift for _, shift in pairs))
    if kernel != "fully_connected":
        bias, pairs = constants_in_reach(rows, bias, pairs)
    multipliers, shifts = zip(*pairs, strict=True)
    requantization = {"output_offset": zero, "activation_min": low, "activation_max": high}
    dense = kernel == "fully_connected"  # its reference kernel scales in double precision, the others' in integers
    if dense:  # every weight meets an input, so the zero point's share is a constant
        bias, input_zero = (bias - input_zero * rows.astype(np.int32).sum(axis=1)).astype(np.int32), 0
    members |= {"requantization": requantization, "input_offset": -input_zero}
    tables = Weighted(flat, bias, tuple(real), None) if dense else Weighted(flat, bias, multipliers, shifts)
    title = comment_text(f"{operator.place} -> {target.name}")
    return Layer(
        kernel=kernel,
        title=title,
        members=members,
        weighted=tables,
        reads=(source.index,),
        writes=target.index,
        input_bytes=math.prod(source.shape),
        output_bytes=math.prod(target.shape),
        macs=macs,
    )


def constants_in_reach(
    rows: np.ndarray, bias: np.ndarray, pairs: list[tuple[int, int]]
) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """Bias (channels,) int32 and (multiplier, shift) of each channel, those without weights by numbers of our own.

    A channel whose weights are all zero gives one value, whatever comes in; pruning leaves such filters, with scales so
    small that their shifts are beyond what the Cortex-M4's kernels take. rows: (channels, weights a channel).
    """
    bias, pairs = bias.copy(), list(pairs)
    for channel in np.flatnonzero(~rows.any(axis=1)):
        value = multiply_by_multiplier(int(bias[channel]), *pairs[channel])
        bias[channel], pairs[channel] = 8 * max(-512, min(value, 512)), (1 << 30, -2)  # 8 / 2 / 2^2, exactly
    return bias, pairs


def _weights(operator: Operator, rank: int) -> np.ndarray:
    """Symmetric int8 or int4 weights, as int8, of the rank that the operator takes."""
    weights = constant(operator, 1, ("int8", "int4"), "weights")
    tensor = operator.inputs[1]
    if weights.ndim != rank or not 0 < weights.size <= MAX_WEIGHTS:
        raise refuse(operator, f"weights {tensor.place} have shape {tensor.shape}, not of rank {rank}: convert again.")
    if tensor.quantization is None or any(tensor.quantization.zero_points):
        raise refuse(
            operator, f"weights {tensor.place} need scales and zero points of 0: convert with int8 quantization."
        )
    return weights


def _bias(operator: Operator, channels: int) -> np.ndarray:
    """int32 bias (channels,); zeros where the model has none."""
    if len(operator.inputs) < 3 or operator.inputs[2] is None:
        return np.zeros(channels, np.int32)
    bias = constant(operator, 2, "int32", "bias")
    if bias.size != channels:
        raise refuse(operator, f"its bias has {bias.size} values for {channels} output channels: convert again.")
    return bias.reshape(-1)


def _real_multipliers(operator: Operator, channels: int, axis: int) -> list[float]:
    """input scale * weight scale / output scale for each output channel, in float64 as TFLite."""
    source_scale, _ = activation_scale(operator, operator.inputs[0])
    target_scale, _ = activation_scale(operator, operator.outputs[0])
    quantization = operator.inputs[1].quantization
    scales = quantization.scales
    if len(scales) != 1 and (len(scales) != channels or quantization.axis != axis):
        raise refuse(
            operator,
            f"its weights have {len(scales)} scales along axis {quantization.axis}, not {axis}: convert again.",
        )
    real = [source_scale * scale / target_scale for scale in scales]
    return real * channels if len(real) == 1 else real
