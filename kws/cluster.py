"""A sweep's batches on a Dask cluster, which the environment variable KWS_DASK names.

    dask scheduler                                              # prints its address, tcp://HOST:8786
    dask worker tcp://HOST:8786 --nworkers -1 --nthreads 1      # on every machine: a process a core
    KWS_DASK=tcp://HOST:8786 dvc repro                          # here

Each worker needs this project and its packages at the same versions, the same kind of CPU, and the repository's folder
and the store under the same paths, as on a shared disk. The folder that relative paths start from and the store's
place travel with a batch; other environment variables are the worker's own. A worker that differs is refused by its
address, before any work and again at each batch, since workers may join late: its bytes would be others. It does one
batch at a time, on one thread, so the bytes are those of this computer.
Dask runs what anyone sends it who reaches its ports: keep them to a network you trust.
"""

import asyncio
import logging
import os
import re
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import NamedTuple

from kws.errors import ArtifactError, KwsError, ParamsError

VARIABLE = "KWS_DASK"
_ADDRESS = r"(tcp|tls)://[^\s/]+:\d{1,5}"
_TIMEOUT_S = 8.0  # for the scheduler to answer in
_PATIENCE_S = 30.0  # for a worker to come back when all are gone
_ALONE = threading.Lock()  # a worker may have several threads; torch's random numbers and the folder are the process's
_KEPT = "What was finished is kept; run the same command again."


class Home(NamedTuple):
    """What a worker must have in common with the process that sends it batches."""

    folder: str  # the current one, from which relative paths start
    mark: str  # a file in the store
    version: Callable[[], str]  # at module level; called on both sides
    expected: str  # what it says here


def cluster_address() -> str | None:
    """The scheduler's address; None where sweeps stay on this computer."""
    return os.environ.get(VARIABLE) or None


def run_on_cluster(
    address: str, shared: Path, version: Callable[[], str], function: Callable, arguments: Sequence[tuple]
) -> Iterator[None]:
    """Call function(*arguments) for each on the cluster's workers; yields as they end, in any order.

    Args:
        address: of the scheduler.
        shared: a folder that every worker must see.
        version: a function at module level, of the code and packages that a process has loaded, for people to read;
            what it gives here it must give on every worker.
        function: at module level.
        arguments: of each call.

    Raises:
        ParamsError: no scheduler answers, or there is no worker.
        ArtifactError: a worker has another version, or does not see a folder or a file.
        KwsError: what a call raises, with the worker's address; or the cluster is lost on the way.
    """
    with _connected(address) as client, _marked(shared) as mark:
        home = Home(str(Path.cwd()), str(mark), version, version())
        _check_workers(client, address, home)
        calls = [client.submit(_there, home, function, one, pure=False) for one in arguments]
        try:
            with _losses_told(address):
                yield from _as_they_end(client, address, calls)
        finally:
            client.cancel(calls)  # what waits is taken back; a batch that runs ends, and is kept


@contextmanager
def _connected(address: str) -> Iterator:
    """A distributed.Client, closed in the end."""
    said = f"{VARIABLE} is {address} in the environment"
    if not re.fullmatch(_ADDRESS, address):
        raise ParamsError(f"{said}: write the scheduler's address as it prints it, tcp://host:8786, or unset it.")
    try:
        import distributed
    except ImportError:
        raise ParamsError(
            f"{said}, and the package that speaks to Dask is missing: `python -m pip install distributed`, or unset it."
        ) from None
    for name in ("distributed", "distributed.client"):  # tracebacks of losses that are told here
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        asyncio.run(asyncio.wait_for(_identity(address), _TIMEOUT_S))
        client = distributed.Client(address, timeout=_TIMEOUT_S, set_as_default=False)
    except Exception as error:  # anything: bytes of what is no scheduler are taken for lengths and pickles
        reason = f"{type(error).__name__} {error}".split("\n")[0].strip()
        raise ParamsError(
            f"{said}, and no Dask scheduler answers there ({reason}): start one (`dask scheduler`), correct the "
            "address (tcp://host:8786), or unset it."
        ) from None
    with client:
        yield client


async def _identity(address: str) -> None:
    """Ask who is there: a Client would wait for ever for one that takes the connection and says nothing."""
    from distributed import Security, rpc

    async with rpc(address, connection_args=Security().get_connection_args("client")) as peer:
        kind = (await peer.identity())["type"]
    if kind != "Scheduler":
        raise ValueError(f"it is a {kind}")


@contextmanager
def _marked(shared: Path) -> Iterator[Path]:
    """An empty file in a folder, by which a worker tells that it sees this one and not its own of that name."""
    shared.mkdir(parents=True, exist_ok=True)
    mark = shared / f".seen-{uuid.uuid4().hex}"
    mark.touch()
    try:
        yield mark
    finally:
        mark.unlink(missing_ok=True)


def _check_workers(client, address: str, home: Home) -> None:
    found = client.run(_misfit, home, on_error="return")
    if not found:
        raise ParamsError(
            f"the Dask scheduler at {VARIABLE}={address} has no workers: start some (`dask worker {address} --nworkers "
            "-1 --nthreads 1`)."
        )
    for worker, problem in sorted(found.items()):
        if problem:
            reason = f"cannot load this project ({problem})" if isinstance(problem, BaseException) else problem
            raise ArtifactError(_of_worker(worker, reason))


def _misfit(home: Home) -> str:
    """Run on a worker: what keeps it from giving the same bytes, or nothing."""
    for needed in (Path(home.mark).parent, Path(home.folder)):
        if not needed.is_dir() or not Path(home.mark).exists():
            return f"does not see {needed} of this computer: share it, under the same path."
    found = home.version()
    if found != home.expected:
        return (
            f"has {found}, here it is {home.expected}: bring it to the same versions, and start it again, for a worker "
            "keeps the code that it loaded first."
        )
    return ""


def _there(home: Home, function: Callable, arguments: tuple) -> None:
    """Run on a worker: the call, in the folder from which its paths start."""
    from distributed import get_worker

    worker = get_worker().address
    with _ALONE:
        if problem := _misfit(home):
            raise ArtifactError(_of_worker(worker, problem))
        try:
            with chdir(home.folder):
                function(*arguments)
        except KwsError as error:
            raise type(error)(_of_worker(worker, f"says: {error}")) from None
        except OSError as error:
            raise ArtifactError(_of_worker(worker, f"failed: {error}. {_KEPT}")) from error


def _of_worker(worker: str, text: str) -> str:
    return f"the Dask worker {worker} {text}"


def _as_they_end(client, address: str, calls: list) -> Iterator[None]:
    """Yields once a call; asks now and then whether there is a worker left, where Dask would wait for ever."""
    from distributed import wait

    waiting = set(calls)
    while waiting:
        try:
            with client.as_current():
                ended, waiting = wait(waiting, _PATIENCE_S, "FIRST_COMPLETED")
        except TimeoutError:
            if not client.nthreads():
                raise KwsError(f"no worker is left at {VARIABLE}={address}: start some. {_KEPT}") from None
            continue
        for call in ended:
            call.result()
            yield


@contextmanager
def _losses_told(address: str) -> Iterator[None]:
    """Dask's errors about a cluster that falls apart, in our words."""
    from distributed import KilledWorker

    try:
        yield
    except KilledWorker as error:
        raise KwsError(
            f"workers of {VARIABLE}={address} died at a batch one after the other, for want of memory perhaps: their "
            f"logs say why; the last was {error.last_worker.address}. {_KEPT}"
        ) from None
    except (CancelledError, OSError):  # an OSError of a worker's came as one of ours
        raise KwsError(f"the Dask scheduler at {VARIABLE}={address} is gone: start it again. {_KEPT}") from None
