"""The registry: shapes, weights that a seed decides, and names that are refused. (kws/models/__init__.py)"""

from typing import get_args

import pytest
import torch

from kws.features import BANDS, FRAMES
from kws.models import ARCHITECTURES, build, create, filters_of
from kws.params import Model
from tests.support_learning import float_model, state_bytes


def test_every_architecture_can_be_chosen_in_params():
    assert set(get_args(Model.model_fields["name"].annotation)) == set(ARCHITECTURES)


@pytest.mark.parametrize("name", ARCHITECTURES)
@pytest.mark.parametrize("filters, classes", [(1, 2), (8, 4), (64, 12)])
def test_shapes(name, filters, classes):
    model = build({"name": name, "filters": filters, "classes": classes})
    assert model(torch.zeros(3, FRAMES, BANDS)).shape == (3, classes)
    assert model.architecture() == {"name": name, "filters": filters, "classes": classes}


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_seed_decides_the_weights_and_leaves_torchs_own_generator_alone(name):
    before = torch.get_rng_state()
    first, again, other = (float_model(seed, name=name) for seed in (1, 1, 2))
    assert torch.equal(before, torch.get_rng_state())
    assert state_bytes(first) == state_bytes(again) != state_bytes(other)
    assert create(Model(name=name, filters=2, dropout=0.25), 4, 0).dropout.p == 0.25


@pytest.mark.parametrize("name, own", [("tiny_conv", 8), ("ds_cnn", 64)])
def test_without_a_number_of_filters_it_is_the_architectures(name, own):
    assert filters_of(Model(name=name, filters=None, dropout=0.0)) == own
    assert create(Model(name=name, filters=None, dropout=0.0), 4, 0).filters == own
    assert filters_of(Model(name=name, filters=3, dropout=0.0)) == 3


def test_an_unknown_architecture_is_refused():
    with pytest.raises(ValueError, match="'resnet' is not one of: tiny_conv, ds_cnn"):
        build({"name": "resnet", "filters": 8, "classes": 4})
    with pytest.raises(KeyError):
        build({"name": "tiny_conv"})
