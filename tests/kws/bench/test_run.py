"""The bench from end to end with the counting left out: what is written, and when it is not."""

import json
import shutil

import pytest

from kws.bench import run
from kws.bench.history import Commit, read_history
from tests.conftest import REPOSITORY
from tests.kws.bench.test_report import BENCH

COMMIT = Commit("g123456789012", "2026-01-01T00:00:00Z")


@pytest.fixture
def repository(tmp_path, monkeypatch):
    (tmp_path / "references").mkdir()
    shutil.copy(REPOSITORY / run.PEERS, tmp_path / run.PEERS)
    (tmp_path / "results").mkdir()
    monkeypatch.setattr(run, "commit_of", lambda *_: COMMIT)
    monkeypatch.setattr(run, "changed", lambda _: [])
    monkeypatch.setattr(run, "measure", lambda *_, **__: BENCH)
    return tmp_path


def test_a_commit_is_kept(repository):
    said = run.bench_here(repository)
    assert "Written: results/bench.json" in said and "tiny_conv" in said
    assert json.loads((repository / run.LATEST).read_text())["commit"] == COMMIT.name
    assert len(read_history(repository / run.HISTORY)) == len(BENCH.phases)
    assert (repository / run.PICTURE).read_bytes().startswith(b"\x89PNG")


def test_uncommitted_changes_are_not(repository, monkeypatch):
    monkeypatch.setattr(run, "changed", lambda _: ["firmware/src/a.c"])
    assert "Not kept in the history: uncommitted changes in firmware/src/a.c." in run.bench_here(repository)
    assert json.loads((repository / run.LATEST).read_text())["uncommitted"] == ["firmware/src/a.c"]
    assert not (repository / run.HISTORY).exists()


def test_an_earlier_commit_adds_to_the_history_alone(repository, monkeypatch):
    class Tree:
        def __enter__(self):
            return repository

        def __exit__(self, *_):
            return None

    monkeypatch.setattr(run, "work_tree", lambda *_: Tree())
    said = run.bench_commit(repository, "HEAD~3")
    assert said.startswith("g123456789012: 3 phases") and "note: something could not be had" in said
    assert not (repository / run.LATEST).exists() and (repository / run.PICTURE).exists()
