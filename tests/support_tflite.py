"""Small int8 .tflite files, written through TFLite's schema: any scale, zero point and integer, in milliseconds.

In: the shape of the input and a list of layers (Conv, Depthwise, Dense, AveragePool, Mean, Reshape). Out: the bytes.
Weights, biases and scales are drawn from a numpy generator. Tests that want Keras' own road go through TensorFlow.
"""

import math
from dataclasses import dataclass

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

NONE, RELU, RELU6 = 0, 1, 3  # schema.ActivationFunctionType
SAME, VALID = 0, 1  # schema.Padding


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


@dataclass(frozen=True)
class Dense:
    units: int
    activation: int = NONE
    bits: int = 8
    bias: bool = True
    per_channel: bool = False
    zeros: float = 0.0  # share of the weights that are zero


@dataclass(frozen=True)
class AveragePool:
    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    padding: int = VALID
    activation: int = NONE


@dataclass(frozen=True)
class Mean:
    keep_dims: bool = False


@dataclass(frozen=True)
class Reshape:
    shape: tuple[int, ...]


Layer = Conv | Depthwise | Dense | AveragePool | Mean | Reshape


def build(input_shape: tuple[int, ...], layers: list[Layer], seed: int = 0, rectified: tuple = (-128, -90)) -> bytes:
    """Bytes of a one-subgraph int8 .tflite: input_shape without the batch, e.g. (49, 40, 1); layers in order.

    Zero points of outputs behind ReLU are drawn from `rectified`, the first as often as all others and once more.
    """
    network = _Network(seed)
    network.rectified = (rectified[0], *rectified)
    network.input((1, *input_shape))
    for index, layer in enumerate(layers):
        network.add(layer, f"layer_{index}")
    return network.finish()


class _Network:
    """Collects tensors and operators; `current` is the index of the activation that the next layer reads."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.buffers = [schema.BufferT(data=None)]
        self.tensors: list[schema.TensorT] = []
        self.operators: list[schema.OperatorT] = []
        self.codes: list[int] = []
        self.current = 0
        self.rectified: tuple = ()

    def input(self, shape: tuple[int, ...]) -> None:
        self.current = self._activation("input", shape, 0.1, int(self.rng.integers(-128, 128)))

    def add(self, layer: Layer, name: str) -> None:
        adders = {Conv: self._conv, Depthwise: self._depthwise, Dense: self._dense, AveragePool: self._pool}
        adders |= {Mean: self._mean, Reshape: self._reshape}
        adders[type(layer)](layer, name)

    def finish(self) -> bytes:
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
        out = _spatial((height, width), layer.kernel, layer.stride, layer.padding)
        options = schema.Conv2DOptionsT(layer.padding, layer.stride[1], layer.stride[0], layer.activation)
        self._weighted(
            name, schema.BuiltinOperator.CONV_2D, layer, weights, 0, fan_in, (1, *out, layer.filters), 1, options
        )

    def _depthwise(self, layer: Depthwise, name: str) -> None:
        _, height, width, channels = self._shape()
        weights = self._integers((1, *layer.kernel, channels * layer.multiplier), layer)
        out = (1, *_spatial((height, width), layer.kernel, layer.stride, layer.padding), weights.shape[3])
        options = schema.DepthwiseConv2DOptionsT(
            layer.padding, layer.stride[1], layer.stride[0], layer.multiplier, layer.activation
        )
        fan_in = math.prod(layer.kernel)
        self._weighted(name, schema.BuiltinOperator.DEPTHWISE_CONV_2D, layer, weights, 3, fan_in, out, 2, options)

    def _dense(self, layer: Dense, name: str) -> None:
        fan_in = math.prod(self._shape())
        weights = self._integers((layer.units, fan_in), layer)
        options = schema.FullyConnectedOptionsT(layer.activation)
        kind = schema.BuiltinOperator.FULLY_CONNECTED
        self._weighted(name, kind, layer, weights, 0, fan_in, (1, layer.units), 8, options)

    def _weighted(self, name, kind, layer, weights, axis, fan_in, out_shape, options_type, options) -> None:
        """One operator with weights and a bias; scales are such that int8 is well filled and the bias does not rule."""
        channels = weights.shape[axis]
        scales = self.rng.uniform(0.005, 0.02, channels if layer.per_channel else 1).astype(np.float32)
        typical_sum = math.sqrt(fan_in) * float(np.abs(weights).max()) * 60  # steps of the accumulator
        step = float(self.tensors[self.current].quantization.scale[0]) * float(scales.mean())
        if layer.activation == RELU6:  # real values that reach 6 and pass it
            scales, step = scales * np.float32(6 / (step * typical_sum)), 6 / typical_sum
        inputs = [self.current, self._constant(f"{name}/weights", weights, scales, axis)]
        if getattr(layer, "bias", True):  # left out as TFLite takes it: by a shorter list (CONV_2D always has one)
            inputs.append(self._bias(f"{name}/bias", channels, scales, typical_sum / 4))
        rectified = bool(layer.activation)
        zero_point = int(self.rng.choice(self.rectified)) if rectified else int(self.rng.integers(-50, 51))
        out_scale = step * typical_sum / 127 * float(self.rng.uniform(0.5, 1.2))
        output = self._activation(name, out_shape, out_scale, zero_point)
        self._operator(kind, inputs, output, options_type, options)

    def _pool(self, layer: AveragePool, name: str) -> None:
        _, height, width, channels = self._shape()
        out = _spatial((height, width), layer.kernel, layer.stride, layer.padding)
        options = schema.Pool2DOptionsT(
            layer.padding, layer.stride[1], layer.stride[0], layer.kernel[1], layer.kernel[0], layer.activation
        )
        output = self._like_input(name, (1, *out, channels))
        self._operator(schema.BuiltinOperator.AVERAGE_POOL_2D, [self.current], output, 5, options)

    def _mean(self, layer: Mean, name: str) -> None:
        channels = self._shape()[3]
        axes = self._constant(f"{name}/axes", np.array([1, 2], np.int32))
        scale = float(self.tensors[self.current].quantization.scale[0]) * float(self.rng.uniform(0.5, 1.2))
        zero_point = int(self.tensors[self.current].quantization.zeroPoint[0]) + int(self.rng.integers(-20, 21))
        shape = (1, 1, 1, channels) if layer.keep_dims else (1, channels)
        output = self._activation(name, shape, scale, max(-128, min(127, zero_point)))
        options = schema.ReducerOptionsT(layer.keep_dims)
        self._operator(schema.BuiltinOperator.MEAN, [self.current, axes], output, 27, options)

    def _reshape(self, layer: Reshape, name: str) -> None:
        shape = self._constant(f"{name}/shape", np.array((1, *layer.shape), np.int32))
        output = self._like_input(name, (1, *layer.shape))
        options = schema.ReshapeOptionsT(list((1, *layer.shape)))
        self._operator(schema.BuiltinOperator.RESHAPE, [self.current, shape], output, 17, options)

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

    def _constant(self, name: str, values: np.ndarray, scales: np.ndarray | None = None, axis: int = 0) -> int:
        self.buffers.append(schema.BufferT(data=np.frombuffer(values.tobytes(), np.uint8)))
        types = {np.dtype(np.int8): schema.TensorType.INT8, np.dtype(np.int32): schema.TensorType.INT32}
        quantization = None if scales is None else _quantization(scales, np.zeros(len(scales), np.int64), axis)
        return self._tensor(name, values.shape, types[values.dtype], len(self.buffers) - 1, quantization)

    def _activation(self, name: str, shape: tuple[int, ...], scale: float, zero_point: int) -> int:
        quantization = _quantization(np.array([scale], np.float32), np.array([zero_point], np.int64), 0)
        return self._tensor(name, shape, schema.TensorType.INT8, 0, quantization)

    def _like_input(self, name: str, shape: tuple[int, ...]) -> int:
        quantization = self.tensors[self.current].quantization
        return self._tensor(name, shape, schema.TensorType.INT8, 0, quantization)

    def _tensor(self, name, shape, dtype, buffer, quantization) -> int:
        self.tensors.append(schema.TensorT(list(shape), dtype, buffer, name, quantization))
        return len(self.tensors) - 1

    def _operator(self, kind: int, inputs: list[int], output: int, options_type: int, options: object) -> None:
        if kind not in self.codes:
            self.codes.append(kind)
        index = self.codes.index(kind)
        self.operators.append(schema.OperatorT(index, inputs, [output], options_type, options))
        self.current = output

    def _shape(self) -> tuple[int, ...]:
        return tuple(self.tensors[self.current].shape)


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
            if len(operator.inputs) == 3:  # TFLite wants the bias at the scale of the products
                source, weights, bias = (tensors[index].quantization for index in operator.inputs)
                bias.scale = source.scale * weights.scale

    return edited(tflite, edit)


def _quantization(scales: np.ndarray, zero_points: np.ndarray, axis: int) -> schema.QuantizationParametersT:
    return schema.QuantizationParametersT(scale=scales, zeroPoint=zero_points, quantizedDimension=axis)


def _spatial(size, kernel, stride, padding) -> tuple[int, int]:
    """Height and width of the output, TFLite's two paddings."""
    if padding == SAME:
        return tuple(-(-n // s) for n, s in zip(size, stride, strict=True))
    return tuple((n - k + s) // s for n, k, s in zip(size, kernel, stride, strict=True))
