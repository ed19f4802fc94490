"""Small int8 .tflite files without training or a converter: a chain of layers with integers drawn from a seed.

    writer = TfliteWriter((49, 40), seed=0)
    writer.conv(8, (10, 8), (2, 2))
    writer.dense(4)
    tflite = writer.finish()

Scales and zero points are of the kind that the project's own export gives: symmetric weights, one scale a filter of a
convolution and one a dense layer, ReLU with a zero point of -128, sums that fill int8. How long a model takes depends
on its shapes and on these, not on what it has learned. Schema: tensorflow/lite/schema/schema.fbs, version 3.
"""

import math

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

_SAME, _VALID = schema.Padding.SAME, schema.Padding.VALID
_RELU, _NONE = schema.ActivationFunctionType.RELU, schema.ActivationFunctionType.NONE
_INPUT_SCALE = 2.0**-4
_TYPICAL_INPUT, _TYPICAL_OUTPUT = 80.0, 64.0  # steps of int8, root mean square
_WEIGHT_SCALES = (0.005, 0.02)


class TfliteWriter:
    """Layers are added in order, each reads the output of the one before; input (H, W), one channel."""

    def __init__(self, input_shape: tuple[int, int], seed: int):
        self._rng = np.random.default_rng(seed)
        self._buffers = [schema.BufferT(data=None)]
        self._tensors: list[schema.TensorT] = []
        self._operators: list[schema.OperatorT] = []
        self._kinds: list[int] = []
        self._current = self._activation("input", (1, *input_shape, 1), _INPUT_SCALE, 0)

    def conv(self, filters: int, kernel: tuple[int, int], stride: tuple[int, int] = (1, 1), bits: int = 8) -> None:
        """CONV_2D, SAME, ReLU; `bits` is the width that the weights fill."""
        _, height, width, channels = self._shape()
        weights = self._integers((filters, *kernel, channels), bits)
        out = (1, -(-height // stride[0]), -(-width // stride[1]), filters)
        options = schema.Conv2DOptionsT(_SAME, stride[1], stride[0], _RELU)
        self._weighted("CONV_2D", weights, 0, filters, out, options, schema.BuiltinOptions.Conv2DOptions)

    def depthwise(self, kernel: tuple[int, int], bits: int = 8) -> None:
        """DEPTHWISE_CONV_2D, SAME, stride 1, ReLU."""
        shape = self._shape()
        weights = self._integers((1, *kernel, shape[3]), bits)
        options = schema.DepthwiseConv2DOptionsT(_SAME, 1, 1, 1, _RELU)
        kind = schema.BuiltinOptions.DepthwiseConv2DOptions
        self._weighted("DEPTHWISE_CONV_2D", weights, 3, shape[3], shape, options, kind)

    def dense(self, units: int, bits: int = 8) -> None:
        """FULLY_CONNECTED on all values, one scale, no activation."""
        weights = self._integers((units, math.prod(self._shape())), bits)
        options = schema.FullyConnectedOptionsT(_NONE)
        kind = schema.BuiltinOptions.FullyConnectedOptions
        self._weighted("FULLY_CONNECTED", weights, 0, 1, (1, units), options, kind)

    def average_pool(self) -> None:
        """AVERAGE_POOL_2D over the whole grid, at its input's scale."""
        _, height, width, channels = self._shape()
        options = schema.Pool2DOptionsT(_VALID, 1, 1, width, height, _NONE)
        quantization = self._tensors[self._current].quantization
        output = self._tensor("pool", (1, 1, 1, channels), schema.TensorType.INT8, 0, quantization)
        self._operator("AVERAGE_POOL_2D", [self._current], output, options, schema.BuiltinOptions.Pool2DOptions)

    def mean(self) -> None:
        """MEAN over the grid, at a scale of its own."""
        _, _, _, channels = self._shape()
        axes = self._constant("axes", np.array([1, 2], np.int32))
        output = self._activation("mean", (1, channels), self._scale() / 2, -128)
        options = schema.ReducerOptionsT(False)
        self._operator("MEAN", [self._current, axes], output, options, schema.BuiltinOptions.ReducerOptions)

    def finish(self) -> bytes:
        """The file."""
        graph = schema.SubGraphT(
            tensors=self._tensors, inputs=[0], outputs=[self._current], operators=self._operators, name="main"
        )
        codes = [schema.OperatorCodeT(deprecatedBuiltinCode=kind, builtinCode=kind, version=1) for kind in self._kinds]
        model = schema.ModelT(version=3, operatorCodes=codes, subgraphs=[graph], buffers=self._buffers)
        builder = flatbuffers.Builder(1024)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())

    def _weighted(self, kind, weights, axis, scales_number, out_shape, options, options_kind) -> None:
        """An operator with weights and a bias, its output scaled so that typical sums fill int8."""
        channels = weights.shape[axis]
        scales = self._rng.uniform(*_WEIGHT_SCALES, scales_number).astype(np.float32)
        typical = math.sqrt(weights.size / channels) * float(np.std(weights)) * _TYPICAL_INPUT
        bias = self._rng.integers(-int(typical), int(typical) + 1, channels).astype(np.int32)
        inputs = [self._current, self._constant(f"{kind}_weights", weights, scales, axis)]
        inputs.append(self._constant(f"{kind}_bias", bias, np.float32(self._scale()) * scales))
        out_scale = self._scale() * float(scales.mean()) * typical / _TYPICAL_OUTPUT
        zero_point = 0 if kind == "FULLY_CONNECTED" else -128
        output = self._activation(f"{kind}_{len(self._operators)}", out_shape, out_scale, zero_point)
        self._operator(kind, inputs, output, options, options_kind)

    def _integers(self, shape: tuple[int, ...], bits: int) -> np.ndarray:
        largest = 2 ** (bits - 1) - 1
        weights = self._rng.integers(-largest, largest + 1, shape).astype(np.int8)
        weights.flat[0] = largest  # the compiler derives the width from the integers
        return weights

    def _constant(self, name: str, values: np.ndarray, scales: np.ndarray | None = None, axis: int = 0) -> int:
        self._buffers.append(schema.BufferT(data=np.frombuffer(values.tobytes(), np.uint8)))
        kind = schema.TensorType.INT8 if values.dtype == np.int8 else schema.TensorType.INT32
        quantization = None if scales is None else _quantization(scales, np.zeros(len(scales), np.int64), axis)
        return self._tensor(name, values.shape, kind, len(self._buffers) - 1, quantization)

    def _activation(self, name: str, shape: tuple[int, ...], scale: float, zero_point: int) -> int:
        quantization = _quantization(np.array([scale], np.float32), np.array([zero_point], np.int64), 0)
        return self._tensor(name, shape, schema.TensorType.INT8, 0, quantization)

    def _tensor(self, name: str, shape: tuple[int, ...], kind: int, buffer: int, quantization) -> int:
        self._tensors.append(schema.TensorT(list(shape), kind, buffer, name, quantization))
        return len(self._tensors) - 1

    def _operator(self, name: str, inputs: list[int], output: int, options: object, options_kind: int) -> None:
        kind = getattr(schema.BuiltinOperator, name)
        if kind not in self._kinds:
            self._kinds.append(kind)
        self._operators.append(schema.OperatorT(self._kinds.index(kind), inputs, [output], options_kind, options))
        self._current = output

    def _shape(self) -> tuple[int, ...]:
        return tuple(self._tensors[self._current].shape)

    def _scale(self) -> float:
        return float(self._tensors[self._current].quantization.scale[0])


def _quantization(scales: np.ndarray, zero_points: np.ndarray, axis: int) -> schema.QuantizationParametersT:
    return schema.QuantizationParametersT(scale=scales, zeroPoint=zero_points, quantizedDimension=axis)
