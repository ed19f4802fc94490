"""Where results come from: parameters of the last run, the revision, and what happens without them."""

import subprocess

import pytest

from kws.errors import ArtifactError
from kws.report.provenance import machine, revision, shown, used_params, versions
from tests.conftest import REPOSITORY

LOCK = """schema: '2.0'
stages:
  train:
    cmd: x
    params:
      params.yaml:
        train.epochs: 3
        data: {words: [yes, no], root: null}
  flash: {cmd: y}
"""


def test_parameters_are_those_of_the_last_run_and_yes_is_a_word(tmp_path):
    (tmp_path / "dvc.lock").write_text(LOCK)
    assert used_params(tmp_path) == {"data.root": None, "data.words": ["yes", "no"], "train.epochs": 3}
    assert shown(["yes", "no"]) == '["yes", "no"]' and shown(None) == "null"


@pytest.mark.parametrize("text", ["a: [", "stages: 3", "", "stages: [1]"])
def test_a_damaged_lock_says_how_to_get_it_back(tmp_path, text):
    (tmp_path / "dvc.lock").write_text(text)
    with pytest.raises(ArtifactError, match=r"dvc\.lock.*git checkout"):
        used_params(tmp_path)


def test_a_missing_lock_says_what_writes_it(tmp_path):
    with pytest.raises(ArtifactError, match="dvc repro"):
        used_params(tmp_path)


def test_the_revision_tells_when_results_differ(tmp_path):
    assert revision(tmp_path) == "not in git"
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.org")

    def git(*arguments):
        subprocess.run(["git", *identity, *arguments], cwd=tmp_path, check=True, capture_output=True)

    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics" / "train.json").write_text("{}")
    git("init")
    git("add", "-A")
    git("commit", "-m", "one")
    commit, _, day = revision(tmp_path).partition(", ")
    assert len(commit) == 40 and len(day) == 10
    (tmp_path / "metrics" / "train.json").write_text("{ }")
    assert revision(tmp_path).endswith("results differ from it")


def test_versions_are_those_that_are_pinned():
    pinned = dict(
        line.split("==") for line in (REPOSITORY / "requirements.lock").read_text().splitlines() if "==" in line
    )
    found = {name: version.partition("+")[0] for name, version, _ in versions()}
    assert all(pinned[name] == version for name, version in found.items() if name != "Python")
    assert "cores" in machine()
