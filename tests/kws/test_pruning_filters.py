"""Structured pruning: a smaller model that computes what the large one computes with those filters masked."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kws.models import ARCHITECTURES
from kws.models.chain import Chain
from kws.models.layers import SameConv2d
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


def random_chain(data: st.DataObject, seed: int) -> Chain:
    """An architecture nobody wrote: a convolution, then up to four of any kind, pooled or not."""
    kinds = data.draw(st.lists(st.sampled_from(["full", "depthwise", "pointwise"]), max_size=4))
    strides = data.draw(st.lists(st.integers(1, 3), min_size=len(kinds) + 1, max_size=len(kinds) + 1))
    kernel = data.draw(st.tuples(st.integers(1, 5), st.integers(1, 5)))

    class Random(Chain):
        name, default_filters, side_by_side = "random", 8, 1
        pooled = data.draw(st.booleans())

        def __init__(self, filters: int, classes: int, dropout: float = 0.0):
            convolutions = {"first": SameConv2d(1, filters, kernel, strides[0])}
            for number, (kind, stride) in enumerate(zip(kinds, strides[1:], strict=True)):
                size, groups = (1 if kind == "pointwise" else 3), (filters if kind == "depthwise" else 1)
                convolutions[f"{kind}_{number}"] = SameConv2d(filters, filters, size, stride, groups=groups)
            super().__init__(convolutions, classes, dropout)

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Random(data.draw(st.integers(2, 9)), data.draw(st.integers(2, 5))).eval()


@contextmanager
def as_architecture(kind: type[Chain]) -> Iterator[None]:
    """While it is among those that kws.models.build knows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(ARCHITECTURES, kind.name, kind)
        yield


@settings(deadline=None, max_examples=60)
@given(data=st.data(), seed=st.integers(0, 10_000))
def test_random_networks_without_random_channels_are_the_masked_forward_pass(data, seed):
    """Random chains of full, depthwise and pointwise convolutions, pooled or not; each group loses channels of its own.

    In float64, so that nothing but the couplings can make a difference.
    """
    model = random_chain(data, seed).double()
    filters = model.filters
    left = data.draw(st.integers(1, filters))
    groups = sum(not model.get_submodule(name).depthwise for name in model.names)
    keep = [
        sorted(data.draw(st.permutations(range(filters)), label=f"group {number}")[:left]) for number in range(groups)
    ]
    x = torch.randn(3, 49, 40, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    with torch.no_grad(), as_architecture(type(model)):
        smaller = without_filters(model, keep, 0.0).double()
        torch.testing.assert_close(smaller(x), silenced(model, keep)(x), rtol=1e-5, atol=1e-5)  # weights are float32
    assert {smaller.get_submodule(name).out_channels for name in smaller.names} == {left}
