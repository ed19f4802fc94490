"""Output that goes to a log, from Python and from C, and comes back when the work fails."""

import subprocess
import sys

from tests.conftest import REPOSITORY

PROGRAM = """
import os, sys
from pathlib import Path
from kws.quiet import output_to
print("before")
with output_to(Path(sys.argv[1])):
    print("from Python")
    os.write(1, b"from C\\n")
    os.write(2, b"a warning\\n")
    print("x" * 5000)
    {inside}
print("after")
print("errors after", file=sys.stderr)
"""


def run(log, inside: str = "pass") -> subprocess.CompletedProcess:
    line = [sys.executable, "-c", PROGRAM.format(inside=inside), str(log)]
    return subprocess.run(line, cwd=REPOSITORY, capture_output=True, text=True)


def test_a_log_takes_it_all_and_nothing_else(tmp_path):
    done = run(tmp_path / "log")
    assert (done.returncode, done.stdout, done.stderr) == (0, "before\nafter\n", "errors after\n")
    text = (tmp_path / "log").read_text()
    assert all(part in text for part in ("from Python", "from C", "a warning", "x" * 5000))
    assert "before" not in text and "after" not in text


def test_a_failure_shows_the_end_of_the_log_and_goes_on(tmp_path):
    done = run(tmp_path / "log", "os.write(2, b'last words'); raise ValueError('broken')")
    assert done.returncode == 1 and done.stdout == "before\n"
    assert "last words" in done.stderr and done.stderr.rstrip().endswith("ValueError: broken")
    assert 1000 < done.stderr.count("x") <= 2100  # the end, not all of it


def test_descriptors_are_given_back(tmp_path):
    done = run(tmp_path / "log", "pass\nfor _ in range(3000):\n    with output_to(Path(sys.argv[1])): pass")
    assert (done.returncode, done.stdout) == (0, "before\nafter\n")
