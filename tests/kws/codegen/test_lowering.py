"""What the compiler refuses, and that each refusal names the operator."""

from collections.abc import Callable

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from kws.codegen.lowering import lower
from kws.errors import ModelError
from kws.tflite.reader import read_graph
from tests.support_tflite import AveragePool, Conv, Dense, Depthwise, Mean, Reshape, build, edited

NET = build((9, 8, 2), [Conv(4, (3, 2)), AveragePool((2, 2)), Depthwise((2, 2)), Mean(), Dense(3)], 2)


def refused(edit: Callable[[schema.ModelT], None], message: str, tflite: bytes = NET) -> None:
    with pytest.raises(ModelError, match=message):
        lower(read_graph(edited(tflite, edit)))


def operator(model: schema.ModelT, index: int) -> schema.OperatorT:
    return model.subgraphs[0].operators[index]


def input_tensor(model: schema.ModelT, index: int, number: int) -> schema.TensorT:
    return model.subgraphs[0].tensors[operator(model, index).inputs[number]]


def output_tensor(model: schema.ModelT, index: int) -> schema.TensorT:
    return model.subgraphs[0].tensors[operator(model, index).outputs[0]]


def test_the_network_itself_is_taken():
    network = lower(read_graph(NET))
    kernels = ["conv_2d", "average_pool_2d", "depthwise_conv_2d", "mean", "fully_connected"]
    assert [layer.kernel for layer in network.layers] == kernels
    assert (network.input_bytes, network.classes) == (144, 3)
    assert [layer.macs for layer in network.layers] == [72 * 4 * 12, 0, 56 * 4 * 4, 0, 12]


def test_an_operator_without_a_kernel():
    def edit(model):
        model.operatorCodes[0].builtinCode = model.operatorCodes[0].deprecatedBuiltinCode = 14

    refused(edit, "operator 0 LOGISTIC: there is no kernel for it; there are AVERAGE_POOL_2D, CONV_2D")


@pytest.mark.parametrize(
    ("index", "field", "value", "message"),
    [
        (0, "dilationHFactor", 2, "operator 0 CONV_2D: it is dilated"),
        (0, "fusedActivationFunction", 4, "operator 0 CONV_2D has fused activation number 4"),
        (0, "strideW", 0, "operator 0 CONV_2D: kernel .* is not positive"),
        (0, "strideH", 2, "operator 0 CONV_2D: tensor .* has shape .* where the operator gives"),
        (0, "padding", 5, "operator 0 CONV_2D: padding number 5"),
        (1, "filterHeight", 99, "operator 1 AVERAGE_POOL_2D: a window of 99 does not fit into 9"),
        (2, "dilationWFactor", 3, "operator 2 DEPTHWISE_CONV_2D: it is dilated"),
        (4, "weightsFormat", 1, "operator 4 FULLY_CONNECTED: its weights are shuffled"),
    ],
)
def test_options_that_the_kernels_do_not_take(index: int, field: str, value: int, message: str):
    refused(lambda model: setattr(operator(model, index).builtinOptions, field, value), message)


def test_activations_that_are_not_int8():
    def edit(model):
        output_tensor(model, 0).type = schema.TensorType.INT16

    refused(edit, "tensor 3 'layer_0' is int16, and the kernels are int8")


def test_weights_with_a_zero_point():
    def edit(model):
        input_tensor(model, 4, 1).quantization.zeroPoint = np.array([3], np.int64)

    refused(edit, "operator 4 FULLY_CONNECTED: weights .* need scales and zero points of 0")


def test_weights_that_are_computed():
    def edit(model):
        operator(model, 0).inputs = [0, 0, 2]

    refused(edit, "operator 0 CONV_2D: its weights must be a constant int8 tensor and is .*computed int8")


def test_a_bias_of_another_length():
    def edit(model):
        bias = input_tensor(model, 4, 2)
        bias.shape, bias.quantization = [1], None
        model.buffers[bias.buffer].data = np.zeros(4, np.uint8)

    refused(edit, "operator 4 FULLY_CONNECTED: its bias has 1 values for 3 output channels")


def test_a_bias_that_overflows_the_accumulator():
    def edit(model):
        data = np.full(3, 2**31 - 1, np.int32)
        model.buffers[input_tensor(model, 4, 2).buffer].data = np.frombuffer(data.tobytes(), np.uint8)

    refused(edit, "operator 4 FULLY_CONNECTED: the sum of output channel 0 can reach")


def test_a_pool_that_would_have_to_rescale():
    def edit(model):
        tensor = output_tensor(model, 1)
        tensor.quantization = schema.QuantizationParametersT(scale=np.array([9], np.float32), zeroPoint=np.array([0]))

    refused(edit, "operator 1 AVERAGE_POOL_2D: its input and output have different scales")


def test_a_mean_over_other_axes():
    def edit(model):
        axes = np.array([1, 3], np.int32)
        model.buffers[input_tensor(model, 3, 1).buffer].data = np.frombuffer(axes.tobytes(), np.uint8)

    refused(edit, r"operator 3 MEAN: it takes the mean over axes \[1, 3\]")


def test_a_graph_that_is_not_a_chain():
    def edit(model):
        operator(model, 1).inputs = [0]

    refused(edit, "operator 1 AVERAGE_POOL_2D: it reads tensor 0 'input', not tensor 3 'layer_0'")


def test_a_batch_of_two():
    def edit(model):
        model.subgraphs[0].tensors[0].shape = [2, 9, 8, 2]

    refused(edit, r"operator 0 CONV_2D: tensor 0 'input' has shape \(2, 9, 8, 2\)")


def test_a_model_that_computes_nothing():
    with pytest.raises(ModelError, match="there is no layer"):
        lower(read_graph(build((4, 4, 1), [Reshape((16,))])))
