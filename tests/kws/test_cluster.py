"""Sweeps on a Dask cluster of two worker processes: the same bytes, and clear words where a worker is of no use."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kws import cluster
from kws.checkpoints import write_checkpoint
from kws.cluster import run_on_cluster
from kws.errors import DataError, ParamsError
from kws.points import run_batches, run_points
from kws.store import store_root
from kws.sweeps import ptq, qat
from tests.conftest import REPOSITORY
from tests.support_learning import dataset_file, float_model, mark, mark_batch, params, refuse

distributed = pytest.importorskip("distributed")


@contextmanager
def dask(*arguments: str) -> Iterator[None]:
    """One of Dask's commands, running as a user would run it."""
    command = [sys.executable, "-m", "dask", *arguments, "--no-dashboard"]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "PYTHONWARNINGS": ""}
    with subprocess.Popen(
        command, cwd=REPOSITORY, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as running:
        try:
            yield
        finally:
            running.terminate()


@contextmanager
def scheduler(folder: Path) -> Iterator[str]:
    """A scheduler's address."""
    told = folder / "scheduler.json"
    with dask("scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(told)):
        waited_for(told.exists)
        yield json.loads(told.read_text())["address"]


def waited_for(is_there) -> None:
    for _ in range(300):
        if is_there():
            return
        time.sleep(0.1)
    raise TimeoutError("Dask does not start")


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A scheduler with two worker processes."""
    folder = tmp_path_factory.mktemp("dask")
    with (
        scheduler(folder) as found,
        dask("worker", found, "--nworkers", "2", "--nthreads", "2", "--local-directory", str(folder)),
        distributed.Client(found, set_as_default=False) as client,
    ):
        client.wait_for_workers(2, timeout=60)
        yield found


@pytest.fixture(autouse=True)
def own_store(tmp_path, monkeypatch):
    monkeypatch.setenv("KWS_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("KWS_JOBS", "1")


def stored() -> dict:
    return {path.relative_to(store_root()): path.read_bytes() for path in store_root().rglob("*") if path.is_file()}


def test_a_sweep_gives_the_same_tables_and_files_as_one_core(tmp_path, monkeypatch, address):
    write_checkpoint(tmp_path / "float_0.pt", float_model())
    found, choices = [], params(qat_sweep={"weight_bits": [8, 2], "minifloat": []})
    for number, where in enumerate(("", address)):
        monkeypatch.setenv("KWS_STORE", str(tmp_path / f"store{number}"))
        monkeypatch.setenv("KWS_DASK", where)
        arguments = (dataset_file(tmp_path), {0: tmp_path / "float_0.pt"}, choices)
        found.append((ptq.tables(ptq.run(*arguments)), ptq.tables(qat.run(*arguments)[0]), stored()))
    assert found[0] == found[1] and len(found[0][2]) == 7 * 3


def test_only_what_is_missing_goes_there(tmp_path, monkeypatch, address):
    monkeypatch.setenv("KWS_DASK", address)
    log = tmp_path / "log"
    points = [{"number": number, "log": str(log)} for number in range(4)]
    run_points("marks", points[:2], mark)
    folders = run_points("marks", points, mark)
    assert [(folder / "number.txt").read_text() for folder in folders] == ["0", "1", "2", "3"]
    assert sorted(log.read_text().split()) == ["0", "1", "2", "3"]
    run_batches("batches", points, mark_batch, 4, lambda _: "")
    assert log.read_text().endswith("0,1,2,3 ")


def test_an_error_there_is_the_error_here_and_what_was_done_is_kept(tmp_path, monkeypatch, address):
    monkeypatch.setenv("KWS_DASK", address)
    with pytest.raises(DataError, match="no speech here"):
        run_points("refused", [{"number": 1}], refuse)
    assert list((store_root() / "refused").iterdir()) == []
    log = tmp_path / "log"
    run_points("marks", [{"number": 5, "log": str(log)}], mark)
    assert log.read_text() == "5 "


def test_no_scheduler_is_told(monkeypatch):
    monkeypatch.setattr(cluster, "_TIMEOUT_S", 1)
    with socket.create_server(("127.0.0.1", 0)) as server:
        free = server.getsockname()[1]
    for address in (f"tcp://127.0.0.1:{free}", "nowhere", "http://x:y"):
        with pytest.raises(ParamsError, match=f"KWS_DASK is {address} in the environment.*no Dask scheduler.*unset it"):
            list(run_on_cluster(address, store_root(), str, str, [()]))


def test_a_cluster_without_workers_is_told(tmp_path):
    with scheduler(tmp_path) as lonely, pytest.raises(ParamsError, match="has no workers: start some"):
        list(run_on_cluster(lonely, tmp_path, str, str, [()]))


def test_workers_of_no_use_are_named(tmp_path, address, monkeypatch):
    with pytest.raises(ParamsError, match=r"worker tcp://\S+ of KWS_DASK=\S+ has another version"):
        list(run_on_cluster(address, tmp_path, process_of, str, [()]))
    monkeypatch.setattr(cluster.Path, "touch", lambda _: None)
    monkeypatch.setattr(cluster.Path, "unlink", lambda _: None)
    with pytest.raises(ParamsError, match=rf"does not see {tmp_path}: workers need the same code"):
        list(run_on_cluster(address, tmp_path, str, str, [()]))


def process_of() -> str:
    """Another in each process."""
    return str(os.getpid())


def test_a_missing_package_is_told(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ParamsError, match=r"KWS_DASK is tcp://a:1.*`python -m pip install distributed`"):
        list(run_on_cluster("tcp://a:1", tmp_path, str, str, [()]))
