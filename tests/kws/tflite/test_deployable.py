"""The last step in torch: the same logits as the quantized model, from integers."""

import pytest
import torch

from kws.errors import ModelError
from kws.models import ARCHITECTURES
from kws.quantized import integer_weights
from kws.tflite.deployable import Deployable, Requantizer
from tests.support_learning import inputs, quantized_model


@pytest.mark.parametrize("name", ARCHITECTURES)
@pytest.mark.parametrize("bits", [8, 3, 2])
def test_it_computes_what_the_quantized_model_computes(bits, name):
    model = quantized_model(bits, name=name)
    with torch.no_grad():
        wanted, found = model(inputs(48)), Deployable(model)(inputs(48)[:, None])
    steps = ((found - wanted) / model.activations["logits"].scale).abs()
    assert steps.max() < 1.01 and (steps > 0.01).float().mean() < 0.02  # sums in another order, next to a half


def test_weights_are_the_integers_and_the_dense_layer_reads_in_tensorflows_order():
    model = quantized_model(3)
    deployable = Deployable(model)
    assert torch.equal(deployable.layers["conv"].integers, integer_weights(model.conv)[0])
    assert torch.equal(deployable.layers["conv"].values(), model.conv.weight)
    by_filter = integer_weights(model.dense)[0].view(4, 8, 25, 20)
    assert torch.equal(deployable.layers["logits"].integers.view(4, 25, 20, 8), by_filter.permute(0, 2, 3, 1))
    assert deployable.layers["logits"].integers.dtype == torch.int8 and len(deployable.layers["conv"].scales) == 8


def test_activations_move_down_by_128():
    model = quantized_model(8)
    deployable = Deployable(model)
    hidden = deployable.activations["conv"]
    assert (hidden.scale, hidden.zero_point) == (float(model.activations["conv"].scale), -128)
    assert (deployable.input.scale, deployable.input.zero_point) == (1 / 16, 0)
    x = torch.linspace(0, 300 * hidden.scale, 999)
    assert torch.equal(hidden(x), model.activations["conv"](x).detach())


def test_symmetric_activations_have_no_zero_point():
    model = quantized_model(8, activation_symmetry="symmetric")
    hidden = Deployable(model).activations["conv"]
    assert (float(model.activations["conv"].high), hidden.zero_point) == (127, 0)
    x = torch.linspace(0, 300 * hidden.scale, 999)
    assert torch.equal(hidden(x), model.activations["conv"](x).detach())


def test_what_int8_does_not_hold_is_refused():
    for scheme in ({"weight_symmetry": "asymmetric"}, {"minifloat": (3, 2)}):
        with pytest.raises(ModelError, match="grid that int8 does not hold; choose symmetric integers"):
            Deployable(quantized_model(8, **scheme))


def test_a_requantizer_rounds_to_its_grid():
    assert Requantizer(0.5, -128)(torch.tensor([-1.0, 0.3, 999.0])).tolist() == [0.0, 0.5, 127.5]


@pytest.mark.parametrize("activation_bits", [3, 6])
def test_narrow_activations_are_refused(activation_bits):
    with pytest.raises(ModelError, match=rf"grid 0\.\.{2**activation_bits - 1} cannot be deployed: 8 bits"):
        Deployable(quantized_model(3, activation_bits))
