"""Structured pruning: a smaller model that computes what the large one computes with those filters masked."""

import copy

import pytest
import torch

from kws.models import ARCHITECTURES
from kws.models.chain import Chain
from kws.pruning import nonzero_parameters
from kws.pruning_filters import filters_left, filters_to_keep, without_filters
from tests.support_learning import float_model, inputs, state_bytes

GROUPS = {"tiny_conv": 1, "ds_cnn": 5}


def silenced(model: Chain, keep: list[list[int]]) -> Chain:
    """A copy in which the other filters of each group give nothing, wherever the group's channels pass."""
    result, groups = copy.deepcopy(model), iter(keep)
    with torch.no_grad():
        for layer in (result.get_submodule(name) for name in result.names):
            if not layer.depthwise:
                kept = next(groups)
            gone = [channel for channel in range(model.filters) if channel not in kept]
            layer.weight[gone] = 0
            layer.bias[gone] = 0
    return result


@pytest.mark.parametrize("keep", [[0], [7], [1, 4, 6], [0, 1, 2, 3, 4, 5, 7], list(range(8))])
def test_tiny_conv_without_filters_is_the_masked_forward_pass(keep):
    model = float_model()
    smaller = without_filters(model, [keep], 0.25)
    with torch.no_grad():
        torch.testing.assert_close(smaller(inputs(24)), silenced(model, [keep])(inputs(24)))
    assert nonzero_parameters(smaller) == len(keep) * (81 + 2000) + 4
    assert smaller.dropout.p == 0.25


@pytest.mark.parametrize("left", [1, 3, 7, 8])
def test_ds_cnn_without_filters_is_the_masked_forward_pass(left):
    """Every group loses others: a mix-up of groups would show."""
    model = float_model(name="ds_cnn")
    keep = [sorted((first + 3 * step) % 8 for step in range(left)) for first in range(5)]
    smaller = without_filters(model, keep, 0.0)
    with torch.no_grad():
        torch.testing.assert_close(smaller(inputs(24)), silenced(model, keep)(inputs(24)), rtol=1e-4, atol=1e-5)
    shapes = {tuple(layer.weight.shape[:2]) for name in smaller.names for layer in [smaller.get_submodule(name)]}
    assert shapes == {(left, 1), (left, left)}
    assert smaller.architecture() == {"name": "ds_cnn", "filters": left, "classes": 4}


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_all_filters_kept_is_the_model_itself(name):
    model = float_model(name=name)
    keep = filters_to_keep(model, 0.0, inputs(24))
    assert keep == [list(range(8))] * GROUPS[name]
    assert state_bytes(without_filters(model, keep, 0.0)) == state_bytes(model)


@pytest.mark.parametrize("name", ARCHITECTURES)
@pytest.mark.parametrize("amount, left", [(0.125, 7), (0.5, 4), (0.875, 1), (0.95, 1), (0.99, 1)])
def test_so_many_filters_are_left_of_every_group(name, amount, left):
    keep = filters_to_keep(float_model(name=name), amount, inputs(24))
    assert filters_left(8, amount) == left and [len(group) for group in keep] == [left] * GROUPS[name]
    assert all(group == sorted(set(group)) for group in keep)


def test_a_filter_that_adds_nothing_or_a_constant_goes_first():
    model = float_model()
    with torch.no_grad():
        model.dense.weight.view(4, 8, -1)[:, 5] = 0
        model.conv.weight[2] = 0
        model.conv.bias[2] = 9.0  # always on: the next bias can take that over
    assert filters_to_keep(model, 0.25, inputs(24)) == [[0, 1, 3, 4, 6, 7]]


def test_in_every_group_of_ds_cnn_too():
    """A channel dies where it is made, where it is carried on, or where it is read."""
    model = float_model(name="ds_cnn")
    with torch.no_grad():
        model.conv.weight[1], model.conv.bias[1] = 0, -9.0
        model.depthwise_2.weight[2] = 0
        model.pointwise_3.weight[:, 3] = 0
        model.pointwise_3.bias[4] = -99.0
        model.dense.weight[:, 5] = 0
    dead = [1, 2, 3, 4, 5]
    keep = filters_to_keep(model, 0.125, inputs(24))
    assert keep == [[channel for channel in range(8) if channel != one] for one in dead]


def test_importance_is_the_variance_of_what_a_filter_adds():
    """By hand, for the group before the first pointwise convolution: each channel's products, over clips and places."""
    model = float_model(name="ds_cnn")
    with torch.no_grad():
        hidden = torch.relu(model.depthwise_1(torch.relu(model.conv(inputs(24)[:, None]))))
        products = torch.einsum("bchw,kc->ckbhw", hidden, model.pointwise_1.weight[:, :, 0, 0])
        order = products.flatten(2).var(2).sum(1).argsort(descending=True).tolist()
    for left in range(1, 8):
        assert filters_to_keep(model, 1 - left / 8, inputs(24))[0] == sorted(order[:left])
