"""A git repository in which the graph has run on a tiny corpus, and commands of the docs can be typed."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from kws import yaml_files

PATIENCE_S = 400


class Laboratory:
    """A git repository with results in it; `store` is where its finished pieces of work lie."""

    def __init__(self, root: Path, store: Path):
        self.root, self.store = root, store

    def run(self, words: list[str], **variables: str) -> str:
        """What the command prints; raises where it fails."""
        environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(self.root),
            "KWS_STORE": str(self.store),
            **{f"GIT_{who}_{what}": "t@t" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
            **variables,
        }
        done = subprocess.run(words, cwd=self.root, env=environment, capture_output=True, text=True, timeout=PATIENCE_S)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout

    def metrics(self, stage: str) -> dict:
        return json.loads((self.root / "metrics" / f"{stage}.json").read_text())

    def params(self) -> dict:
        return yaml_files.load((self.root / "params.yaml").read_text())

    def bits(self) -> tuple[int, int]:
        """In params.yaml, and of the deployed model."""
        return self.params()["bits"], self.metrics("convert")["deployed"]["bits"]


def settled(finished: Path, root: Path, *first: list[str]) -> Laboratory:
    """A copy of the finished graph as a new git repository, after these commands: those that commit its results."""
    shutil.copytree(finished / "copy", root, ignore=shutil.ignore_patterns("__pycache__"))
    (root / ".dvc" / "config.local").unlink()
    found = Laboratory(root, finished / "store")
    found.run(["git", "init", "-q", "-b", "main"])
    for words in first:
        found.run(words)
    return found
