"""Dropout: as many values as it should, scaled, each alike, decided by torch's seed, and nothing in eval mode."""

import pytest
import torch

from kws.dropout import Dropout


def dropped(p: float, x: torch.Tensor, seed: int = 0) -> torch.Tensor:
    """What training lets through."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Dropout(p).train()(x)


@pytest.mark.parametrize("p", [0.1, 0.3, 0.5, 0.9])
def test_the_share_and_the_mean(p):
    found = dropped(p, torch.ones(200, 4001))
    wanted = round(256 * p) / 256
    assert float((found == 0).float().mean()) == pytest.approx(wanted, abs=2e-3)
    assert abs(wanted - p) <= 1 / 512
    torch.testing.assert_close(found.unique(), torch.tensor([0, 1 / (1 - wanted)]))
    assert float(found.mean()) == pytest.approx(1, rel=2e-2)


def test_every_place_is_hit_alike_and_no_two_together():
    zeros = (dropped(0.5, torch.ones(4000, 17)) == 0).float()
    assert zeros.mean(0).sub(0.5).abs().max() < 0.04
    assert (torch.corrcoef(zeros.T) - torch.eye(17)).abs().max() < 0.08


def test_a_seed_decides_it():
    x = torch.rand(8, 100)
    assert torch.equal(dropped(0.5, x), dropped(0.5, x)) and not torch.equal(dropped(0.5, x), dropped(0.5, x, seed=1))


def test_the_gradient_flows_where_values_did():
    x = torch.ones(64, 10, requires_grad=True)
    y = dropped(0.5, x)
    y.sum().backward()
    assert torch.equal(x.grad, y.detach())


@pytest.mark.parametrize("module", [Dropout(0.5).eval(), Dropout(0.0).train(), Dropout(1e-3).train()])
def test_where_nothing_is_dropped_the_values_are_the_same(module):
    x = torch.rand(3, 5)
    assert module(x) is x
