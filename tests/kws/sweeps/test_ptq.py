"""`ptq_sweep`: the promised columns and keys, every pair of widths, means over the seeds."""

import pytest

from kws.sweeps import ptq

COLUMNS = ["method", "weight_bits", "activation_bits", "seed", "validation_accuracy", "test_accuracy", "weight_bytes"]


def test_widths_pair_each_width_with_8_and_with_itself():
    assert ptq.widths((3, 8, 2, 3)) == [(8, 8), (3, 8), (3, 3), (2, 8), (2, 2)]
    assert ptq.widths((8,)) == [(8, 8)]


def test_a_row_a_seed_and_pair(swept):
    assert list(ptq.COLUMNS) == COLUMNS
    assert all(set(row) == set(COLUMNS) and row["method"] == "ptq" for row in swept.ptq_rows)
    found = [(row["seed"], row["weight_bits"], row["activation_bits"]) for row in swept.ptq_rows]
    assert found == [(seed, *pair) for seed in (0, 1) for pair in ((8, 8), (3, 8), (3, 3))]
    assert {row["weight_bits"]: row["weight_bytes"] for row in swept.ptq_rows} == {8: 16_640, 3: 6_240}


def test_8_bits_are_nearly_the_float_model(swept):
    by_seed = {row["seed"]: row["test_accuracy"] for row in swept.ptq_rows if row["weight_bits"] == 8}
    for point in swept.points:
        assert by_seed[point.seed] == pytest.approx(point.figures["test_accuracy"], abs=2 / 48)


def test_the_summary_has_a_key_a_pair(swept):
    summary = ptq.summary(swept.ptq_rows, 0.875)
    assert list(summary) == ["float_test_accuracy", "w8a8", "w3a8", "w3a3"]
    assert summary["float_test_accuracy"] == 0.875
    rows = [row for row in swept.ptq_rows if (row["weight_bits"], row["activation_bits"]) == (3, 8)]
    for name in ("validation_accuracy", "test_accuracy"):
        assert summary["w3a8"][name] == pytest.approx(sum(row[name] for row in rows) / 2)
    assert set(summary["w3a8"]) == {"validation_accuracy", "test_accuracy", "test_accuracy_std", "weight_bytes"}
