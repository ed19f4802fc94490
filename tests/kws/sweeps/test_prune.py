"""`prune_sweep`: the promised columns and keys; a row's counts, accuracy and candidate are of one set of weights."""

import pytest

from kws.checkpoints import read_checkpoint
from kws.errors import ParamsError
from kws.estimate import cost
from kws.evaluation import evaluate
from kws.files import replaced_folder
from kws.pruning import nonzero_parameters
from kws.sweeps import prune
from tests.support_learning import dataset, params, state_bytes

COLUMNS = "method amount fine_tuned seed parameters macs flops cpu_latency_us validation_accuracy test_accuracy".split()  # noqa: SIM905


def test_a_row_a_method_amount_tuning_and_seed(swept):
    assert set(COLUMNS) <= set(prune.COLUMNS)
    assert all(set(row) == set(prune.COLUMNS) for row in swept.prune_rows)
    found = [(row["method"], row["amount"], row["fine_tuned"], row["seed"]) for row in swept.prune_rows]
    amounts = {"unstructured": (0.0, 0.8), "structured": (0.0, 0.5)}
    assert found == [(m, a, tuned, s) for m in amounts for a in amounts[m] for tuned in (False, True) for s in (0, 1)]


def test_figures_of_a_row_are_its_checkpoints(swept):
    for row, path in zip(swept.prune_rows, swept.prune_checkpoints, strict=True):
        model = read_checkpoint(path)
        counts = cost(model)
        assert (row["parameters"], row["macs"], row["flops"]) == (counts.parameters, counts.macs, counts.flops)
        assert row["nonzero_parameters"] == nonzero_parameters(model)
        found = evaluate(model, dataset().testing_features, dataset().testing_labels).accuracy
        assert row["test_accuracy"] == found and row["cpu_latency_us"] > 0


def test_unstructured_zeros_are_no_savings_and_structured_ones_are(swept):
    for row in swept.prune_rows:
        if row["method"] == "unstructured":
            assert row["parameters"] == 16_652 and row["macs"] == 336_000
            assert row["nonzero_parameters"] == 16_652 - round(row["amount"] * 16_640)
        else:
            left = 8 - round(row["amount"] * 8)
            assert row["parameters"] == left * 2081 + 4 and row["macs"] == 42_000 * left


def test_nothing_removed_and_not_tuned_is_the_float_model(swept):
    for row, path in zip(swept.prune_rows, swept.prune_checkpoints, strict=True):
        same = state_bytes(read_checkpoint(path)) == state_bytes(read_checkpoint(swept.float_models[row["seed"]]))
        assert same == (row["amount"] == 0 and not row["fine_tuned"])


def test_every_row_is_a_candidate(swept, tmp_path):
    with replaced_folder(tmp_path / "candidates") as folder:
        prune.write_candidates(folder, swept.prune_rows, swept.prune_checkpoints)
    names = set(map(prune.checkpoint_name, swept.prune_rows))
    assert {path.name for path in (tmp_path / "candidates").iterdir()} == names
    assert len(names) == len(swept.prune_rows) == 16


def test_the_summary_is_a_list_a_method(swept):
    summary = prune.summary(swept.prune_rows)
    keys = {"amount", "parameters", "macs", "flops", "cpu_latency_us", "test_accuracy", "test_accuracy_fine_tuned"}
    assert set(summary) == {"unstructured", "structured"}
    assert all(keys <= set(point) for points in summary.values() for point in points)
    assert [point["amount"] for point in summary["structured"]] == [0.0, 0.5]
    tuned = [row["test_accuracy"] for row in swept.prune_rows if (row["method"], row["amount"], row["fine_tuned"]) ==
             ("structured", 0.5, True)]  # fmt: skip
    assert summary["structured"][1]["test_accuracy_fine_tuned"] == pytest.approx(sum(tuned) / 2)


def test_the_best_seed_is_chosen_on_validation():
    common = {"method": "structured", "amount": 0.5, "fine_tuned": True}
    accuracies = [(0.8, 1.0), (0.9, 0.1), (0.9, 0.9)]
    table = [{**common, "seed": s, "validation_accuracy": v, "test_accuracy": t} for s, (v, t) in enumerate(accuracies)]
    table.append({**table[0], "fine_tuned": False, "validation_accuracy": 1.0})
    assert prune.best_seed(table, "structured", 0.5, True)["seed"] == 1


def test_two_amounts_that_leave_as_many_filters_are_refused(swept):
    choices = params(prune_sweep={"structured_amounts": [0.0, 0.5, 0.52]})
    with pytest.raises(ParamsError, match=r"structured_amounts` holds 0\.5 and 0\.52, which both leave 4 of 8 filters"):
        prune.run(swept.features, swept.float_models, choices)


def test_twins_are_counted_by_the_architectures_own_filters(swept):
    amounts = {"structured_amounts": [0.5, 0.505]}
    choices = params(model={"name": "ds_cnn", "filters": None}, prune_sweep=amounts)
    with pytest.raises(ParamsError, match=r"0\.5 and 0\.505, which both leave 32 of 64 filters"):
        prune.run(swept.features, swept.float_models, choices)


@pytest.mark.parametrize("choices", [{"ranking": "layer"}, {"ranking": "global"}, {"schedule": "one_shot"}])
def test_unstructured_choices_give_other_weights_of_the_same_number(swept, choices, tmp_path, monkeypatch):
    monkeypatch.setenv("KWS_STORE", str(tmp_path))
    monkeypatch.setenv("KWS_JOBS", "1")
    amounts = {"unstructured_amounts": [0.8], "structured_amounts": [0.0]}
    found, checkpoints = prune.run(
        swept.features, {0: swept.float_models[0]}, params(prune_sweep={**amounts, **choices})
    )
    usual = dict(zip(map(prune.checkpoint_name, swept.prune_rows), swept.prune_checkpoints, strict=True))
    for row, path in zip(found, checkpoints, strict=True):
        if row["method"] == "unstructured":
            assert row["nonzero_parameters"] == 16_652 - round(0.8 * 16_640)
            same = state_bytes(read_checkpoint(path)) == state_bytes(read_checkpoint(usual[prune.checkpoint_name(row)]))
            assert same == ("schedule" in choices and not row["fine_tuned"])


@pytest.mark.parametrize("importance", ["l1", "l2", "linf", "taylor"])
def test_every_importance_goes_through_the_sweep(swept, importance, tmp_path, monkeypatch):
    monkeypatch.setenv("KWS_STORE", str(tmp_path))
    monkeypatch.setenv("KWS_JOBS", "1")
    choices = {"unstructured_amounts": [0.0], "structured_amounts": [0.5], "importance": importance}
    rows, _ = prune.run(swept.features, {0: swept.float_models[0]}, params(prune_sweep=choices))
    assert [row["parameters"] for row in rows if row["method"] == "structured"] == [8328, 8328]
