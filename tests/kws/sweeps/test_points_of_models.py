"""Means and deviations, and a model kept with its figures."""

import numpy as np
import pytest

from kws.checkpoints import read_checkpoint
from kws.evaluation import logits
from kws.integer_model import IntegerModel
from kws.sweeps.points_of_models import MODEL, cached_dataset, deviation, figures, keep, mean, right_on_test
from tests.support_learning import dataset, dataset_file, float_model, quantized_model, state_bytes


def test_the_deviation_is_a_samples():
    assert mean([0.5, 1.0]) == 0.75
    assert deviation([1.0, 2.0, 3.0]) == pytest.approx(1.0)
    assert deviation(iter([0.5])) == 0.0


def test_a_model_is_kept_with_its_figures(tmp_path):
    keep(tmp_path, float_model(), dataset(), weight_bytes=7)
    assert state_bytes(read_checkpoint(tmp_path / MODEL)) == state_bytes(float_model())
    assert set(figures(tmp_path)) == {"validation_accuracy", "test_accuracy", "weight_bytes"}
    right = logits(float_model(), dataset().testing_features).argmax(1) == dataset().testing_labels
    assert np.array_equal(right_on_test(tmp_path), right) and figures(tmp_path)["test_accuracy"] == right.mean()


def test_a_quantized_model_is_judged_as_the_chip_computes_it(tmp_path):
    model = quantized_model(2)
    keep(tmp_path, model, dataset(), (2, 8))
    chip = IntegerModel(model).logits(dataset().testing_features).argmax(1)
    assert np.array_equal(right_on_test(tmp_path), chip == dataset().testing_labels)


def test_what_int8_does_not_hold_is_judged_in_floats(tmp_path):
    model = quantized_model(8, minifloat=(3, 2))
    keep(tmp_path, model, dataset(), (6, 8))
    found = logits(model, dataset().testing_features).argmax(1)
    assert np.array_equal(right_on_test(tmp_path), found == dataset().testing_labels)


def test_a_dataset_is_read_once_for_a_digest(tmp_path):
    path = str(dataset_file(tmp_path))
    assert cached_dataset(path, "a") is cached_dataset(path, "a")
    assert cached_dataset(path, "b") is not None
