"""ds_cnn -> .tflite: eleven operators, every integer and scale in them, and how near TFLite's answer is to torch's."""

import numpy as np
import pytest
import torch
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from kws.checkpoints import read_checkpoint
from kws.quantized import integer_weights
from kws.tflite.graph import Graph, Operator
from kws.tflite.interpreter import reference_logits
from kws.tflite.reader import read_graph
from tests import support_conversion
from tests.support_learning import dataset, inputs

BLOCK = ["DEPTHWISE_CONV_2D", "CONV_2D"]


@pytest.fixture(scope="module", params=support_conversion.DS_CNN_WIDTHS)
def exported(request, converted):
    """A quantized model, the graph of its .tflite, and the file."""
    tflite = (converted / f"ds_cnn_{request.param}.tflite").read_bytes()
    return read_checkpoint(converted / f"ds_cnn_{request.param}.pt"), read_graph(tflite), tflite


def test_no_operator_is_a_stray(exported):
    kinds = [operator.kind for operator in exported[1].operators]
    assert kinds == ["CONV_2D", *BLOCK * 4, "MEAN", "FULLY_CONNECTED"]


def test_weights_and_scales_are_exact_one_scale_a_channel(exported):
    model, graph, _ = exported
    for operator, name in zip(graph.operators, model.names, strict=False):
        integers, scales = integer_weights(model.get_submodule(name))
        order = (1, 2, 3, 0) if operator.kind == "DEPTHWISE_CONV_2D" else (0, 2, 3, 1)
        weights = operator.inputs[1]
        np.testing.assert_array_equal(weights.data, integers.permute(order).numpy())
        np.testing.assert_array_equal(np.float32(weights.quantization.scales), scales.numpy())
        assert len(scales) == 8


def test_every_activation_between_is_exact(exported):
    model, graph, _ = exported
    for operator, name in zip(graph.operators, model.activations, strict=True):
        found = operator.outputs[0].quantization
        assert found.scales == (float(model.activations[name].scale),)
        assert name == "logits" or found.zero_points == (-128,)


def test_the_mean_is_exact_but_for_tflites_two_roundings(exported):
    """From TFLite's own integers before it: the sum by a multiplier, rounded, shifted to the right, rounded again."""
    _, graph, tflite = exported
    mean = next(operator for operator in graph.operators if operator.kind == "MEAN")
    before, after = tensors(graph, mean, tflite)
    factor = mean.inputs[0].quantization.scales[0] / mean.outputs[0].quantization.scales[0]
    exact = ((before + 128).mean((1, 2)) * factor - 128).clip(-128, 127)
    shift = 7 - int(np.frexp(factor)[1])  # 7 of the 250 places, the largest power of two in them
    assert shift >= 3 and np.abs(exact - after).max() <= 0.5 + 0.5 * 2.0**-shift + 1e-4
    assert len(np.unique(after)) > 40


def test_logits_are_near_torchs(exported):
    """Each convolution rounds twice where torch rounds once, a half always upwards: some units of 255 at the end."""
    model, _, tflite = exported
    logits = model.activations["logits"]
    with torch.no_grad():
        wanted = (model(inputs(48)) / logits.scale).round() + logits.zero_point
    found = reference_logits(tflite, dataset().testing_features)
    error = np.abs(found - wanted.numpy())
    assert error.max() <= 6 and error.mean() < 2 and len(np.unique(found)) > 20


def tensors(graph: Graph, operator: Operator, tflite: bytes) -> tuple[np.ndarray, np.ndarray]:
    """What an operator reads and writes, by TFLite's reference kernels: two of (B, ...) int64."""
    interpreter = Interpreter(
        model_content=tflite,
        experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
        experimental_preserve_all_tensors=True,
    )
    interpreter.allocate_tensors()
    found = []
    for clip in dataset().testing_features:
        interpreter.set_tensor(graph.inputs[0].index, clip.reshape(1, 49, 40, 1))
        interpreter.invoke()
        found.append([interpreter.get_tensor(one.index)[0] for one in (operator.inputs[0], operator.outputs[0])])
    return tuple(np.stack(values).astype(np.int64) for values in zip(*found, strict=True))
