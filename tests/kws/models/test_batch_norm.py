"""Folded batch normalization computes the same, and lives in training alone."""

import pytest
import torch

from kws.models import ARCHITECTURES
from kws.models.batch_norm import folded, normalized_as_it_is
from kws.pruning import masked, prune_weights
from tests.support_learning import float_model, inputs, state_bytes, unfolded_model


def test_folded_is_unfolded_in_eval_mode():
    model = unfolded_model(filters=16, name="ds_cnn")
    assert len(model.norms) == 9
    with torch.no_grad():
        wanted = model(inputs(24))
        assert wanted.std() > 0.01
        torch.testing.assert_close(folded(model)(inputs(24)), wanted, rtol=1e-4, atol=1e-5)


def test_statistics_that_training_moved_are_folded():
    model = unfolded_model(filters=4, name="ds_cnn").train()
    for _ in range(20):
        model(inputs(24))
    plain = folded(model)
    assert model.training and not plain.training and len(model.norms) == 9
    with torch.no_grad():
        torch.testing.assert_close(plain(inputs(24)), model.eval()(inputs(24)), rtol=1e-4, atol=1e-5)


def test_a_folded_model_has_the_states_names_of_a_built_one():
    plain = float_model(filters=4, name="ds_cnn")
    assert not plain.norms and not any("norm" in name for name in plain.state_dict())
    assert list(plain.state_dict()) == list(ARCHITECTURES["ds_cnn"](4, 4).state_dict())


def test_a_model_without_it_stays_as_it_is():
    model = float_model()
    assert not model.norms and state_bytes(folded(model)) == state_bytes(model)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_put_into_a_trained_model_it_changes_nothing(name):
    model = float_model(name=name)
    with torch.no_grad():
        wanted = model(inputs(48))
        found = normalized_as_it_is(model, inputs(48))
        assert list(found.norms) == list(found.names) and not found.training
        torch.testing.assert_close(found(inputs(48)), wanted, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(folded(found)(inputs(48)), wanted, rtol=1e-4, atol=1e-5)


def test_it_keeps_a_pruned_models_sums_in_range():
    """Of a model with a tenth of its weights the logits hardly differ any more; normalized they do."""
    model = masked(float_model(filters=16, name="ds_cnn"))
    normalized_as_it_is(model, inputs(48))
    prune_weights(model, 0.8)
    with torch.no_grad():
        plain = model.eval()(inputs(48)).std(0).mean()
        for norm in model.norms.values():
            norm.train()
        assert model(inputs(48)).std(0).mean() > 3 * plain
