"""Counts by hand, and the interval against SciPy's."""

import numpy as np
import pytest
from scipy.stats import binomtest

from kws.confusion import CONFIDENCE, confusion_matrix, share_interval


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
