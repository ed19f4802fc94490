"""A stage as a command: paths, parameters, and errors in one paragraph with status 1."""

import errno
import os
import subprocess
import sys

import pytest

from kws.errors import ArtifactError, BoardError
from kws.stage import run
from kws.yaml_files import dump
from tests.conftest import REPOSITORY
from tests.support_learning import changed

SCRIPT = '''"""repeat: what it does."""
from kws.errors import DataError
from kws.stage import stage

@stage(source="what to read", target_file="what to write")
def main(paths, params):
    if not paths.source.exists():
        raise DataError(f"{paths.source} is missing: put it there.")
    paths.target_file.write_text(paths.source.read_text() * params.bits)

main()
'''


def command(folder, *options: str, **sections) -> subprocess.CompletedProcess:
    """Run the script above in a folder with a params.yaml of its own."""
    (folder / "repeat.py").write_text(SCRIPT)
    (folder / "params.yaml").write_text(dump(changed(**sections)))
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    line = [sys.executable, "repeat.py", *options]
    return subprocess.run(line, cwd=folder, env=environment, capture_output=True, text=True)


def test_options_are_paths_and_params_are_read(tmp_path):
    (tmp_path / "a").write_text("ab")
    done = command(tmp_path, "--source", "a", "--target-file", "b", bits=3)
    assert (done.returncode, done.stderr, (tmp_path / "b").read_text()) == (0, "", "ababab")


def test_an_error_is_one_paragraph_and_status_1(tmp_path):
    done = command(tmp_path, "--source", "a", "--target-file", "b")
    assert (done.returncode, done.stderr) == (1, "error: a is missing: put it there.\n")


def test_refused_params_are_one_paragraph_and_status_1(tmp_path):
    done = command(tmp_path, "--source", "a", "--target-file", "b", bits=9)
    assert done.returncode == 1 and done.stderr.startswith("error: params.yaml: `bits` is 9: ")
    assert done.stderr.count("\n") == 1


def test_a_path_that_is_not_given_is_asked_for(tmp_path):
    done = command(tmp_path, "--source", "a")
    assert done.returncode == 2 and "--target-file" in done.stderr


def ended(error: BaseException) -> str:
    """What `run` exits with for an error: a text, which Python prints before it exits with status 1."""

    def work() -> None:
        raise error

    with pytest.raises(SystemExit) as caught:
        run(work)
    return caught.value.code


@pytest.mark.parametrize("kind", [ArtifactError, BoardError])
def test_every_error_of_ours_is_told_as_it_is(kind):
    assert ended(kind("what, and what to do")) == "error: what, and what to do"


def test_a_full_disk_is_told_with_and_without_a_name():
    full = os.strerror(errno.ENOSPC)
    assert ended(OSError(errno.ENOSPC, full, "plots/a.png")).startswith(f"error: plots/a.png: {full}. Nothing half")
    assert ended(OSError(errno.ENOSPC, full)).startswith(f"error: {full}. Nothing half-written")
    denied = PermissionError(errno.EACCES, "Permission denied", "metrics")
    assert ended(denied).startswith("error: metrics: Permission denied. ")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")  # noqa: PTH110
def test_a_disk_that_is_really_full(tmp_path):
    (tmp_path / "a").write_text("ab")
    done = command(tmp_path, "--source", "a", "--target-file", "/dev/full")
    assert done.returncode == 1 and "Traceback" not in done.stderr and os.strerror(errno.ENOSPC) in done.stderr


def test_an_interruption_says_how_to_go_on():
    assert "the same command goes on" in ended(KeyboardInterrupt())


@pytest.mark.parametrize("error", [ValueError("a mistake of ours"), OSError("no number"), OSError(errno.EBADF, "bad")])
def test_other_errors_keep_their_traceback(error):
    def work() -> None:
        raise error

    with pytest.raises(type(error)):
        run(work)
