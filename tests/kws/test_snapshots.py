"""A training that was killed goes on from its snapshot to the same bytes; a snapshot that is no good counts as none."""

import dataclasses
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from kws import snapshots
from kws.recipes import Recipe
from kws.snapshots import Snapshot
from kws.store import store_root
from kws.sweeps import float_training, prune, qat
from kws.training import fit
from tests.conftest import REPOSITORY
from tests.support_learning import dataset, dataset_file, float_model, params, state_bytes

DATA = dataset()
CHOICES = Recipe(6, 32, 4e-3, 1e-3, (0.25,) * 4, mask_frames=6, mask_bands=4, label_smoothing=0.1, average_decay=0.9)
KILLED = """
import time
from pathlib import Path
from kws import snapshots, training
from kws.sweeps import float_training
from tests.support_learning import params

snapshots.SHORTEST_WAIT_S, snapshots.LARGEST_SHARE = 0.0, 1e9
whole = training._Training.run_epoch

def slowly(self, *more):
    if len(self.history) == 3:
        print("after three epochs", flush=True)
        time.sleep(60)
    whole(self, *more)

training._Training.run_epoch = slowly
float_training.run(Path({features!r}), params(train={train!r}))
"""


class Broken(Exception):
    """What ends a training before its time."""


@pytest.fixture(autouse=True)
def each_epoch_is_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("KWS_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("KWS_JOBS", "1")
    monkeypatch.setattr(snapshots, "SHORTEST_WAIT_S", 0.0)
    monkeypatch.setattr(snapshots, "LARGEST_SHARE", 1e9)


def trained(path: Path | None, stop_after: int = 0, choices: Recipe = CHOICES, seed: int = 0, shares=None) -> bytes:
    """A training's weights; one that is to stop raises Broken after so many epochs."""

    def stop(entry: dict) -> None:
        if entry["epoch"] == stop_after:
            raise Broken

    after_step = None if shares is None else shares.append
    model = float_model(dropout=0.3)
    return state_bytes(fit(model, DATA, choices, seed, after_step=after_step, after_epoch=stop, snapshot=path))


def interrupted(path: Path, epochs: int = 3, **more) -> None:
    with pytest.raises(Broken):
        trained(path, stop_after=epochs, **more)
    assert path.exists()


def test_what_goes_on_ends_with_the_same_bytes(tmp_path):
    path, shares = tmp_path / "state", []
    interrupted(path, 2)
    interrupted(path, 5)
    assert trained(path, shares=shares) == trained(None)
    assert shares == pytest.approx([(15 + step) / 18 for step in (1, 2, 3)])  # only the sixth epoch was left


def test_the_history_is_told_from_the_start(tmp_path):
    interrupted(tmp_path / "state")
    found, wanted = [], []
    fit(float_model(dropout=0.3), DATA, CHOICES, 0, after_epoch=found.append, snapshot=tmp_path / "state")
    fit(float_model(dropout=0.3), DATA, CHOICES, 0, after_epoch=wanted.append)
    assert [entry | {"epoch_s": 0} for entry in found] == [entry | {"epoch_s": 0} for entry in wanted]
    assert all(entry["epoch_s"] > 0 for entry in found)


def test_early_stopping_goes_on_as_well(tmp_path):
    """The best epoch lies before the interruption, the end after it."""
    choices = dataclasses.replace(CHOICES, epochs=40, learning_rate=0.02, mask_frames=0, mask_bands=0)
    choices, history = dataclasses.replace(choices, patience_epochs=3), []
    fit(float_model(dropout=0.3), DATA, choices, 0, after_epoch=history.append)
    assert 4 < len(history) < 40
    interrupted(tmp_path / "state", len(history) - 1, choices=choices)
    assert trained(tmp_path / "state", choices=choices) == trained(None, choices=choices)


@pytest.mark.parametrize("damage", ["truncated", "changed", "empty", "of another recipe", "of another seed"])
def test_a_snapshot_that_is_no_good_is_started_without(tmp_path, damage):
    path, shares = tmp_path / "state", []
    if damage.startswith("of another"):
        recipe = dataclasses.replace(CHOICES, weight_decay=0.5) if "recipe" in damage else CHOICES
        interrupted(path, choices=recipe, seed=int("seed" in damage))
    else:
        interrupted(path)
        data = path.read_bytes()
        middle = len(data) // 2
        changed = data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
        path.write_bytes({"truncated": data[:-100], "changed": changed, "empty": b""}[damage])
    assert trained(path, shares=shares) == trained(None)
    assert len(shares) == 18


def test_writing_takes_its_share_of_the_time_and_no_more(tmp_path, monkeypatch):
    """A clock that the writing of a state moves on by 3 s, and each epoch by 10 s."""
    clock, written = [0.0], []

    def state() -> dict:
        clock[0] += 3
        written.append(clock[0])
        return {"number": len(written)}

    monkeypatch.setattr(snapshots.time, "perf_counter", lambda: clock[0])
    monkeypatch.setattr(snapshots, "SHORTEST_WAIT_S", 5.0)
    monkeypatch.setattr(snapshots, "LARGEST_SHARE", 0.02)
    kept = Snapshot(tmp_path / "state", {})
    for _ in range(100):
        clock[0] += 10
        kept.save_when_due(state)
    assert written[0] == 13 and written[1] >= 13 + 3 / 0.02
    assert 3 * len(written) <= 0.03 * clock[0] and Snapshot(tmp_path / "state", {}).load() == {"number": len(written)}


def test_without_a_path_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    trained(None)
    assert list(tmp_path.iterdir()) == []


def test_a_training_killed_by_the_system_ends_with_the_same_checkpoint(tmp_path, monkeypatch):
    features, train = dataset_file(tmp_path), {"seeds": 1, "epochs": 6}
    script = KILLED.format(features=str(features), train=train)
    process = subprocess.Popen([sys.executable, "-c", script], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "after three epochs\n"
    process.send_signal(signal.SIGKILL)
    assert process.wait(30) == -signal.SIGKILL
    process.stdout.close()
    [left] = (store_root() / "train").glob("*.unfinished")
    [point] = float_training.run(features, params(train=train))
    resumed = point.checkpoint.read_bytes()
    assert not left.exists() and point.figures["train_s"] < 30
    monkeypatch.setenv("KWS_STORE", str(tmp_path / "another"))
    [undisturbed] = float_training.run(features, params(train=train))
    assert undisturbed.checkpoint.read_bytes() == resumed and undisturbed.checkpoint != point.checkpoint


def fine_tuned(sweep, features: Path, models: dict[int, Path]) -> list[bytes]:
    """Checkpoints of a sweep with one point a method, three epochs each."""
    tuning = {"epochs": 4, "batch_size": 32}
    choices = params(
        qat_sweep={"weight_bits": [3], **tuning},
        prune_sweep={"unstructured_amounts": [0.8], "structured_amounts": [0.5], **tuning},
    )
    return [path.read_bytes() for path in sweep.run(features, models, choices)[1]]


@pytest.mark.parametrize("sweep", [qat, prune])
def test_quantized_and_pruned_models_go_on_too(tmp_path, monkeypatch, sweep):
    """Each training of the sweep is broken off once, after its second epoch, where masks are half set."""
    features = dataset_file(tmp_path)
    [point] = float_training.run(features, params(train={"seeds": 1}))
    models = {0: point.checkpoint}
    save, saves = Snapshot.save_when_due, []

    def broken(self, state) -> None:
        save(self, state)
        saves.append(self._path)
        if saves.count(self._path) == 2:
            raise Broken

    monkeypatch.setattr(Snapshot, "save_when_due", broken)
    for _ in range(2):
        with pytest.raises(Broken):
            fine_tuned(sweep, features, models)
    found = fine_tuned(sweep, features, models)
    assert len(saves) == 2 * 4 and not list(store_root().rglob("*.unfinished"))
    monkeypatch.setattr(Snapshot, "save_when_due", save)
    monkeypatch.setenv("KWS_STORE", str(tmp_path / "another"))
    monkeypatch.setattr(Snapshot, "load", lambda _: None)
    assert fine_tuned(sweep, features, models) == found


def test_a_state_on_the_gpu_is_taken_up(tmp_path):
    if not torch.cuda.is_available():
        pytest.skip("torch sees no CUDA device")
    choices = dataclasses.replace(CHOICES, device="cuda")
    interrupted(tmp_path / "state", choices=choices)
    assert trained(tmp_path / "state", choices=choices) == trained(None, choices=choices)
