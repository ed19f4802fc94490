"""Unstructured pruning: exact amounts, the smallest first, no layer emptied before the others."""

import pytest
import torch
from torch import nn

from kws.pruning import _rank, gradual_amount, masked, nonzero_parameters, prune_weights, without_masks
from kws.quantized import weighted_layers
from tests.support_learning import float_model, inputs, state_bytes

WEIGHTS = 16_640


def zeros(model) -> int:
    return sum(int((layer.weight == 0).sum()) for layer in weighted_layers(model).values())


@pytest.mark.parametrize("amount", [0.0, 0.1, 0.3, 1 / 3, 0.5, 0.9, 0.95, 0.98, 0.99999])
def test_exactly_that_share_of_all_weights_is_zero(amount):
    model = masked(float_model())
    prune_weights(model, amount)
    assert zeros(model) == round(amount * WEIGHTS)
    assert nonzero_parameters(without_masks(model)) == 16_652 - round(amount * WEIGHTS)


def test_the_smallest_of_a_layer_go_first_and_the_rest_stays_as_it_was():
    dense, model = float_model(), masked(float_model())
    prune_weights(model, 0.6)
    for name, layer in weighted_layers(model).items():
        before, gone = weighted_layers(dense)[name].weight, layer.weight == 0
        assert before[gone].abs().max() <= before[~gone].abs().min()
        assert torch.equal(layer.weight[~gone], before[~gone])


def test_the_convolution_is_not_emptied_first():
    model = masked(float_model())
    prune_weights(model, 0.9)
    left = {name: float((layer.weight != 0).float().mean()) for name, layer in weighted_layers(model).items()}
    assert left["conv"] > 0.3 > left["dense"] > 0.05


def test_no_layer_of_ds_cnn_is_emptied():
    """The dense layer has few weights, all of much the same size: by magnitude over their mean all of them would go."""
    model = masked(float_model(name="ds_cnn"))
    prune_weights(model, 0.9)
    left = {name: float((layer.weight != 0).float().mean()) for name, layer in weighted_layers(model).items()}
    assert min(left.values()) > 0.02 and left["dense"] > 0.2


def test_a_layers_largest_weight_has_the_whole_share():
    """Shares by hand: 1/14, 4/13, 9/9 of the squares of 1, 2, 3."""
    layer = nn.Linear(3, 1)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[-2.0, 3.0, 1.0]]))
    model = masked(nn.Sequential(layer))
    torch.testing.assert_close(_rank(model[0], "lamp"), torch.tensor([[4 / 13, 1.0, 1 / 14]]))


def test_the_master_copy_comes_back():
    model = masked(float_model())
    prune_weights(model, 0.9)
    prune_weights(model, 0.0)
    assert zeros(model) == 0
    assert state_bytes(without_masks(model)) == state_bytes(float_model())


def test_masks_gone_the_model_computes_the_same():
    model = masked(float_model())
    prune_weights(model, 0.8)
    plain = without_masks(model)
    assert set(plain.state_dict()) == set(float_model().state_dict())
    with torch.no_grad():
        assert torch.equal(plain(inputs(12)), model(inputs(12)))


def test_ties_are_broken_alike_every_time():
    model = float_model()
    with torch.no_grad():
        model.dense.weight.fill_(0.01)
    first, second = masked(model), masked(model)
    for one in (first, second):
        prune_weights(one, 0.5)
    assert state_bytes(first) == state_bytes(second) and zeros(first) == WEIGHTS // 2


def test_the_gradual_amount_ends_at_the_amount():
    shares = [step / 100 for step in range(1, 101)]
    amounts = [gradual_amount(0.9, share) for share in shares]
    assert amounts == sorted(amounts) and amounts[0] > 0
    assert all(amount == 0.9 for share, amount in zip(shares, amounts, strict=True) if share >= 0.5)
    assert gradual_amount(0.9, 0.0) == 0 and gradual_amount(0.9, 0.25) == pytest.approx(0.9 * 0.875)


@pytest.mark.parametrize("ranking", ["global", "layer", "lamp"])
def test_every_ranking_removes_exactly_that_many(ranking):
    model = masked(float_model())
    prune_weights(model, 0.7, ranking)
    assert zeros(model) == round(0.7 * WEIGHTS)


def test_global_ranking_is_magnitude_and_layer_ranking_takes_the_same_share_of_each():
    dense, model = float_model(), masked(float_model())
    prune_weights(model, 0.5, "global")
    gone = torch.cat([(layer.weight == 0).flatten() for layer in weighted_layers(model).values()])
    sizes = torch.cat([layer.weight.detach().abs().flatten() for layer in weighted_layers(dense).values()])
    assert sizes[gone].max() <= sizes[~gone].min()
    prune_weights(model, 0.5, "layer")
    shares = [float((layer.weight == 0).float().mean()) for layer in weighted_layers(model).values()]
    assert shares == pytest.approx([0.5, 0.5], abs=0.002)
