"""Importances by hand."""

import pytest
import torch
from torch.nn import functional

from kws.importance import importances
from kws.models import ARCHITECTURES
from tests.support_learning import float_model, inputs

GROUPS = {"tiny_conv": 1, "ds_cnn": 5}
LABELS = torch.arange(24) % 4


@pytest.mark.parametrize("name", ARCHITECTURES)
@pytest.mark.parametrize("kind", ["variance", "l1", "l2", "linf", "taylor"])
def test_one_number_a_filter_and_group(name, kind):
    found = importances(float_model(name=name), kind, inputs(24), LABELS)
    assert [one.shape for one in found] == [(8,)] * GROUPS[name]
    assert all((one > 0).all() and not one.requires_grad for one in found)


def test_norms_are_of_the_filters_own_weights():
    model = float_model(name="ds_cnn")
    weights = model.pointwise_1.weight.detach()[:, :, 0, 0]
    by_hand = {"l1": weights.abs().sum(1), "l2": weights.square().sum(1).sqrt(), "linf": weights.abs().amax(1)}
    for kind, wanted in by_hand.items():
        torch.testing.assert_close(importances(model, kind, inputs(2), None)[1], wanted)


def test_taylor_is_the_change_of_the_loss_to_first_order():
    """A filter's output scaled down a little: the loss of each clip moves by the gradient's share."""
    model, x = float_model(), inputs(24)
    (found,) = importances(model, "taylor", x, LABELS)
    hidden = torch.relu(model.conv(x[:, None])).detach().double()
    dense = model.double().dense

    @torch.no_grad()
    def losses(scales: torch.Tensor) -> torch.Tensor:
        return functional.cross_entropy(dense((hidden * scales[:, None, None]).flatten(1)), LABELS, reduction="none")

    step = 1e-5
    for channel in range(8):
        less, more = (torch.ones(8).double().index_add(0, torch.tensor([channel]), torch.tensor([change]).double())
                      for change in (-step, step))  # fmt: skip
        by_hand = ((losses(more) - losses(less)) / (2 * step)).abs().mean()
        assert float(found[channel]) == pytest.approx(float(by_hand), rel=1e-3)


def test_taylor_without_labels_is_refused():
    with pytest.raises(ValueError, match="needs the labels"):
        importances(float_model(), "taylor", inputs(4), None)
