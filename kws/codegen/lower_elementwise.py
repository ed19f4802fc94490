"""Operators that take values one by one to layers: ADD, and functions of one int8 value, which become a table."""

import math

import numpy as np

from kws.codegen.broadcasting import broadcast
from kws.codegen.checks import activation_scale, option, refuse, same_shape
from kws.codegen.layers import Layer, comment_text
from kws.codegen.value_tables import logistic_table, requantize_table
from kws.fixed_point import INT8_MAX, INT8_MIN, activation_range, quantize_multiplier
from kws.tflite.graph import Operator, Tensor

_ADD_LEFT_SHIFT = 20  # of both operands before they are scaled: TFLite's add.cc
_LOGISTIC_OUTPUT = (1 / 256, -128)  # the scale and zero point that TFLite asks for


def lower_quantize(operator: Operator) -> Layer | None:
    """QUANTIZE from int8 to int8; None where it changes no value."""
    return _table_layer(operator, requantize_table(*_scales(operator), INT8_MIN, INT8_MAX))


def lower_relu(operator: Operator) -> Layer | None:
    """RELU as an operator of its own."""
    return _clamped(operator, activation=1)


def lower_relu6(operator: Operator) -> Layer | None:
    """RELU6 as an operator of its own."""
    return _clamped(operator, activation=3)


def lower_logistic(operator: Operator) -> Layer | None:
    """LOGISTIC."""
    source, target = _scales(operator)
    if target != _LOGISTIC_OUTPUT:
        raise refuse(operator, f"its output has scale and zero point {target}, not {_LOGISTIC_OUTPUT}: convert again.")
    return _table_layer(operator, logistic_table(source))


def lower_add(operator: Operator) -> Layer:
    """ADD of two tensors, one of which may be constant, with TFLite's broadcasting over up to four axes."""
    if len(operator.inputs) != 2 or None in operator.inputs:
        raise refuse(operator, "it does not have two inputs: the .tflite is damaged, convert again.")
    target = operator.outputs[0]
    (first, first_zero), (second, second_zero) = (_operand_scale(operator, tensor) for tensor in operator.inputs)
    scale, zero = activation_scale(operator, target)
    twice = 2 * max(first, second)
    output = quantize_multiplier(twice / ((1 << _ADD_LEFT_SHIFT) * scale))
    inputs = [quantize_multiplier(value / twice) for value in (first, second)]
    if output[1] > 0:
        raise refuse(operator, f"output scale {scale} is too small for inputs of {first} and {second}: quantize again.")
    low, high = activation_range(operator.place, option(operator, "fusedActivationFunction"), scale, zero)
    shape, *strides = broadcast(operator, *(tensor.shape for tensor in operator.inputs))
    same_shape(operator, target, tuple(np.broadcast_shapes(*(tensor.shape for tensor in operator.inputs))))
    members = {"shape": shape, "first_strides": strides[0], "second_strides": strides[1]}
    members |= {"first_offset": -first_zero, "first_multiplier": inputs[0][0], "first_shift": inputs[0][1]}
    members |= {"second_offset": -second_zero, "second_multiplier": inputs[1][0], "second_shift": inputs[1][1]}
    members |= {"output_multiplier": output[0], "output_shift": output[1], "output_offset": zero}
    members |= {"activation_min": low, "activation_max": high}
    tables = {
        name: t.data.reshape(-1)
        for name, t in zip(("first", "second"), operator.inputs, strict=True)
        if t.data is not None
    }
    reads = tuple(
        name if name in tables else t.index for name, t in zip(("first", "second"), operator.inputs, strict=True)
    )
    whole = tuple(t.index for t in operator.inputs if t.data is None and math.prod(t.shape) == math.prod(target.shape))
    return Layer(
        kernel="add",
        title=comment_text(f"{operator.place} -> {target.name}"),
        members=members,
        weighted=None,
        reads=reads,
        writes=target.index,
        input_bytes=math.prod(operator.inputs[0].shape),
        output_bytes=math.prod(target.shape),
        tables=tables,
        in_place=whole,
    )


def _operand_scale(operator: Operator, tensor: Tensor) -> tuple[float, int]:
    """Scale and zero point of an operand, computed or constant."""
    quantization = tensor.quantization
    if tensor.data is None:
        return activation_scale(operator, tensor)
    if tensor.dtype != "int8" or quantization is None or len(quantization.scales) != 1:
        raise refuse(
            operator, f"its constant {tensor.place} is not int8 with one scale: convert with int8 quantization."
        )
    return quantization.scales[0], quantization.zero_points[0]


def _clamped(operator: Operator, activation: int) -> Layer | None:
    """A function that rescales and clamps."""
    source, target = _scales(operator)
    low, high = activation_range(operator.place, activation, *target)
    ratio = float(np.float32(source[0]) / np.float32(target[0]))  # in float32, as TFLite's ReluPrepare
    return _table_layer(operator, requantize_table(source, target, low, high, ratio))


def _scales(operator: Operator) -> tuple[tuple[float, int], tuple[float, int]]:
    """(scale, zero point) of the only input and of the output."""
    return activation_scale(operator, operator.inputs[0]), activation_scale(operator, operator.outputs[0])


def _table_layer(operator: Operator, table: np.ndarray) -> Layer | None:
    """A look-up for each value; none where each value stays."""
    source, target = operator.inputs[0], operator.outputs[0]
    same_shape(operator, target, source.shape)
    if (table.view(np.uint8) == np.arange(256)).all():
        return None
    count = math.prod(source.shape)
    return Layer(
        kernel="map",
        title=comment_text(f"{operator.place} -> {target.name}"),
        members={"count": count},
        weighted=None,
        reads=(source.index,),
        writes=target.index,
        input_bytes=count,
        output_bytes=count,
        tables={"values": table},
        in_place=(source.index,),
    )
