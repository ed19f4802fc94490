"""`ptq_sweep`: the promised columns and keys, every pair of widths, means over the seeds."""

import numpy as np
import pytest
import torch

from kws.sweeps import ptq
from kws.sweeps.float_training import read_float_rights
from tests.support_learning import inputs, params

COLUMNS = ["method", "weight_bits", "activation_bits", "seed", "validation_accuracy", "test_accuracy", "weight_bytes"]


def test_widths_pair_each_width_with_8_and_with_itself():
    assert ptq.widths((3, 8, 2, 3)) == [(8, 8), (3, 8), (3, 3), (2, 8), (2, 2)]
    assert ptq.widths((8,)) == [(8, 8)]


def test_a_row_a_seed_and_pair(swept):
    table, minifloats = ptq.tables(swept.ptq_rows)
    assert list(ptq.COLUMNS) == COLUMNS
    assert all(list(row) == COLUMNS and row["method"] == "ptq" for row in table)
    found = [(row["seed"], row["weight_bits"], row["activation_bits"]) for row in table]
    assert found == [(seed, *pair) for seed in (0, 1) for pair in ((8, 8), (3, 8), (3, 3))]
    assert {row["weight_bits"]: row["weight_bytes"] for row in table} == {8: 16_640, 3: 6_240}
    assert [(row["seed"], row["weight_format"], row["weight_bits"], row["weight_bytes"]) for row in minifloats] == [
        (seed, "e2m1", 4, 8_320) for seed in (0, 1)
    ]


def test_8_bits_are_nearly_the_float_model(swept):
    by_seed = {row["seed"]: row["test_accuracy"] for row in swept.ptq_rows if row["weight_bits"] == 8}
    for point in swept.points:
        assert by_seed[point.seed] == pytest.approx(point.figures["test_accuracy"], abs=2 / 48)


def test_the_summary_has_a_key_a_scheme(swept):
    float_rights = read_float_rights(swept.folder / "train")
    summary = ptq.summary(swept.ptq_rows, float_rights)
    assert list(summary) == ["float_test_accuracy", "w8a8", "w3a8", "w3a3", "e2m1a8"]
    assert summary["float_test_accuracy"] == np.mean([right.mean() for right in float_rights.values()])
    rows = [row for row in swept.ptq_rows if (row["weight_bits"], row["activation_bits"]) == (3, 8)]
    for name in ("validation_accuracy", "test_accuracy"):
        assert summary["w3a8"][name] == pytest.approx(sum(row[name] for row in rows) / 2)
    difference = summary["w3a8"]["test_accuracy"] - summary["float_test_accuracy"]
    assert summary["w3a8"]["difference_from_float"] == pytest.approx(difference)
    low, high = summary["w3a8"]["difference_from_float_interval"]
    assert low <= difference <= high
    keys = {"validation_accuracy", "test_accuracy", "test_accuracy_std", "weight_bytes", "difference_from_float"}
    assert set(summary["w3a8"]) == keys | {"difference_from_float_interval"}


@pytest.mark.parametrize(
    "choices",
    [
        {"granularity": "tensor"},
        {"weight_symmetry": "asymmetric"},
        {"activation_symmetry": "symmetric"},
        {"calibration": "min_max"},
        {"calibration": "percentile", "percentile": 90.0},
        {"rounding": "gptq"},
        {"bias_correction": False},
    ],
)
def test_every_choice_makes_another_model(swept, monkeypatch, choices, tmp_path):
    monkeypatch.setenv("KWS_STORE", str(tmp_path))
    monkeypatch.setenv("KWS_JOBS", "1")
    one = {0: swept.float_models[0]}
    wanted, found = (
        ptq.points_of(swept.features, one, params(ptq_sweep={"weight_bits": [2], "minifloat": [], **more}).ptq_sweep)[0]
        for more in ({}, choices)
    )
    clips = inputs(32)
    first, second = (ptq.quantized_point(point, clips) for point in (wanted, found))
    with torch.no_grad():
        assert not torch.equal(first(clips), second(clips))
