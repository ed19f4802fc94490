"""`qat_sweep`: trained candidates that are quantized for good, and a choice that looks at validation alone."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from kws.checkpoints import read_checkpoint
from kws.errors import ArtifactError
from kws.evaluation import accuracy, logits
from kws.files import replaced_folder
from kws.integer_model import IntegerModel
from kws.quantized import LogitsQuantizer, integer_weights, weighted_layers
from kws.sweeps import ptq, qat
from tests.conftest import REPOSITORY
from tests.support_learning import dataset, params


def test_rows_are_those_of_ptq_and_named_qat(swept):
    assert all(set(row) == set(swept.ptq_rows[0]) and row["method"] == "qat" for row in swept.qat_rows)
    key = ("seed", "weight_format", "weight_bits", "activation_bits", "weight_bytes")
    assert [[row[k] for k in key] for row in swept.qat_rows] == [[row[k] for k in key] for row in swept.ptq_rows]


def test_a_candidate_is_quantized_and_has_its_rows_accuracy(swept, tmp_path):
    with replaced_folder(tmp_path / "candidates") as folder:
        ptq.write_candidates(folder, swept.qat_rows, swept.qat_checkpoints)
    assert len(list((tmp_path / "candidates").iterdir())) == 8
    for row in swept.qat_rows:
        model = read_checkpoint(tmp_path / "candidates" / ptq.checkpoint_name(row))
        assert isinstance(model.activations["logits"], LogitsQuantizer)
        for layer in weighted_layers(model).values():
            largest = 12 if row["weight_format"] else 2 ** (row["weight_bits"] - 1) - 1
            assert int(integer_weights(layer)[0].abs().max()) <= largest
        features = dataset().testing_features
        found = IntegerModel(model).logits(features) if row["activation_bits"] == 8 else logits(model, features)
        assert accuracy(found, dataset().testing_labels) == row["test_accuracy"]


def test_training_went_on_from_the_float_model(swept):
    for row, path in zip(swept.qat_rows, swept.qat_checkpoints, strict=True):
        before = read_checkpoint(swept.float_models[row["seed"]]).dense.weight
        after = read_checkpoint(path).dense.parametrizations.weight.original
        assert not torch.equal(before, after)
        assert float((before - after).detach().norm() / before.detach().norm()) < 0.9


def row(bits: int, seed: int, validation: float, test: float, activation_bits: int = 8) -> dict:
    accuracies = {"validation_accuracy": validation, "test_accuracy": test}
    return {"method": "qat", "weight_bits": bits, "activation_bits": activation_bits, "seed": seed, **accuracies}


def test_the_best_is_chosen_on_validation_and_not_on_test():
    table = [row(3, 0, 0.90, 0.99), row(3, 1, 0.95, 0.50), row(3, 2, 0.95, 0.90), row(3, 3, 0.99, 0.99, 3)]
    table.append(row(8, 0, 1.0, 1.0))
    assert qat.best_candidate(table, 3) is table[1]


def test_a_width_that_was_not_swept_is_refused():
    with pytest.raises(ArtifactError, match=r"`bits` is 5, but `qat_sweep.weight_bits`.*add 5 to it.*\[3, 8\]"):
        qat.best_candidate([row(3, 0, 0.9, 0.9), row(8, 0, 0.9, 0.9)], 5)


def folder_bytes(checkpoints: list[Path]) -> list[bytes]:
    return [path.read_bytes() for path in checkpoints]


def test_a_width_more_trains_that_width_alone_to_the_same_bytes(swept, tmp_path, monkeypatch):
    """[2, 8] and then 3 more is [2, 3, 8]: neither what is trained beside a model nor what is there already matters."""
    monkeypatch.setenv("KWS_JOBS", "1")
    one = {0: swept.float_models[0]}
    made, really = [], qat._make

    def watched(folders, points, snapshot):
        made.extend((ptq.widths_of(point)) for point in points)
        really(folders, points, snapshot)

    monkeypatch.setattr(qat, "_make", watched)
    runs = {}
    for store, widths in (("grown", [2, 8]), ("grown", [2, 3, 8]), ("at once", [2, 3, 8])):
        monkeypatch.setenv("KWS_STORE", str(tmp_path / store))
        made.clear()
        rows, paths = qat.run(swept.features, one, params(qat_sweep={"weight_bits": widths, "minifloat": []}))
        runs[store] = [row["test_accuracy"] for row in rows], folder_bytes(paths), list(made)
    assert runs["grown"][2] == [(3, 8), (3, 3)]
    assert runs["at once"][2] == [(8, 8), (3, 8), (3, 3), (2, 8), (2, 2)]
    assert runs["grown"][:2] == runs["at once"][:2]


WIDTHS = {"weight_bits": [2, 3, 4, 5, 6, 7, 8], "epochs": 4}
SWEEP = f"""
import sys
from pathlib import Path
from kws.sweeps import qat
from tests.support_learning import params
qat.run(Path(sys.argv[1]), {{0: Path(sys.argv[2])}}, params(qat_sweep={WIDTHS}))
"""


def test_a_sweep_killed_half_way_goes_on_to_the_same_bytes(swept, tmp_path, monkeypatch):
    """All its processes, by SIGKILL, once the first batch is done; what was done is not done again."""
    monkeypatch.setenv("KWS_STORE", str(tmp_path / "killed"))
    monkeypatch.setenv("KWS_JOBS", "2")
    command = [sys.executable, "-c", SWEEP, str(swept.features), str(swept.float_models[0])]
    finished = tmp_path / "killed" / "qat_sweep"
    with subprocess.Popen(command, cwd=REPOSITORY, start_new_session=True, stderr=subprocess.DEVNULL) as running:
        while not (done := folders_in(finished)):
            assert running.poll() is None
            time.sleep(0.01)
        os.killpg(running.pid, signal.SIGKILL)
    done = folders_in(finished)
    assert 0 < len(done) < 14
    written = {folder: (finished / folder / "model.pt").stat().st_mtime_ns for folder in done}
    choices = params(qat_sweep=WIDTHS)
    one = {0: swept.float_models[0]}
    rows, paths = qat.run(swept.features, one, choices)
    assert written == {folder: (finished / folder / "model.pt").stat().st_mtime_ns for folder in done}
    monkeypatch.setenv("KWS_STORE", str(tmp_path / "undisturbed"))
    monkeypatch.setenv("KWS_JOBS", "1")
    wanted, undisturbed = qat.run(swept.features, one, choices)
    assert ptq.tables(rows) == ptq.tables(wanted) and folder_bytes(paths) == folder_bytes(undisturbed)
    assert len(rows) == 14 and folders_in(finished) == folders_in(tmp_path / "undisturbed" / "qat_sweep")


def folders_in(store: Path) -> list[str]:
    """Finished points: their folders' names do not begin with a dot."""
    return sorted(path.name for path in store.glob("[!.]*") if path.is_dir())
