"""Accuracy and loss by hand; batches, dropout and the model's mode do not show."""

import numpy as np
import torch

from kws.dataset import as_input
from kws.evaluation import accuracy, evaluate, logits
from tests.support_learning import clips_of, dataset, float_model


def test_accuracy_takes_the_first_of_equals():
    values = np.array([[1, 5, 2], [3, 3, 0], [0, 7, 7], [9, 0, 0]])
    assert accuracy(values, np.array([1, 0, 2, 1])) == 0.5
    assert accuracy(values.astype(np.int8), np.array([1, 0, 1, 0])) == 1.0


def test_loss_is_the_mean_of_minus_log_probability():
    data, model = dataset(), float_model()
    found = evaluate(model, data.testing_features, data.testing_labels)
    values = logits(model, data.testing_features).astype(np.float64)
    log_sum = np.log(np.exp(values).sum(1))
    wanted = (log_sum - values[np.arange(len(values)), data.testing_labels]).mean()
    np.testing.assert_allclose(found.loss, wanted, rtol=1e-5)
    assert found.accuracy == accuracy(values, data.testing_labels)


def test_many_batches_are_one():
    clips = clips_of(np.arange(530) % 4, np.random.default_rng(0))
    with torch.no_grad():
        wanted = float_model()(torch.from_numpy(as_input(clips))).numpy()
    np.testing.assert_allclose(logits(float_model(), clips), wanted, atol=1e-4)


def test_the_mode_is_kept_and_dropout_is_off():
    model, clips = float_model(dropout=0.9).train(), dataset().testing_features
    np.testing.assert_array_equal(logits(model, clips), logits(float_model(), clips))
    assert model.training
    logits(model.eval(), clips)
    assert not model.training
