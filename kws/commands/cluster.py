"""`python -m kws cluster WHERE COMMAND`: a Dask cluster for as long as a command runs, and KWS_DASK set for it.

    python -m kws cluster local:2 dvc repro             # two processes of this computer
    python -m kws cluster ssh:here,one,two dvc repro    # the scheduler on the first host, a worker a core on the others
    python -m kws cluster slurm:16 dvc repro            # sixteen jobs of a core each, by dask-jobqueue

What workers must have in common with this computer: kws/cluster.py.
"""

import argparse
import os
import re
import subprocess
from contextlib import AbstractContextManager

from kws.errors import KwsError, ParamsError

_HOW = "write local:COUNT, ssh:SCHEDULER,HOST,.. or slurm:COUNT"
_PATIENCE_S = 600.0  # for the first worker: Slurm may let it wait


def add_to(commands: argparse._SubParsersAction) -> None:
    """Make the command known to the parser."""
    parser = commands.add_parser("cluster", help="run a command with its sweeps on a Dask cluster of its own")
    parser.add_argument("where", help="local:COUNT, ssh:SCHEDULER,HOST,.. or slurm:COUNT")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="what to run, such as `dvc repro`")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    if not options.command:
        raise ParamsError("nothing to run stands behind the cluster: python -m kws cluster local:2 dvc repro")
    from distributed import Client

    with started(options.where) as cluster:
        address = cluster.scheduler_address
        print(f"a Dask cluster at {address}, {options.where}", flush=True)
        with Client(address, set_as_default=False) as client:
            try:
                client.wait_for_workers(1, timeout=_PATIENCE_S)
            except TimeoutError:
                raise KwsError(
                    f"{options.where}: no worker has come within {_PATIENCE_S:.0f} s; look into the queue or the log."
                ) from None
        status = subprocess.run(options.command, env={**os.environ, "KWS_DASK": address}).returncode
    if status:
        raise KwsError(f"`{' '.join(options.command)}` ended with status {status}; its message stands above.")


def started(where: str) -> AbstractContextManager:
    """The cluster that `where` describes; it ends with the context.

    Raises:
        ParamsError: where is not one of the forms, or a package for it is missing.
    """
    kind, _, rest = where.partition(":")
    if kind in ("local", "slurm") and re.fullmatch(r"[1-9]\d{0,3}", rest):
        return (_local if kind == "local" else _slurm)(int(rest))
    if kind == "ssh" and re.fullmatch(r"[^\s,]+(,[^\s,]+)+", rest):
        return _ssh(rest.split(","))
    raise ParamsError(f"the cluster is {where!r}: {_HOW}.")


def _local(count: int) -> AbstractContextManager:
    from distributed import LocalCluster

    return LocalCluster(n_workers=count, threads_per_worker=1, dashboard_address=None)


def _ssh(hosts: list[str]) -> AbstractContextManager:
    """The scheduler on the first host; a worker process a core, of one thread each, on the others."""
    _needs("asyncssh", "ssh")
    from distributed import SSHCluster

    return SSHCluster(hosts, worker_options={"nthreads": 1, "n_workers": os.cpu_count() or 1})


def _slurm(count: int) -> AbstractContextManager:
    """Jobs of one core; the site's queue, account and more stand in dask-jobqueue's own jobqueue.yaml."""
    _needs("dask_jobqueue", "slurm")
    import dask
    from dask_jobqueue import SLURMCluster

    memory = dask.config.get("jobqueue.slurm.memory", None) or "2 GB"
    cluster = SLURMCluster(cores=1, processes=1, memory=memory, scheduler_options={"dashboard_address": None})
    cluster.scale(jobs=count)
    return cluster


def _needs(package: str, kind: str) -> None:
    from importlib.util import find_spec

    if find_spec(package) is None:
        raise ParamsError(f"a cluster by {kind} needs a package: `python -m pip install {package.replace('_', '-')}`.")
