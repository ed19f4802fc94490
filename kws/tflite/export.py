"""torch -> Keras (nobuco) -> .tflite: a quantized model's integers and scales arrive in the file exactly.

Weights of fewer than 8 bits are declared as 8-bit weights with the range +-127 scales, of which they use the middle:
so the converter neither regrids nor repacks them. kws/codegen packs them by the integers it finds. What arrived is
read back and compared, and a difference is a ModelError.
"""

import numpy as np
import torch
from torch import nn

from kws.errors import ModelError
from kws.features import BANDS, FRAMES
from kws.tflite.deployable import INT8, Deployable, GridMean, IntegerConv2d, IntegerDense, IntegerLayer, Requantizer
from kws.tflite.graph import Operator, Tensor
from kws.tflite.imports import import_converter
from kws.tflite.reader import read_graph

tensorflow, keras, nobuco = import_converter()
_TENSORFLOW = nobuco.ChannelOrder.TENSORFLOW
_AS_TENSORFLOW = nobuco.ChannelOrderingStrategy.FORCE_TENSORFLOW_ORDER
_AS_IT_COMES = nobuco.ChannelOrderingStrategy.MINIMUM_TRANSPOSITIONS
_LARGEST = 127  # of a weight declared as int8, narrow range
_WEIGHTS_ORDER = {  # torch's (C', C, H, W) or (C', inputs) in TFLite's order
    "CONV_2D": (0, 2, 3, 1),
    "DEPTHWISE_CONV_2D": (1, 2, 3, 0),
    "FULLY_CONNECTED": (0, 1),
}


def to_tflite(model: nn.Module) -> bytes:
    """Convert a finished quantized model (kws.quantized) to an int8 .tflite of batch 1.

    Raises:
        ModelError: an integer or a scale did not arrive as it is in the model.
    """
    keras.backend.clear_session()  # layers' names, which the file holds, would tell how many models came before it
    deployable = Deployable(model).eval()
    x = torch.zeros(1, 1, FRAMES, BANDS)
    graph = nobuco.pytorch_to_keras(
        deployable, args=[x], inputs_channel_order=_TENSORFLOW, outputs_channel_order=_TENSORFLOW, trace_shape=False
    )
    signature = tensorflow.TensorSpec((1, FRAMES, BANDS, 1), tensorflow.float32)
    function = tensorflow.function(lambda features: graph(features)).get_concrete_function(signature)
    converter = tensorflow.lite.TFLiteConverter.from_concrete_functions([function], graph)
    converter.optimizations = [tensorflow.lite.Optimize.DEFAULT]
    converter.inference_input_type = converter.inference_output_type = tensorflow.int8
    tflite = converter.convert()
    _check_arrival(tflite, deployable)
    return tflite


class _Weighted(keras.layers.Layer):
    """A layer whose kernel passes a fake-quantize operator, which tells the converter its scales."""

    def __init__(self, layer: IntegerLayer, kernel: np.ndarray, **options):
        super().__init__(**options)
        self.kernel = self._constant("kernel", kernel)  # output channels last
        self.bias = self._constant("bias", layer.bias.numpy())
        self.range = layer.scales.numpy() * np.float32(_LARGEST)

    def _constant(self, name: str, value: np.ndarray):
        return self.add_weight(name=name, shape=value.shape, initializer=keras.initializers.Constant(value))

    def quantized_kernel(self):
        operators = tensorflow.quantization
        if len(self.range) == 1:
            low, high = -self.range[0], self.range[0]
            return operators.fake_quant_with_min_max_args(self.kernel, low, high, num_bits=8, narrow_range=True)
        return operators.fake_quant_with_min_max_vars_per_channel(
            self.kernel, -self.range, self.range, num_bits=8, narrow_range=True
        )


@nobuco.converter(IntegerConv2d, channel_ordering_strategy=_AS_TENSORFLOW)
def _conv2d(self: IntegerConv2d, x):
    class Conv2d(_Weighted):
        def call(self, x):
            convolved = tensorflow.nn.conv2d(x, self.quantized_kernel(), stride, "SAME")
            return tensorflow.nn.bias_add(convolved, self.bias)

    class DepthwiseConv2d(_Weighted):
        def call(self, x):
            kernel = tensorflow.transpose(self.quantized_kernel(), (0, 1, 3, 2))  # scales are an output channel's
            convolved = tensorflow.nn.depthwise_conv2d(x, kernel, [1, *stride, 1], "SAME")
            return tensorflow.nn.bias_add(convolved, self.bias)

    stride = list(self.stride)
    return (DepthwiseConv2d if self.depthwise else Conv2d)(self, self.values().permute(2, 3, 1, 0).numpy())


@nobuco.converter(GridMean, channel_ordering_strategy=_AS_TENSORFLOW)
def _grid_mean(self: GridMean, x):
    return lambda x: tensorflow.reduce_mean(x, (1, 2))


@nobuco.converter(IntegerDense, channel_ordering_strategy=nobuco.ChannelOrderingStrategy.FORCE_PYTORCH_ORDER)
def _dense(self: IntegerDense, x):
    class Dense(_Weighted):
        def call(self, x):
            return tensorflow.nn.bias_add(tensorflow.matmul(x, self.quantized_kernel()), self.bias)

    return Dense(self, self.values().T.numpy())


@nobuco.converter(Requantizer, channel_ordering_strategy=_AS_IT_COMES)
def _requantizer(self: Requantizer, x):
    low, high = ((bound - self.zero_point) * self.scale for bound in (INT8.low, INT8.high))
    return lambda x: tensorflow.quantization.fake_quant_with_min_max_args(x, low, high, num_bits=8)


def _check_arrival(tflite: bytes, deployable: Deployable) -> None:
    """Compare every integer, scale and zero point in the file with the model's."""
    graph = read_graph(tflite)
    operators = [operator for operator in graph.operators if operator.kind != "RESHAPE"]
    steps = deployable.steps
    if [operator.kind for operator in operators] != [_kind(layer) for layer, _ in steps]:
        found, wanted = (", ".join(kinds) for kinds in ([o.kind for o in operators], [_kind(la) for la, _ in steps]))
        raise ModelError(
            f"the converter wrote {found} where {wanted} belong; the versions in requirements.lock do not."
        )
    source = deployable.input
    for operator, (layer, output) in zip(operators, steps, strict=True):
        _same_tensor(operator, "input", operator.inputs[0], source)
        if isinstance(layer, IntegerLayer):
            _check_weights(operator, layer, source.scale)
        _same_tensor(operator, "output", operator.outputs[0], output)
        source = output


def _check_weights(operator: Operator, layer: IntegerLayer, source_scale: float) -> None:
    """Weights, scales and biases are equal; see kws.quantized.finish for the biases."""
    weights, bias = operator.inputs[1:]
    integers = layer.integers.permute(_WEIGHTS_ORDER[operator.kind]).numpy()
    _same(operator, "weights", weights.data, integers)
    _same(operator, "scales", np.float32(weights.quantization.scales), layer.scales.numpy())
    units = np.float64(source_scale) * layer.scales.numpy()
    _same(operator, "biases", bias.data, np.round(layer.bias.numpy().astype(np.float64) / units))


def _same_tensor(operator: Operator, what: str, tensor: Tensor, wanted: Requantizer) -> None:
    _same(operator, f"{what}'s scale", np.float32(tensor.quantization.scales), np.float32(wanted.scale))
    _same(operator, f"{what}'s zero point", tensor.quantization.zero_points, wanted.zero_point)


def _same(operator: Operator, what: str, found, wanted) -> None:
    if not np.array_equal(*np.broadcast_arrays(found, wanted)):
        raise ModelError(
            f"{operator.place}: the converter changed the {what}; the versions in requirements.lock keep them."
        )


def _kind(layer: nn.Module) -> str:
    """The operator that a layer becomes."""
    if isinstance(layer, IntegerConv2d):
        return "DEPTHWISE_CONV_2D" if layer.depthwise else "CONV_2D"
    return {IntegerDense: "FULLY_CONNECTED", GridMean: "MEAN"}[type(layer)]
