"""A user's own architecture: what a chain can express is quantized, pruned and made deployable without further code."""

import pytest
import torch

from kws import models
from kws.models.chain import Chain, grid
from kws.models.layers import SameConv2d
from kws.pruning import masked, prune_weights, without_masks
from kws.pruning_filters import filters_to_keep, without_filters
from kws.quantized import Scheme, quantized
from kws.tflite.deployable import Deployable
from tests.support_learning import inputs


class TwoConvolutions(Chain):
    """A full convolution behind another, and every place of the grid read by the dense layer."""

    name = "two_convolutions"
    default_filters = 6
    pooled = False

    def __init__(self, filters: int, classes: int, dropout: float = 0.0):
        layers = {"first": SameConv2d(1, filters, (8, 8), 4), "second": SameConv2d(filters, filters, 3, 2)}
        super().__init__(layers, classes, dropout)


@pytest.fixture
def model(monkeypatch) -> Chain:
    monkeypatch.setitem(models.ARCHITECTURES, "two_convolutions", TwoConvolutions)
    return models.build({"name": "two_convolutions", "filters": 6, "classes": 4}).eval()


def test_logits_are_the_layers_by_hand(model):
    x = inputs(3)
    hidden = torch.relu(model.second(torch.relu(model.first(x[:, None]))))
    assert hidden.shape == (3, 6, 7, 5) == (3, 6, *grid({"first": model.first, "second": model.second}))
    torch.testing.assert_close(model(x), hidden.reshape(3, -1) @ model.dense.weight.T + model.dense.bias)
    assert list(model.activations) == ["first", "second", "logits"]


def test_it_is_quantized_pruned_and_deployable(model):
    small = without_filters(model, filters_to_keep(model, 0.5, inputs(24)), 0.0)
    assert (small.first.out_channels, small.second.in_channels, small.second.out_channels) == (3, 3, 3)
    sparse = masked(small)
    prune_weights(sparse, 0.5)
    narrow = quantized(without_masks(sparse), Scheme(4, 8), inputs(24))
    with torch.no_grad():
        steps = (Deployable(narrow)(inputs(24)[:, None]) - narrow(inputs(24))) / narrow.activations["logits"].scale
    assert steps.abs().max() < 1.01
