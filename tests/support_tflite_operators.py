"""The operators of support_tflite.build that carry no weights, with what TFLite asks of their tensors.

Dataclasses for a list of layers: From goes back to an earlier tensor, which makes a graph of the chain.
"""

from dataclasses import dataclass

import numpy as np
from ai_edge_litert import schema_py_generated as schema

NONE, RELU, RELU6 = 0, 1, 3  # schema.ActivationFunctionType
SAME, VALID = 0, 1  # schema.Padding


@dataclass(frozen=True)
class From:
    """The next layer reads tensor `index`: 0 is the input, i the output of layer i - 1, From itself included."""

    index: int


@dataclass(frozen=True)
class AveragePool:
    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    padding: int = VALID
    activation: int = NONE


@dataclass(frozen=True)
class MaxPool:
    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    padding: int = VALID
    activation: int = NONE


@dataclass(frozen=True)
class Mean:
    keep_dims: bool = False
    axes: tuple[int, ...] = (1, 2)
    same: bool = False  # scale and zero point as of the input


@dataclass(frozen=True)
class Reshape:
    shape: tuple[int, ...]  # without the batch


@dataclass(frozen=True)
class Transpose:
    permutation: tuple[int, ...]


@dataclass(frozen=True)
class Pad:
    paddings: tuple[tuple[int, int], ...]  # of each axis, the batch included
    value: int | None = None  # of PADV2


@dataclass(frozen=True)
class Add:
    """The current tensor and tensor `index`, or a constant of shape `constant`."""

    index: int = 0
    constant: tuple[int, ...] | None = None
    activation: int = NONE
    swapped: bool = False  # the current tensor is the second operand


@dataclass(frozen=True)
class Softmax:
    beta: float = 1.0


@dataclass(frozen=True)
class Logistic:
    pass


@dataclass(frozen=True)
class Relu:
    pass


@dataclass(frozen=True)
class Relu6:
    pass


@dataclass(frozen=True)
class Quantize:
    """int8 to int8 of another scale and zero point, or of the same."""

    same: bool = False


Plain = (
    From | AveragePool | MaxPool | Mean | Reshape | Transpose | Pad | Add | Softmax | Logistic | Relu | Relu6 | Quantize
)
_KINDS = {AveragePool: "AVERAGE_POOL_2D", MaxPool: "MAX_POOL_2D", Relu: "RELU", Relu6: "RELU6", Softmax: "SOFTMAX"}
_KINDS |= {Logistic: "LOGISTIC", Quantize: "QUANTIZE"}


class PlainOperators:
    """The part of support_tflite's network that adds operators without weights; it reads and moves `current`."""

    def plain(self, layer: Plain, name: str) -> None:
        """Append one of them."""
        adders = {Mean: self._mean, Add: self._add, Reshape: self._reshape, AveragePool: self._pool, Pad: self._pad}
        adders |= {MaxPool: self._pool, Transpose: self._transpose, From: self._go_back}
        adders.get(type(layer), self._unary)(layer, name)

    def _go_back(self, layer: From, _: str) -> None:
        self.current = self.outputs[layer.index]

    def _pool(self, layer: AveragePool | MaxPool, name: str) -> None:
        _, height, width, channels = self._shape()
        out = spatial((height, width), layer.kernel, layer.stride, layer.padding)
        options = schema.Pool2DOptionsT(
            layer.padding, layer.stride[1], layer.stride[0], layer.kernel[1], layer.kernel[0], layer.activation
        )
        output = self._like_input(name, (1, *out, channels))
        self._operator(_code(_KINDS[type(layer)]), [self.current], output, 5, options)

    def _mean(self, layer: Mean, name: str) -> None:
        before, axes = self._shape(), {axis % len(self._shape()) for axis in layer.axes}
        constant = self._constant(f"{name}/axes", np.array(layer.axes, np.int32))
        scale = float(self._quantization().scale[0]) * float(self.rng.uniform(0.5, 1.2))
        zero_point = int(self._quantization().zeroPoint[0]) + int(self.rng.integers(-20, 21))
        kept = [(1 if axis in axes else length, axis in axes) for axis, length in enumerate(before)]
        shape = tuple(length for length, summed in kept if layer.keep_dims or not summed)
        output = self._activation(name, shape, scale, max(-128, min(127, zero_point)))
        output = self._like_input(name, shape) if layer.same else output
        options = schema.ReducerOptionsT(layer.keep_dims)
        self._operator(schema.BuiltinOperator.MEAN, [self.current, constant], output, 27, options)

    def _reshape(self, layer: Reshape, name: str) -> None:
        shape = self._constant(f"{name}/shape", np.array((1, *layer.shape), np.int32))
        output = self._like_input(name, (1, *layer.shape))
        options = schema.ReshapeOptionsT(list((1, *layer.shape)))
        self._operator(schema.BuiltinOperator.RESHAPE, [self.current, shape], output, 17, options)

    def _transpose(self, layer: Transpose, name: str) -> None:
        permutation = self._constant(f"{name}/permutation", np.array(layer.permutation, np.int32))
        output = self._like_input(name, tuple(self._shape()[axis] for axis in layer.permutation))
        kind = schema.BuiltinOperator.TRANSPOSE
        self._operator(kind, [self.current, permutation], output, 26, schema.TransposeOptionsT())

    def _pad(self, layer: Pad, name: str) -> None:
        inputs = [self.current, self._constant(f"{name}/paddings", np.array(layer.paddings, np.int32))]
        shape = tuple(n + sum(sides) for n, sides in zip(self._shape(), layer.paddings, strict=True))
        output = self._like_input(name, shape)
        if layer.value is None:
            self._operator(schema.BuiltinOperator.PAD, inputs, output, 22, schema.PadOptionsT())
            return
        inputs.append(self._constant(f"{name}/value", np.array([layer.value], np.int8)))
        self.tensors[inputs[-1]].quantization = self._quantization()
        self._operator(schema.BuiltinOperator.PADV2, inputs, output, 43, schema.PadV2OptionsT())

    def _add(self, layer: Add, name: str) -> None:
        other = self.outputs[layer.index]
        if layer.constant is not None:
            values = self.rng.integers(-128, 128, layer.constant).astype(np.int8)
            other = self._constant(f"{name}/constant", values, self.rng.uniform(0.02, 0.2, 1).astype(np.float32))
            self.tensors[other].quantization.zeroPoint = self.rng.integers(-128, 128, 1)
        operands = [other, self.current] if layer.swapped else [self.current, other]
        shape = np.broadcast_shapes(*(tuple(self.tensors[index].shape) for index in operands))
        largest = max(float(self.tensors[index].quantization.scale[0]) for index in operands)
        output = self._activation(
            name, shape, largest * float(self.rng.uniform(0.6, 2)), self._zero_point(layer.activation)
        )
        self._operator(schema.BuiltinOperator.ADD, operands, output, 11, schema.AddOptionsT(layer.activation))

    def _unary(self, layer: Plain, name: str) -> None:
        """A function of single values, or of rows."""
        scale, zero_point = float(self._quantization().scale[0]) * float(self.rng.uniform(0.5, 1.5)), -128
        options = (0, None)
        if isinstance(layer, Softmax):
            scale, options = 1 / 256, (9, schema.SoftmaxOptionsT(layer.beta))
        elif isinstance(layer, Logistic):
            scale = 1 / 256
        elif isinstance(layer, Quantize):
            zero_point = int(self.rng.integers(-128, 128))
        else:
            zero_point = int(self.rng.choice(self.rectified))
        same = isinstance(layer, Quantize) and layer.same
        output = (
            self._like_input(name, self._shape()) if same else self._activation(name, self._shape(), scale, zero_point)
        )
        self._operator(_code(_KINDS[type(layer)]), [self.current], output, *options)

    def _zero_point(self, activation: int) -> int:
        """Of an output, by its fused activation."""
        return int(self.rng.choice(self.rectified)) if activation else int(self.rng.integers(-50, 51))


def _code(name: str) -> int:
    return getattr(schema.BuiltinOperator, name)


def spatial(size, kernel, stride, padding) -> tuple[int, int]:
    """Height and width of the output, TFLite's two paddings."""
    if padding == SAME:
        return tuple(-(-n // s) for n, s in zip(size, stride, strict=True))
    return tuple((n - k + s) // s for n, k, s in zip(size, kernel, stride, strict=True))
