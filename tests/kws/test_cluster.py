"""Sweeps on a Dask cluster of two worker processes: the same bytes, and clear words where one is of no use or goes."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from kws import cluster, points
from kws.checkpoints import write_checkpoint
from kws.cluster import run_on_cluster
from kws.errors import ArtifactError, DataError, KwsError, ParamsError
from kws.points import file_digest, run_batches, run_points
from kws.store import store_root
from kws.sweeps import ptq, qat
from tests.conftest import REPOSITORY
from tests.support_learning import dataset_file, float_model, mark, mark_batch, params, refuse

distributed = pytest.importorskip("distributed")


@contextmanager
def dask(*arguments: str) -> Iterator[subprocess.Popen]:
    """One of Dask's commands, running as a user would run it."""
    command = [sys.executable, "-m", "dask", *arguments, "--no-dashboard"]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "PYTHONWARNINGS": ""}
    with subprocess.Popen(
        command, cwd=REPOSITORY, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as running:
        try:
            yield running
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
    """A store of this test's own, and a current folder that is not the workers'."""
    monkeypatch.setenv("KWS_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("KWS_JOBS", "1")
    monkeypatch.chdir(tmp_path)


def stored() -> dict:
    return {path.relative_to(store_root()): path.read_bytes() for path in store_root().rglob("*") if path.is_file()}


def test_a_sweep_gives_the_same_tables_and_files_as_one_core(tmp_path, monkeypatch, address):
    write_checkpoint(tmp_path / "float_0.pt", float_model())
    found, choices = [], params(qat_sweep={"weight_bits": [8, 2], "minifloat": []})
    for number, where in enumerate(("", address)):
        monkeypatch.setenv("KWS_STORE", str(tmp_path / f"store{number}"))
        monkeypatch.setenv("KWS_DASK", where)
        arguments = (dataset_file(tmp_path).relative_to(tmp_path), {0: Path("float_0.pt")}, choices)
        found.append((ptq.tables(ptq.run(*arguments)[0]), ptq.tables(qat.run(*arguments)[0]), stored()))
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
    with pytest.raises(DataError, match=r"the Dask worker tcp://\S+ says: no speech here"):
        run_points("refused", [{"number": 1}], refuse)
    assert list((store_root() / "refused").iterdir()) == []
    log = tmp_path / "log"
    run_points("marks", [{"number": 5, "log": str(log)}], mark)
    assert log.read_text() == "5 "


def test_a_point_runs_on_one_thread_in_this_folder_and_its_file_is_the_one_it_names(tmp_path, monkeypatch, address):
    monkeypatch.setenv("KWS_DASK", address)
    point = {"dataset": "features.npz", "dataset_sha256": "0" * 64}
    with pytest.raises(ArtifactError, match=r"the Dask worker tcp://.* failed: .*No such file.*'features.npz'"):
        run_points("notes", [point], note)
    Path("features.npz").write_bytes(b"other")
    with pytest.raises(ArtifactError, match=rf"worker tcp://.*`features.npz` in {tmp_path} has the SHA-256 d9298a10d1"):
        run_points("notes", [point], note)
    [folder] = run_points("notes", [point | {"dataset_sha256": file_digest(Path("features.npz"))}], note)
    assert (folder / "note.txt").read_text() == f"1 {tmp_path}"


def test_a_worker_that_dies_is_survived_and_many_are_told(tmp_path, monkeypatch, address):
    monkeypatch.setenv("KWS_DASK", address)
    (tmp_path / "flag").touch()
    given = [{"number": number, "flag": str(tmp_path / "flag")} for number in range(3)]
    assert len(run_points("deaths", given, die)) == 3 and not (tmp_path / "flag").exists()
    with distributed.Client(address, set_as_default=False) as client:
        client.run_on_scheduler(allow_failures, 0)
        with pytest.raises(
            KwsError, match=r"workers of KWS_DASK=\S+ died .*; the last was tcp://.* was finished is kept"
        ):
            run_points("deaths", [{"number": 7, "flag": None}], die)
        client.run_on_scheduler(allow_failures, 3)
        client.wait_for_workers(2, timeout=60)


def test_an_interruption_leaves_nothing_waiting_there(tmp_path, address):
    done = run_on_cluster(address, tmp_path, str, time.sleep, [(0,), *[(3,)] * 9])
    next(done)
    done.close()
    time.sleep(0.5)
    with distributed.Client(address, set_as_default=False) as client:
        assert client.run_on_scheduler(tasks_left) == 0
    assert not list(tmp_path.glob(".seen*"))


@pytest.mark.parametrize(
    ("lost", "told"), [("worker", "no worker is left at"), ("scheduler", "Dask scheduler .* gone")]
)
def test_a_cluster_that_is_lost_half_way_is_told(tmp_path, monkeypatch, lost, told):
    monkeypatch.setattr(cluster, "_PATIENCE_S", 2)
    monkeypatch.setattr(cluster, "_TIMEOUT_S", 5)
    with (
        scheduler(tmp_path) as address,
        dask("worker", address, "--nthreads", "1", "--no-nanny", "--local-directory", str(tmp_path)) as worker,
    ):
        with distributed.Client(address, set_as_default=False) as client:
            client.wait_for_workers(1, timeout=60)
            process = worker.pid if lost == "worker" else client.run_on_scheduler(os.getpid)
        thread = threading.Thread(
            target=lambda: (waited_for((tmp_path / "started").exists), os.kill(process, signal.SIGKILL))
        )
        thread.start()
        with pytest.raises(KwsError, match=rf"{told}.*What was finished is kept"):
            list(run_on_cluster(address, tmp_path, str, linger, [(str(tmp_path / "started"),)]))
        thread.join()
        worker.kill()  # which would wait for its call


def test_no_scheduler_is_told(monkeypatch):
    monkeypatch.setattr(cluster, "_TIMEOUT_S", 1)
    with socket.create_server(("127.0.0.1", 0)) as server:
        free = server.getsockname()[1]
    with pytest.raises(
        ParamsError, match=f"KWS_DASK is tcp://127.*:{free} in the environment.*no Dask scheduler.*unset"
    ):
        list(run_on_cluster(f"tcp://127.0.0.1:{free}", store_root(), str, str, [()]))


@pytest.mark.parametrize(
    "address", ["nowhere", "1", "localhost:8786", "tcp://localhost", "http://localhost:8787/status"]
)
def test_an_ill_formed_address_is_told(address):
    with pytest.raises(ParamsError, match=f"KWS_DASK is {address} in the environment: .*tcp://host:8786, or unset it"):
        list(run_on_cluster(address, store_root(), str, str, [()]))


@pytest.mark.parametrize("greeting", [b"", b"SSH-2.0-OpenSSH_9.2\r\n"])
def test_one_who_is_silent_or_speaks_of_something_else_is_told_in_time(monkeypatch, greeting):
    monkeypatch.setattr(cluster, "_TIMEOUT_S", 1)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            with server.accept()[0] as connection:
                connection.sendall(greeting)
                connection.settimeout(10)
                while connection.recv(4096):  # until the other end closes
                    pass

        thread = threading.Thread(target=answer)
        thread.start()
        start = time.monotonic()
        with pytest.raises(ParamsError, match="no Dask scheduler answers there"):
            list(run_on_cluster(f"tcp://127.0.0.1:{server.getsockname()[1]}", store_root(), str, str, [()]))
        assert time.monotonic() - start < 3
        thread.join()


def test_a_workers_address_is_not_the_schedulers(address):
    with distributed.Client(address, set_as_default=False) as client:
        worker = next(iter(client.nthreads()))
    with pytest.raises(ParamsError, match=r"no Dask scheduler answers there \(ValueError it is a Worker\)"):
        list(run_on_cluster(worker, store_root(), str, str, [()]))


def test_a_cluster_without_workers_is_told(tmp_path):
    with scheduler(tmp_path) as lonely, pytest.raises(ParamsError, match="has no workers: start some"):
        list(run_on_cluster(lonely, tmp_path, str, str, [()]))


def test_workers_of_no_use_are_named(tmp_path, address, monkeypatch):
    with pytest.raises(ArtifactError, match=r"worker tcp://\S+ has \d+, here it is \d+: .*start it again"):
        list(run_on_cluster(address, tmp_path, process_of, str, [()]))
    monkeypatch.setattr(cluster, "_check_workers", lambda *_: None)  # one that joined after it was asked
    with pytest.raises(ArtifactError, match=r"worker tcp://\S+ has \d+, here it is \d+: .*start it again"):
        list(run_on_cluster(address, tmp_path, process_of, str, [()]))
    monkeypatch.setattr(cluster.Path, "touch", lambda _: None)
    with pytest.raises(ArtifactError, match=rf"worker tcp://\S+ does not see {tmp_path} of this computer"):
        list(run_on_cluster(address, tmp_path, str, str, [()]))


def test_a_worker_keeps_the_version_it_loaded_first_and_is_refused(tmp_path, address, monkeypatch):
    """It would give another version's bytes under this one's key, though the files on disk are the same."""
    monkeypatch.setenv("KWS_DASK", address)
    log = tmp_path / "log"
    run_points("marks", [{"number": 1, "log": str(log)}], mark)
    code = points.code_digest
    monkeypatch.setattr(points, "code_digest", lambda more=(): code(more) + "'")  # as after a change of the code
    points.version.cache_clear()
    with pytest.raises(ArtifactError, match=r"worker tcp://\S+ has code \w+, Python 3.*, here it is code \w+', Python"):
        run_points("marks", [{"number": 2, "log": str(log)}], mark)
    points.version.cache_clear()
    assert log.read_text() == "1 "


def process_of() -> str:
    """Another in each process."""
    return str(os.getpid())


def note(folder: Path, _point: dict) -> None:
    """A point that tells where it ran."""
    (folder / "note.txt").write_text(f"{torch.get_num_threads()} {Path.cwd()}")


def die(_folder: Path, point: dict) -> None:
    """A point that ends its process: one of them while there is a flag, or each where none is named."""
    flag = Path(point["flag"]) if point["flag"] else None
    if flag is None or (point["number"] == 1 and flag.exists()):
        if flag:
            flag.unlink()
        os.kill(os.getpid(), signal.SIGKILL)


def linger(started: str) -> None:
    """A call that tells when it starts, and does not end in time."""
    Path(started).touch()
    time.sleep(60)


def allow_failures(count: int, dask_scheduler) -> None:
    """Run on the scheduler: how many workers may die at a task."""
    dask_scheduler.allowed_failures = count


def tasks_left(dask_scheduler) -> int:
    """Run on the scheduler."""
    return len(dask_scheduler.tasks)


def test_a_missing_package_is_told(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ParamsError, match=r"KWS_DASK is tcp://a:1.*`python -m pip install distributed`"):
        list(run_on_cluster("tcp://a:1", tmp_path, str, str, [()]))
