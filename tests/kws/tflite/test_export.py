"""torch -> .tflite: every integer and scale arrives, the operators are the promised ones, and damage is noticed."""

import json

import numpy as np
import pytest

from kws.checkpoints import read_checkpoint
from kws.features import FEATURE_SCALE
from kws.integer_model import IntegerModel
from kws.quantized import integer_weights
from kws.tflite.deployable import Deployable
from kws.tflite.interpreter import reference_logits
from kws.tflite.reader import read_graph
from tests import support_conversion
from tests.support_learning import dataset


@pytest.fixture(scope="module", params=support_conversion.WIDTHS)
def exported(request, converted):
    """A quantized model, the graph of its .tflite, and the file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KWS_STORE", str(converted / "store"))
        files, *_ = support_conversion.convert(converted, request.param)
    return (
        read_checkpoint(converted / "qat" / f"w{request.param}a8_seed0.pt"),
        read_graph(files["deployed"]),
        files["deployed"],
    )


def test_the_operators_are_three(exported):
    assert [operator.kind for operator in exported[1].operators] == ["CONV_2D", "RESHAPE", "FULLY_CONNECTED"]


def test_input_and_output_are_int8_of_one_clip(exported):
    model, graph, _ = exported
    (source,), (target,) = graph.inputs, graph.outputs
    assert (source.shape, source.dtype, target.shape, target.dtype) == ((1, 49, 40, 1), "int8", (1, 4), "int8")
    assert (source.quantization.scales, source.quantization.zero_points) == ((FEATURE_SCALE,), (0,))
    logits = model.activations["logits"]
    assert target.quantization.scales == (float(logits.scale),)
    assert target.quantization.zero_points == (int(logits.zero_point),)


def test_weights_and_scales_are_exact(exported):
    model, graph, _ = exported
    deployable = Deployable(model)
    conv, _, dense = graph.operators
    integers, scales = integer_weights(model.conv)
    np.testing.assert_array_equal(conv.inputs[1].data, integers.permute(0, 2, 3, 1).numpy())
    np.testing.assert_array_equal(np.float32(conv.inputs[1].quantization.scales), scales.numpy())
    np.testing.assert_array_equal(dense.inputs[1].data, deployable.layers["logits"].integers.numpy())
    assert dense.inputs[1].quantization.scales == (float(integer_weights(model.dense)[1]),)
    assert set(conv.inputs[1].quantization.zero_points) == set(dense.inputs[1].quantization.zero_points) == {0}


def test_the_activation_between_is_exact(exported):
    model, graph, _ = exported
    hidden = graph.operators[0].outputs[0].quantization
    assert (hidden.scales, hidden.zero_points) == ((float(model.activations["conv"].scale),), (-128,))


def test_biases_are_int32_at_the_scale_of_the_products(exported):
    model, graph, _ = exported
    for operator, layer in ((graph.operators[0], model.conv), (graph.operators[2], model.dense)):
        source, weights, bias = operator.inputs
        scales = np.float64(source.quantization.scales[0]) * np.float64(weights.quantization.scales)
        np.testing.assert_allclose(bias.quantization.scales, scales, rtol=1e-6)
        assert bias.dtype == "int32"
        np.testing.assert_array_equal(bias.data, np.round(layer.bias.detach().numpy() / scales))


def test_the_files_bytes_are_those_of_the_integer_simulation(exported):
    model, _, tflite = exported
    found = reference_logits(tflite, dataset().testing_features)
    assert len(np.unique(found)) > 20  # not all alike
    np.testing.assert_array_equal(found, IntegerModel(model).logits(dataset().testing_features))


def test_what_did_not_arrive_as_it_was_is_told(converted):
    told = json.loads((converted / "refusals.json").read_text())
    assert "operator 0 CONV_2D: the converter changed the weights" in told["other weights"]
    assert "operator 0 CONV_2D: the converter changed the scales" in told["other scales"]
    assert "operator 0 CONV_2D: the converter changed the biases" in told["other biases"]
    assert "operator 0 CONV_2D: the converter changed the output's scale" in told["other scale between"]
    assert "operator 2 FULLY_CONNECTED: the converter changed the output's zero point" in told["other zero point"]
    assert "wrote CONV_2D, FULLY_CONNECTED where CONV_2D, DEPTHWISE_CONV_2D, CONV_2D" in told["other layers"]
    assert told["as it is"] == "accepted"


def test_the_bytes_do_not_tell_what_was_converted_before(converted, monkeypatch):
    """An interrupted stage converts what is left in another process."""
    monkeypatch.setenv("KWS_STORE", str(converted / "store"))
    files, *_ = support_conversion.convert(converted, support_conversion.WIDTHS[0])
    assert (converted / "again.tflite").read_bytes() == files["deployed"]
