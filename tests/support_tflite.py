"""Small int8 .tflite files, written through TFLite's schema: any scale, zero point and integer, in milliseconds.

In: the shape of the input and a list of layers: Conv, Depthwise, Dense, and those of support_tflite_operators. Out:
the bytes. Weights, biases and scales are drawn from a numpy generator. Tests that want Keras' own road go through
TensorFlow.
"""

import math
from dataclasses import dataclass

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from tests.support_tflite_operators import (
    NONE,
    RELU,
    RELU6,
    SAME,
    VALID,
    AveragePool,
    Mean,
    Plain,
    PlainOperators,
    Reshape,
    spatial,
)

__all__ = ["NONE", "RELU", "RELU6", "SAME", "VALID", "AveragePool", "Mean", "Reshape"]  # for the tests of chains


@dataclass(frozen=True)
class Conv:
    filters: int
    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    padding: int = SAME
    activation: int = RELU
    bits: int = 8
    per_channel: bool = True
    zeros: float = 0.0  # share of the weights that are zero
    int4: bool = False  # stored as int4, two a byte; needs bits <= 4


@dataclass(frozen=True)
class Depthwise:
    kernel: tuple[int, int]
    multiplier: int = 1
    stride: tuple[int, int] = (1, 1)
    padding: int = SAME
    activation: int = RELU
    bits: int = 8
    bias: bool = True
    per_channel: bool = True
    zeros: float = 0.0  # share of the weights that are zero
    int4: bool = False  # stored as int4, two a byte; needs bits <= 4


@dataclass(frozen=True)
class Dense:
    units: int
    activation: int = NONE
    bits: int = 8
    rows: bool = False  # over the last axis alone
    bias: bool = True
    per_channel: bool = False
    zeros: float = 0.0  # share of the weights that are zero
    int4: bool = False  # stored as int4, two a byte; needs bits <= 4


Layer = Conv | Depthwise | Dense | Plain


def build(
    input_shape: tuple[int, ...],
    layers: list[Layer],
    seed: int = 0,
    rectified: tuple = (-128, -90),
    float_ends: bool = False,
) -> bytes:
    """Bytes of a one-subgraph int8 .tflite: input_shape without the batch, e.g. (49, 40, 1); layers in order.

    Zero points of outputs behind ReLU are drawn from `rectified`, the first as often as all others and once more.
    float_ends: QUANTIZE before the first layer, DEQUANTIZE behind the last.
    """
    network = _Network(seed)
    network.rectified = (rectified[0], *rectified)
    network.input((1, *input_shape), float_ends)
    for index, layer in enumerate(layers):
        network.add(layer, f"layer_{index}")
    return network.finish(float_ends)


class _Network(PlainOperators):
    """Collects tensors and operators; `current` is the index of the activation that the next layer reads."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.buffers = [schema.BufferT(data=None)]
        self.tensors: list[schema.TensorT] = []
        self.operators: list[schema.OperatorT] = []
        self.codes: list[int] = []
        self.current = 0
        self.rectified: tuple = ()

    def input(self, shape: tuple[int, ...], is_float: bool) -> None:
        if is_float:
            self.current = self._tensor("real_input", shape, schema.TensorType.FLOAT32, 0, None)
        activation = self._activation("input", shape, 0.1, int(self.rng.integers(-128, 128)))
        if is_float:
            self._operator(schema.BuiltinOperator.QUANTIZE, [self.current], activation)
        self.current = activation
        self.outputs = [activation]

    def add(self, layer: Layer, name: str) -> None:
        adders = {Conv: self._conv, Depthwise: self._depthwise, Dense: self._dense}
        adders.get(type(layer), self.plain)(layer, name)
        self.outputs.append(self.current)

    def finish(self, is_float: bool = False) -> bytes:
        if is_float:
            real = self._tensor("real_output", self._shape(), schema.TensorType.FLOAT32, 0, None)
            self._operator(schema.BuiltinOperator.DEQUANTIZE, [self.current], real)
        graph = schema.SubGraphT(
            tensors=self.tensors, inputs=[0], outputs=[self.current], operators=self.operators, name="main"
        )
        codes = [
            schema.OperatorCodeT(deprecatedBuiltinCode=min(code, 127), builtinCode=code, version=1)
            for code in self.codes
        ]
        model = schema.ModelT(version=3, operatorCodes=codes, subgraphs=[graph], buffers=self.buffers)
        return serialize(model)

    def _conv(self, layer: Conv, name: str) -> None:
        _, height, width, channels = self._shape()
        fan_in = math.prod(layer.kernel) * channels
        weights = self._integers((layer.filters, *layer.kernel, channels), layer)
        out = spatial((height, width), layer.kernel, layer.stride, layer.padding)
        options = schema.Conv2DOptionsT(layer.padding, layer.stride[1], layer.stride[0], layer.activation)
        self._weighted(
            name, schema.BuiltinOperator.CONV_2D, layer, weights, 0, fan_in, (1, *out, layer.filters), 1, options
        )

    def _depthwise(self, layer: Depthwise, name: str) -> None:
        _, height, width, channels = self._shape()
        weights = self._integers((1, *layer.kernel, channels * layer.multiplier), layer)
        out = (1, *spatial((height, width), layer.kernel, layer.stride, layer.padding), weights.shape[3])
        options = schema.DepthwiseConv2DOptionsT(
            layer.padding, layer.stride[1], layer.stride[0], layer.multiplier, layer.activation
        )
        fan_in = math.prod(layer.kernel)
        self._weighted(name, schema.BuiltinOperator.DEPTHWISE_CONV_2D, layer, weights, 3, fan_in, out, 2, options)

    def _dense(self, layer: Dense, name: str) -> None:
        fan_in = self._shape()[-1] if layer.rows else math.prod(self._shape())
        weights = self._integers((layer.units, fan_in), layer)
        options = schema.FullyConnectedOptionsT(layer.activation, keepNumDims=layer.rows)
        kind = schema.BuiltinOperator.FULLY_CONNECTED
        shape = (*self._shape()[:-1], layer.units) if layer.rows else (1, layer.units)
        self._weighted(name, kind, layer, weights, 0, fan_in, shape, 8, options)

    def _weighted(self, name, kind, layer, weights, axis, fan_in, out_shape, options_type, options) -> None:
        """One operator with weights and a bias; scales are such that int8 is well filled and the bias does not rule."""
        channels = weights.shape[axis]
        scales = self.rng.uniform(0.005, 0.02, channels if layer.per_channel else 1).astype(np.float32)
        typical_sum = math.sqrt(fan_in) * float(np.abs(weights).max()) * 60  # steps of the accumulator
        step = float(self.tensors[self.current].quantization.scale[0]) * float(scales.mean())
        if layer.activation == RELU6:  # real values that reach 6 and pass it
            scales, step = scales * np.float32(6 / (step * typical_sum)), 6 / typical_sum
        inputs = [self.current, self._constant(f"{name}/weights", weights, scales, axis, layer.int4)]
        if getattr(layer, "bias", True):  # left out as TFLite takes it: by a shorter list (CONV_2D always has one)
            inputs.append(self._bias(f"{name}/bias", channels, scales, typical_sum / 4))
        zero_point = self._zero_point(layer.activation)
        out_scale = step * typical_sum / 127 * float(self.rng.uniform(0.5, 1.2))
        output = self._activation(name, out_shape, out_scale, zero_point)
        self._operator(kind, inputs, output, options_type, options)

    def _integers(self, shape: tuple[int, ...], layer: Conv | Depthwise | Dense) -> np.ndarray:
        limit = 2 ** (layer.bits - 1) - 1
        weights = self.rng.integers(-limit, limit + 1, shape).astype(np.int8)
        if layer.zeros:
            weights[self.rng.random(shape) < layer.zeros] = 0
        weights.flat[0] = limit  # the width is derived from the integers: use all of it
        return weights

    def _bias(self, name: str, channels: int, scales: np.ndarray, largest: float) -> int:
        bias = self.rng.integers(-int(largest) - 1, int(largest) + 2, channels).astype(np.int32)
        return self._constant(name, bias, np.float32(self.tensors[self.current].quantization.scale[0]) * scales, 0)

    def _constant(
        self, name: str, values: np.ndarray, scales: np.ndarray | None = None, axis: int = 0, int4: bool = False
    ) -> int:
        raw = _packed(values) if int4 else np.frombuffer(values.tobytes(), np.uint8)
        self.buffers.append(schema.BufferT(data=raw))
        types = {np.dtype(np.int8): schema.TensorType.INT8, np.dtype(np.int32): schema.TensorType.INT32}
        quantization = None if scales is None else _quantization(scales, np.zeros(len(scales), np.int64), axis)
        dtype = schema.TensorType.INT4 if int4 else types[values.dtype]
        return self._tensor(name, values.shape, dtype, len(self.buffers) - 1, quantization)

    def _activation(self, name: str, shape: tuple[int, ...], scale: float, zero_point: int) -> int:
        quantization = _quantization(np.array([scale], np.float32), np.array([zero_point], np.int64), 0)
        return self._tensor(name, shape, schema.TensorType.INT8, 0, quantization)

    def _like_input(self, name: str, shape: tuple[int, ...]) -> int:
        return self._tensor(name, shape, schema.TensorType.INT8, 0, self._quantization())

    def _tensor(self, name, shape, dtype, buffer, quantization) -> int:
        self.tensors.append(schema.TensorT(list(shape), dtype, buffer, name, quantization))
        return len(self.tensors) - 1

    def _operator(
        self, kind: int, inputs: list[int], output: int, options_type: int = 0, options: object | None = None
    ) -> None:
        if kind not in self.codes:
            self.codes.append(kind)
        index = self.codes.index(kind)
        self.operators.append(schema.OperatorT(index, inputs, [output], options_type, options))
        self.current = output

    def _quantization(self) -> schema.QuantizationParametersT:
        return self.tensors[self.current].quantization

    def _shape(self) -> tuple[int, ...]:
        return tuple(self.tensors[self.current].shape)


def _packed(values: np.ndarray) -> np.ndarray:
    """int4, two a byte, the first in the lower half."""
    flat = values.reshape(-1).astype(np.uint8) & 15
    pairs = np.append(flat, np.zeros(len(flat) % 2, np.uint8)).reshape(-1, 2)
    return pairs[:, 0] | pairs[:, 1] << 4


def serialize(model: schema.ModelT) -> bytes:
    """Bytes of a model given as schema objects."""
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def edited(tflite: bytes, edit) -> bytes:
    """The same model after `edit(model)` has changed its schema objects."""
    model = schema.ModelT.InitFromPackedBuf(tflite, 0)
    edit(model)
    return serialize(model)


def with_power_of_two_scales(tflite: bytes) -> bytes:
    """The same integers under scales that are powers of two: products then lie exactly between two integers, often."""

    def edit(model: schema.ModelT) -> None:
        tensors = model.subgraphs[0].tensors
        for entry in {id(t.quantization): t.quantization for t in tensors if t.quantization is not None}.values():
            entry.scale = np.exp2(np.round(np.log2(entry.scale))).astype(np.float32)
        for operator in model.subgraphs[0].operators:
            if (
                len(operator.inputs) == 3 and tensors[operator.inputs[1]].quantization
            ):  # TFLite wants the bias at the scale of the products
                source, weights, bias = (tensors[index].quantization for index in operator.inputs)
                bias.scale = source.scale * weights.scale

    return edited(tflite, edit)


def _quantization(scales: np.ndarray, zero_points: np.ndarray, axis: int) -> schema.QuantizationParametersT:
    return schema.QuantizationParametersT(scale=scales, zeroPoint=zero_points, quantizedDimension=axis)
