"""Counts by hand, and the interval against SciPy's."""

import numpy as np
import pytest
from scipy.stats import binomtest

from kws.confusion import CONFIDENCE, confusion_matrix, paired_difference, share_interval


def test_rows_are_actual_and_columns_predicted():
    counts = confusion_matrix(np.array([0, 0, 1, 2, 2]), np.array([0, 1, 1, 0, 0]), 4)
    assert counts.tolist() == [[1, 1, 0, 0], [0, 1, 0, 0], [2, 0, 0, 0], [0, 0, 0, 0]]
    assert confusion_matrix([], [], 2).tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize(("hits", "clips"), [(0, 1), (1, 1), (0, 7), (7, 7), (3, 10), (1030, 1091), (99999, 100000)])
def test_the_interval_is_wilsons(hits, clips):
    wanted = binomtest(hits, clips).proportion_ci(CONFIDENCE, "wilson")
    assert share_interval(hits, clips) == pytest.approx((wanted.low, wanted.high), abs=1e-12)


def test_without_clips_there_is_no_interval():
    assert share_interval(0, 0) is None


def test_a_paired_difference_is_of_the_same_clips():
    generator = np.random.default_rng(0)
    reference = generator.random((3, 1000)) < 0.9
    found = reference.copy()
    found[:, :20] = False
    difference, (low, high) = paired_difference(found, reference)
    assert difference == pytest.approx(found.mean() - reference.mean())
    assert low < difference < high < 0 and high - low < 0.02  # far less than either accuracy's own interval


def test_models_that_do_alike_do_not_differ():
    same = np.array([[True, False, True, True]])
    assert paired_difference(same, same) == (0.0, (0.0, 0.0))


def test_the_interval_of_a_difference_holds_it_in_19_of_20_draws():
    generator, held = np.random.default_rng(1), 0
    for _ in range(400):
        hard = generator.random((1, 1000)) < 0.1
        found, reference = (~hard ^ (generator.random((3, 1000)) < share) for share in (0.03, 0.02))
        low, high = paired_difference(found, reference)[1]
        held += low <= -0.008 <= high  # 0.8 * 0.01: a flip hurts where the clip was right and helps where it was not
    assert 0.92 < held / 400 < 0.98
