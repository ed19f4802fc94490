"""Recipes: what params.yaml says for each kind of training, the rate's course, the device."""

import numpy as np
import pytest
import torch

from kws.errors import ParamsError
from kws.recipes import Recipe, rate, recipe, training_device
from tests.support_learning import params


def choices(**more) -> Recipe:
    """A recipe of no augmentation."""
    return Recipe(
        **{"batch_size": 32, "learning_rate": 4e-3, "weight_decay": 1e-3, "class_shares": (0.25,) * 4}
        | {"mask_frames": 0, "mask_bands": 0, "label_smoothing": 0.0, **more}
    )


def test_the_rate_climbs_then_falls_to_nothing():
    share = rate(choices(epochs=10, warmup_epochs=2), steps=5)
    shares = [share(step) for step in range(51)]
    np.testing.assert_allclose(shares[:10], np.arange(1, 11) / 10)
    assert shares[10] == 1 and shares[30] == pytest.approx(0.5) and shares[50] == pytest.approx(0)
    assert (np.diff(shares[10:]) < 0).all()
    assert rate(choices(epochs=2), steps=5)(0) == 1


def test_the_recipe_of_params_yaml():
    all_params = params(train={"patience_epochs": 7})
    scratch = recipe(all_params.train, 4)
    assert scratch.class_shares == pytest.approx((0.15, 0.4, 0.225, 0.225)) and scratch.average_decay == 0.9
    assert (scratch.distillation, scratch.epochs) == (0.0, 2)
    tuned = recipe(all_params.train, 4, all_params.qat_sweep)
    assert (tuned.epochs, tuned.distillation, tuned.average_decay, tuned.warmup_epochs) == (1, 0.7, 0.0, 0.0)
    assert tuned.class_shares == scratch.class_shares and tuned.mask_frames == scratch.mask_frames
    assert (scratch.patience_epochs, tuned.patience_epochs) == (7, None)
    assert scratch.device == tuned.device == "cpu"


def test_a_device_that_is_not_there_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert training_device("auto") == training_device("cpu") == torch.device("cpu")
    with pytest.raises(ParamsError, match=r"`train\.device` is cuda.*use auto or cpu"):
        training_device("cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert training_device("auto").type == "cuda" and training_device("cpu").type == "cpu"
