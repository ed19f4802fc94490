"""What the compiler refuses, and that each refusal names the operator."""

from collections.abc import Callable

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from kws.codegen.lowering import lower
from kws.errors import ModelError
from kws.tflite.reader import read_graph
from tests.support_tflite import Conv, Dense, Depthwise, build, edited
from tests.support_tflite_operators import (
    RELU,
    VALID,
    Add,
    AveragePool,
    From,
    Logistic,
    MaxPool,
    Mean,
    Pad,
    Quantize,
    Reshape,
    Transpose,
)

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


def test_float_weights_are_refused_with_how_to_quantize():
    def edit(model):
        weights = input_tensor(model, 0, 1)
        weights.type, weights.quantization = schema.TensorType.FLOAT32, None
        model.buffers[weights.buffer].data = np.zeros(4 * int(np.prod(weights.shape)), np.uint8)

    refused(edit, "operator 0 CONV_2D: its weights must be .* constant float32: convert with full integer quantization")
    refused(edit, "representative_dataset, .*TFLITE_BUILTINS_INT8")


def test_an_operator_without_a_kernel():
    def edit(model):
        model.operatorCodes[0].builtinCode = model.operatorCodes[0].deprecatedBuiltinCode = 18

    refused(edit, "operator 0 MUL: there is no kernel for it; there are ADD, AVERAGE_POOL_2D, CONV_2D")


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
        source, _, bias = operator(model, 2).inputs
        operator(model, 2).inputs = [source, operator(model, 1).inputs[0], bias]

    refused(edit, "operator 2 DEPTHWISE_CONV_2D: its weights must be a constant int8 tensor and is .*computed int8")


def test_weights_that_nothing_computes():
    def edit(model):
        input_tensor(model, 0, 1).buffer = 0

    refused(edit, "operator 0 CONV_2D reads tensor .*'layer_0/weights', which no operator before it computes")


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


def test_a_mean_whose_axes_do_not_give_its_output():
    def edit(model):
        axes = np.array([1, 3], np.int32)
        model.buffers[input_tensor(model, 3, 1).buffer].data = np.frombuffer(axes.tobytes(), np.uint8)

    refused(edit, r"operator 3 MEAN: its axes \[1, 3\] do not fit \(1, 8, 7, 4\)")


def test_a_graph_that_reads_what_comes_later():
    def edit(model):
        operator(model, 0).inputs = [operator(model, 4).outputs[0], *operator(model, 0).inputs[1:]]

    refused(edit, "operator 0 CONV_2D reads tensor .*'layer_4', which no operator before it computes")


def test_a_tensor_that_is_computed_twice():
    def edit(model):
        operator(model, 1).outputs = operator(model, 0).outputs

    refused(edit, "operator 1 AVERAGE_POOL_2D: tensor 3 'layer_0' is written a second time")


def test_an_operator_that_nobody_reads_makes_no_layer():
    layers = [Conv(4, (3, 2)), From(0), MaxPool((2, 2)), Mean(), Dense(3)]
    assert [layer.kernel for layer in lower(read_graph(build((9, 8, 2), layers))).layers] == [
        "max_pool_2d",
        "mean",
        "fully_connected",
    ]


def kernels(*layers: object, shape: tuple[int, ...] = (9, 8, 2)) -> list[str]:
    return [layer.kernel for layer in lower(read_graph(build(shape, list(layers)))).layers]


def test_paddings_that_a_window_can_take_make_no_layer():
    pad = Pad(((0, 0), (1, 2), (0, 1), (0, 0)))
    assert kernels(pad, Conv(3, (3, 3), padding=VALID)) == ["conv_2d"]
    assert kernels(pad, Depthwise((3, 3), padding=VALID)) == ["depthwise_conv_2d"]
    assert kernels(pad, Conv(3, (2, 3), padding=VALID)) == ["pad", "conv_2d"]  # a window of padding alone
    assert kernels(pad, Conv(3, (3, 3))) == ["pad", "conv_2d"]  # SAME pads what is padded
    assert kernels(pad, AveragePool((3, 3))) == ["pad", "average_pool_2d"]  # it counts what is padded
    assert kernels(Pad(((0, 0), (1, 1), (0, 0), (0, 1))), Conv(3, (3, 3), padding=VALID)) == ["pad", "conv_2d"]
    assert kernels(pad, Conv(2, (3, 3), padding=VALID), Dense(2), From(1), Mean(), Add(3)) == [
        "pad",
        "conv_2d",
        "fully_connected",
        "mean",
        "add",
    ]  # somebody else reads what is padded
    relu = Conv(3, (1, 1), activation=RELU)
    for rectified, wanted in ((-128, ["conv_2d", "max_pool_2d"]), (-90, ["conv_2d", "pad", "max_pool_2d"])):
        tflite = build((9, 8, 2), [relu, pad, MaxPool((3, 3))], rectified=(rectified,))
        assert [layer.kernel for layer in lower(read_graph(tflite)).layers] == wanted


def test_transpositions_that_move_nothing_make_no_layer():
    assert kernels(Mean(True), Transpose((0, 3, 1, 2)), Reshape((2,)), Dense(3)) == ["mean", "fully_connected"]
    assert kernels(Transpose((0, 3, 1, 2)), Transpose((0, 2, 3, 1)), Conv(3, (3, 3))) == ["conv_2d"]
    assert kernels(Conv(3, (3, 3)), Transpose((0, 2, 3, 1)), Reshape((216,)), Dense(3)) == [
        "conv_2d",
        "fully_connected",
    ]


def test_a_transposition_that_would_move_values():
    with pytest.raises(ModelError, match=r"operator 0 TRANSPOSE: it turns shape \(1, 9, 8, 2\) into \(1, 2, 9, 8\)"):
        kernels(Transpose((0, 3, 1, 2)), Mean())


def test_values_that_stay_make_no_layer():
    network = lower(read_graph(build((9, 8, 2), [Quantize(same=True), MaxPool((2, 2)), Quantize(same=True)])))
    assert [layer.kernel for layer in network.layers] == ["max_pool_2d"]
    assert network.layers[0].writes == network.output.tensor


def test_float_ends_are_the_callers():
    network = lower(read_graph(build((9, 8, 2), [Conv(4, (3, 2)), Mean()], 2, float_ends=True)))
    assert [layer.kernel for layer in network.layers] == ["conv_2d", "mean"]
    assert (network.input_bytes, network.classes) == (144, 4)
    assert network.input.scale == pytest.approx(0.1)


def test_floats_within_a_model():
    def edit(model):
        operator(model, 0).inputs = [0]
        output_tensor(model, 0).type = schema.TensorType.FLOAT32
        model.operatorCodes[0].builtinCode = model.operatorCodes[0].deprecatedBuiltinCode = 6

    refused(edit, "operator 0 DEQUANTIZE: it makes floats within the model")


@pytest.mark.parametrize(
    ("layers", "edit", "message"),
    [
        ([Logistic()], lambda model: rescale(model, 0.5), "operator 0 LOGISTIC: its output has scale"),
        ([MaxPool((2, 2))], lambda model: rescale(model, 0.5), "operator 0 MAX_POOL_2D: its input and output have dif"),
        ([Pad(((0, 0), (1, 0), (0, 0), (0, 0)))], lambda model: rescale(model, 0.5), "operator 0 PAD: its input and"),
        ([Add(0)], lambda model: rescale(model, 1e-9), "operator 0 ADD: output scale .* is too small for inputs"),
    ],
)
def test_scales_that_the_kernels_do_not_take(layers: list, edit: Callable, message: str):
    refused(edit, message, build((9, 8, 2), layers))


def rescale(model: schema.ModelT, scale: float) -> None:
    output_tensor(model, 0).quantization = schema.QuantizationParametersT(
        scale=np.array([scale], np.float32), zeroPoint=np.array([3])
    )


def test_a_batch_of_two():
    def edit(model):
        model.subgraphs[0].tensors[0].shape = [2, 9, 8, 2]

    refused(edit, r"operator 0 CONV_2D: tensor 0 'input' has shape \(2, 9, 8, 2\)")


def test_a_model_that_computes_nothing():
    with pytest.raises(ModelError, match="there is no layer"):
        lower(read_graph(build((4, 4, 1), [Reshape((16,))])))
