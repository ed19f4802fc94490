"""`train`: a model a seed, metrics and history with the promised names, and folders that the sweeps can read."""

import dataclasses
import statistics

import pytest
import torch

from kws.checkpoints import read_checkpoint
from kws.errors import ParamsError
from kws.evaluation import evaluate
from kws.sweeps import float_training
from kws.sweeps.float_training import HISTORY_COLUMNS
from tests.support_learning import dataset, params, state_bytes

KEYS = """validation_accuracy test_accuracy parameters macs flops flash_bytes_estimate ram_bytes_estimate cpu_latency_us
cpu gpu_latency_us train_s seeds""".split()  # noqa: SIM905


@pytest.fixture(scope="module")
def reported(swept):
    return float_training.report(swept.features, swept.points, "pcen")


def test_metrics_have_the_promised_keys_and_numbers(swept, reported):
    metrics, _, source = reported
    assert set(KEYS) <= set(metrics) and source == "synthetic"
    assert (metrics["parameters"], metrics["macs"], metrics["flops"]) == (16_652, 336_000, 680_004)
    assert metrics["seeds"] == 2 and metrics["cpu_latency_us"] > 0
    accuracies = [point.figures["test_accuracy"] for point in swept.points]
    assert metrics["test_accuracy"] == pytest.approx(sum(accuracies) / 2)
    assert metrics["test_accuracy_std"] == pytest.approx(statistics.stdev(accuracies))


def test_history_has_a_row_a_seed_epoch_and_split(reported):
    _, history, _ = reported
    assert {"epoch", "split", "loss", "accuracy"} <= set(HISTORY_COLUMNS)
    assert all(tuple(row) == HISTORY_COLUMNS for row in history)
    found = [(row["seed"], row["epoch"], row["split"]) for row in history]
    assert found == [(s, e, split) for s in (0, 1) for e in (1, 2) for split in ("training", "validation")]


def test_a_checkpoint_has_the_accuracies_that_stand_beside_it(swept):
    data = dataset()
    for point in swept.points:
        model = read_checkpoint(point.checkpoint)
        on_test = evaluate(model, data.testing_features, data.testing_labels).accuracy
        on_validation = evaluate(model, data.validation_features, data.validation_labels).accuracy
        assert (on_test, on_validation) == (point.figures["test_accuracy"], point.figures["validation_accuracy"])


def test_seeds_differ_and_are_found_again(swept):
    states = [state_bytes(read_checkpoint(path)) for path in swept.float_models.values()]
    assert list(swept.float_models) == [0, 1] and states[0] != states[1]
    accuracies = [point.figures["test_accuracy"] for point in swept.points]
    rights = float_training.read_float_rights(swept.folder / "train")
    assert list(rights) == [0, 1] and [right.mean() for right in rights.values()] == accuracies


def test_one_seed_more_keeps_those_that_are_there(swept, monkeypatch):
    monkeypatch.setenv("KWS_STORE", str(swept.folder / "store"))
    monkeypatch.setenv("KWS_JOBS", "1")
    made, really = [], float_training._make

    def watched(folder, point):
        made.append(point["seed"])
        really(folder, point)

    monkeypatch.setattr(float_training, "_make", watched)
    points = float_training.run(swept.features, params(train={"seeds": 3}))
    assert made == [2] and [dataclasses.asdict(p) for p in points[:2]] == [dataclasses.asdict(p) for p in swept.points]


def test_a_missing_device_is_refused_before_any_work(swept, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ParamsError, match=r"train\.device"):
        float_training.run(swept.folder / "not there", params(train={"device": "cuda"}))
