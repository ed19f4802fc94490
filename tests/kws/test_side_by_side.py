"""Models side by side: each learns as it would alone, and the same bytes whatever stands beside it."""

import dataclasses

import pytest
import torch
from torch import nn

from kws.recipes import recipe
from kws.side_by_side import SideBySide
from kws.training import fit
from tests.support_learning import dataset, float_model, inputs, params, quantized_model, state_bytes

CHOICES = dataclasses.replace(recipe(params().train, 4, params().qat_sweep), epochs=2)


def ready(bits: int, name: str = "tiny_conv") -> nn.Module:
    model = quantized_model(bits, name=name)
    model.activations["logits"] = nn.Identity()
    model.dropout.p = 0.3
    return model


def trained(*widths: int, places: int = 3, name: str = "tiny_conv") -> list[nn.Module]:
    models = [ready(bits, name) for bits in widths]
    together = SideBySide(models, places)
    fit(together, dataset(), CHOICES, 0, teacher=float_model(name=name))
    together.hand_back(models)
    return models


@pytest.mark.parametrize("name", ["tiny_conv", "ds_cnn"])
def test_what_each_gives_is_what_it_gives_alone(name):
    models = [ready(bits, name).eval() for bits in (2, 3, 8)]
    with torch.no_grad():
        together = SideBySide(models, 4).eval()(inputs(8))
        assert together.shape == (4, 8, 4) and torch.equal(together[2], together[3])
        for place, model in enumerate(models):
            torch.testing.assert_close(together[place], model(inputs(8)), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["tiny_conv", "ds_cnn"])
def test_each_learns_what_it_learns_alone(name):
    models, alone = trained(2, 8, name=name), [ready(bits, name) for bits in (2, 8)]
    for model, one in zip(models, alone, strict=True):
        before = one.dense.parametrizations.weight.original.detach().clone()
        fit(one, dataset(), CHOICES, 0, teacher=float_model(name=name))
        moved = one.dense.parametrizations.weight.original - before
        error = model.dense.parametrizations.weight.original - one.dense.parametrizations.weight.original
        assert moved.norm() > 0 and error.norm() < 0.02 * moved.norm()


def test_neighbours_and_place_change_no_byte():
    wanted = state_bytes(trained(3)[0])
    assert (
        state_bytes(trained(3, 2, 8)[0]) == state_bytes(trained(8, 2, 3)[2]) == state_bytes(trained(4, 3)[1]) == wanted
    )
    assert state_bytes(trained(2)[0]) != wanted


def test_models_are_copied_until_they_are_handed_back():
    models = [ready(3), ready(8)]
    before = [state_bytes(model) for model in models]
    together = SideBySide(models, 2)
    with torch.no_grad():
        for value in together.parameters():
            value += 1
    assert [state_bytes(model) for model in models] == before
    together.hand_back(models)
    assert all(state_bytes(model) != old for model, old in zip(models, before, strict=True))
