"""Points of a sweep: an interrupted run goes on, a further point runs alone, and nothing depends on the store."""

import shutil
import subprocess
import sys

import pytest
import torch

from kws import points
from kws.checkpoints import write_checkpoint
from kws.errors import ParamsError
from kws.points import code_digest, file_digest, jobs, run_batches, run_points
from kws.store import store_root
from kws.sweeps import ptq
from tests.conftest import REPOSITORY
from tests.support_learning import dataset_file, float_model, mark, mark_batch, params


@pytest.fixture(autouse=True)
def own_store(tmp_path, monkeypatch):
    """A store of this test's own, and one process."""
    monkeypatch.setenv("KWS_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("KWS_JOBS", "1")


@pytest.fixture
def log(tmp_path):
    return tmp_path / "log"


def run(log, *numbers: int) -> list[str]:
    points = [{"number": number, "log": str(log)} for number in numbers]
    return [(folder / "number.txt").read_text() for folder in run_points("marks", points, mark)]


def test_folders_come_in_the_order_of_the_points(log):
    assert run(log, 3, 1, 2) == ["3", "1", "2"]
    assert run(log, 2, 3, 1) == ["2", "3", "1"]
    assert log.read_text() == "3 1 2 "


def test_a_further_point_runs_alone(log):
    run(log, 1, 2)
    assert run(log, 0, 1, 2) == ["0", "1", "2"]
    assert log.read_text() == "1 2 0 "


def test_an_interrupted_sweep_goes_on_where_it_was(log, tmp_path):
    breaks = tmp_path / "log.2"
    breaks.touch()
    with pytest.raises(KeyboardInterrupt):
        run(log, 1, 2, 3)
    assert len(list((store_root() / "marks").iterdir())) == 1  # nothing half-done is kept
    breaks.unlink()
    assert run(log, 1, 2, 3) == ["1", "2", "3"]
    assert log.read_text() == "1 2 2 3 "


def test_two_points_alike_are_one(log):
    assert run(log, 5, 5) == ["5", "5"]
    assert len(list((store_root() / "marks").iterdir())) == 1


def test_two_processes_and_an_empty_store_change_no_byte(tmp_path, monkeypatch):
    write_checkpoint(tmp_path / "float_0.pt", float_model())
    found = []
    for count in ("1", "2"):
        monkeypatch.setenv("KWS_JOBS", count)
        rows, _ = ptq.run(dataset_file(tmp_path), {0: tmp_path / "float_0.pt"}, params())
        files = {path.relative_to(store_root()): path.read_bytes() for path in store_root().rglob("*.*")}
        found.append((ptq.tables(rows), files))
        shutil.rmtree(store_root())
    assert found[0] == found[1] and len(found[0][1]) == 4 * 3


def test_points_that_are_alike_are_made_together(log):
    def batches(*numbers):
        points = [{"number": number, "log": str(log)} for number in numbers]
        folders = run_batches("batches", points, mark_batch, 2, lambda point: str(point["number"] % 2))
        return [(folder / "number.txt").read_text() for folder in folders]

    assert batches(1, 2, 3, 4, 5, 6, 7) == ["1", "2", "3", "4", "5", "6", "7"]
    assert log.read_text() == "1,3 5,7 2,4 6 "
    assert batches(6, 8, 1) == ["6", "8", "1"] and log.read_text() == "1,3 5,7 2,4 6 8 "


def test_a_batch_that_breaks_leaves_none_of_its_points(log, tmp_path):
    (tmp_path / "log.3").touch()
    points = [{"number": number, "log": str(log)} for number in (1, 2, 3, 4)]
    with pytest.raises(KeyboardInterrupt):
        run_batches("batches", points, mark_batch, 2, lambda _: "")
    assert len(list((store_root() / "batches").iterdir())) == 2
    (tmp_path / "log.3").unlink()
    run_batches("batches", points, mark_batch, 2, lambda _: "")
    assert log.read_text() == "1,2 3,4 3,4 "


def test_a_point_in_another_process_is_put_into_the_same_store(log, monkeypatch):
    monkeypatch.setenv("KWS_JOBS", "2")
    assert run(log, 1, 2, 3) == ["1", "2", "3"]
    assert sorted(log.read_text().split()) == ["1", "2", "3"]


def test_jobs(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr("os.cpu_count", lambda: 6)
    assert jobs() == 1
    monkeypatch.delenv("KWS_JOBS")
    assert jobs() == 6
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert jobs() == 1
    for bad in ("0", "-2", "two", "1.5"):
        monkeypatch.setenv("KWS_JOBS", bad)
        with pytest.raises(ParamsError, match=f"KWS_JOBS is '{bad}'.*from 1 up"):
            jobs()


def test_digests_name_the_code_and_the_files(tmp_path):
    assert code_digest() == code_digest() != code_digest(("tflite/export",))
    (tmp_path / "file").write_bytes(b"abc")
    assert file_digest(tmp_path / "file").startswith("ba7816bf")


def test_every_file_of_the_models_package_counts():
    found = points._files(REPOSITORY / "kws" / "models")
    assert {path.name for path in found} >= {"__init__.py", "chain.py", "ds_cnn.py", "tiny_conv.py"}
    assert points._files(REPOSITORY / "kws" / "training") == [REPOSITORY / "kws" / "training.py"]


def test_importing_it_starts_nothing_and_says_nothing():
    command = [sys.executable, "-W", "error", "-c", "import kws.points"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
