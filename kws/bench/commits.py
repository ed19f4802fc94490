"""Which commit is counted: git's answers, and a work tree of an earlier commit beside this one."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kws.bench.history import Commit
from kws.errors import KwsError

_COUNTED = ("kws", "firmware", "params.yaml", "requirements.lock")  # what the cycles depend on
_DIGITS = 12


def commit_of(repository: Path, revision: str = "HEAD") -> Commit:
    """A revision's commit. Raises KwsError where git knows none, or there is no git."""
    told = _git(repository, "show", "-s", "--format=%H %cd", "--date=format-local:%Y-%m-%dT%H:%M:%SZ", revision)
    digits, date = told.split()
    return Commit(f"g{digits[:_DIGITS]}", date)


def changed(repository: Path) -> list[str]:
    """Files that differ from the commit and on which cycles depend."""
    lines = _git(repository, "status", "--porcelain", "--untracked-files=all", "--", *_COUNTED).splitlines()
    return [line[3:] for line in lines]


@contextmanager
def work_tree(repository: Path, revision: str, folder: Path) -> Iterator[Path]:
    """A revision's files in `folder`, as long as the block lasts; the repository's own files stay as they are."""
    _git(repository, "worktree", "add", "--detach", "--force", str(folder), revision)
    try:
        yield folder
    finally:
        _git(repository, "worktree", "remove", "--force", str(folder))


def _git(repository: Path, *arguments: str) -> str:
    command = ["git", "-C", str(repository), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | {"TZ": "UTC"})
    except FileNotFoundError:
        raise KwsError("There is no git: the bench names the commit that it counts. Install git.") from None
    if done.returncode:
        raise KwsError(f"`git {' '.join(arguments)}` fails: {done.stderr.strip()}. Name a commit of this repository.")
    return done.stdout.rstrip("\n")
