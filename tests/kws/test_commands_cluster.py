"""A cluster for one command: it sees KWS_DASK, its workers work, its status counts, and nothing is left running."""

import os
import subprocess
import sys

import pytest

from kws.commands.cluster import started
from kws.errors import ParamsError
from tests.conftest import REPOSITORY

pytest.importorskip("distributed")
ASKS = (
    "import os, distributed; c = distributed.Client(os.environ['KWS_DASK']); "
    "print('sum', c.submit(sum, [40, 2]).result(), 'on', len(c.nthreads()))"
)
SBATCH = """#!/bin/sh
echo "$*" >>"$HOME/asked"
for script; do :; done
cp "$script" "$HOME/job.sh"
sh "$HOME/job.sh" >"$HOME/job.log" 2>&1 &
echo $! >"$HOME/job.pid"
echo "Submitted batch job 1"
"""


def run(where: str, *command: str, **variables: str) -> subprocess.CompletedProcess:
    words = [sys.executable, "-m", "kws", "cluster", where, *command]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), **variables}
    return subprocess.run(words, env=environment, capture_output=True, text=True, timeout=120)


def test_a_local_cluster_works_for_the_command():
    done = run("local:1", sys.executable, "-c", ASKS)
    assert done.returncode == 0 and "sum 42 on 1" in done.stdout, done.stdout + done.stderr


def test_the_commands_failure_is_told():
    done = run("local:1", sys.executable, "-c", "raise SystemExit(3)")
    assert done.returncode == 1 and "ended with status 3" in done.stderr


def test_slurm_is_asked_for_jobs_of_one_core(tmp_path):
    """A made-up sbatch runs the job's script at once, as Slurm would somewhere else."""
    pytest.importorskip("dask_jobqueue")
    for name, text in (("sbatch", SBATCH), ("scancel", '#!/bin/sh\nkill "$(cat "$HOME/job.pid")"\n')):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    done = run("slurm:1", sys.executable, "-c", ASKS, HOME=str(tmp_path), PATH=path)
    assert done.returncode == 0 and "sum 42 on 1" in done.stdout, done.stdout + done.stderr
    job = (tmp_path / "job.sh").read_text()
    assert "#SBATCH --cpus-per-task=1" in job and "--nthreads 1" in job


@pytest.mark.parametrize("where", ["", "local", "local:0", "local:two", "ssh:one", "pbs:4", "slurm:-1"])
def test_what_is_no_cluster_is_refused(where):
    with pytest.raises(ParamsError, match="write local:COUNT"):
        started(where)


def test_a_command_is_needed():
    done = run("local:1")
    assert done.returncode == 1 and "nothing to run" in done.stderr


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ParamsError, match="pip install dask-jobqueue"):
        started("slurm:2")
    with pytest.raises(ParamsError, match="pip install asyncssh"):
        started("ssh:one,two")
