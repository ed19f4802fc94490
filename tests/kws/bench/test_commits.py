"""What git says of a repository: its commit, its changes, the files of an earlier commit."""

import os
import subprocess

import pytest

from kws.bench.commits import changed, commit_of, work_tree
from kws.errors import KwsError

WHO = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in
       (("NAME", "a"), ("EMAIL", "a@b"), ("DATE", "2026-02-03T04:05:06+02:00"))}  # fmt: skip


def git(folder, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True, env=os.environ | WHO)


@pytest.fixture
def repository(tmp_path):
    root = tmp_path / "repository"
    (root / "firmware").mkdir(parents=True)
    git(root, "init")
    for text in ("first", "second"):
        (root / "firmware" / "a.c").write_text(text)
        git(root, "add", ".")
        git(root, "commit", "-m", text)
    return root


def test_a_commit_has_a_name_and_a_date_in_utc(repository):
    commit = commit_of(repository)
    assert commit.date == "2026-02-03T02:05:06Z" and commit.name[0] == "g" and len(commit.name) == 13
    assert commit_of(repository, "HEAD~1").name != commit.name


def test_changes_are_those_that_cycles_depend_on(repository):
    (repository / "README.md").write_text("new")
    assert changed(repository) == []
    (repository / "firmware" / "a.c").write_text("third")
    (repository / "firmware" / "b.c").write_text("new")
    assert changed(repository) == ["firmware/a.c", "firmware/b.c"]


def test_an_earlier_commits_files(repository, tmp_path):
    with work_tree(repository, "HEAD~1", tmp_path / "tree") as tree:
        assert (tree / "firmware" / "a.c").read_text() == "first"
    assert not (tmp_path / "tree").exists() and (repository / "firmware" / "a.c").read_text() == "second"


def test_no_such_commit(repository):
    with pytest.raises(KwsError, match="Name a commit of this repository"):
        commit_of(repository, "nothing")
