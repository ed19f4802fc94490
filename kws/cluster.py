"""A sweep's batches on a Dask cluster, which the environment variable KWS_DASK names: `KWS_DASK=tcp://host:8786`.

Each worker needs this project at the same version and sees the repository's folder under the same path, as on a shared
disk: what a worker finishes goes into the store there. Both are looked at before any work. A worker does one batch at a
time, on one thread, so the bytes are those of this computer.
"""

import os
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from kws.errors import KwsError, ParamsError

_TIMEOUT_S = 10
VARIABLE = "KWS_DASK"


def cluster_address() -> str | None:
    """The scheduler's address; None where sweeps stay on this computer."""
    return os.environ.get(VARIABLE) or None


def run_on_cluster(
    address: str, shared: Path, digest: Callable[[], str], function: Callable, arguments: Sequence[tuple]
) -> Iterator[None]:
    """Call function(*arguments) for each on the cluster's workers; yields as they end, in any order.

    Args:
        address: of the scheduler.
        shared: a folder that every worker must see.
        digest: a function at module level; what it gives here it must give on every worker.
        function: at module level.
        arguments: of each call.

    Raises:
        ParamsError: no scheduler answers, a worker has other code or does not see the folder, or there is no worker.
        KwsError: what a call raises, or a worker died at a call several times.
    """
    try:
        from distributed import Client, KilledWorker, as_completed
    except ImportError:
        raise ParamsError(
            f"{VARIABLE} is {address} in the environment, and the package that speaks to Dask is missing: "
            "`python -m pip install distributed`, or unset it."
        ) from None
    with _connected(Client, address) as client:
        _check_workers(client, address, shared, digest)
        calls = [client.submit(function, *one, pure=False) for one in arguments]
        try:
            for call in as_completed(calls, loop=client.loop):
                call.result()
                yield
        except KilledWorker:
            raise KwsError(
                f"workers of {VARIABLE}={address} died at a batch one after the other, for want of memory perhaps: "
                "their logs say why. What was finished is kept; run the same command again."
            ) from None
        finally:
            client.cancel(calls)


def _connected(client: Callable, address: str):
    try:
        return client(address, timeout=_TIMEOUT_S, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:  # TimeoutError is an OSError
        reason = str(error).split("\n")[0]
        raise ParamsError(
            f"{VARIABLE} is {address} in the environment, and no Dask scheduler answers there ({reason}): start one "
            "(`dask scheduler`), correct the address (tcp://host:8786), or unset it."
        ) from None


def _check_workers(client, address: str, shared: Path, digest: Callable[[], str]) -> None:
    shared.mkdir(parents=True, exist_ok=True)
    mark = shared / f".seen-{uuid.uuid4().hex}"
    mark.touch()
    try:
        found = client.run(_state, str(mark), digest, on_error="return")
    finally:
        mark.unlink()
    if not found:
        raise ParamsError(
            f"the Dask scheduler at {VARIABLE}={address} has no workers: start some (`dask worker {address}`)."
        )
    for worker, state in found.items():
        if isinstance(state, BaseException):
            reason = f"cannot load this project ({state})"
        elif not state[0]:
            reason = f"does not see {shared}"
        elif state[1] != digest():
            reason = "has another version of this project's code"
        else:
            continue
        raise ParamsError(
            f"the worker {worker} of {VARIABLE}={address} {reason}: workers need the same code and packages, and the "
            "repository's folder under the same path."
        )


def _state(mark: str, digest: Callable[[], str]) -> tuple[bool, str]:
    return Path(mark).exists(), digest()
