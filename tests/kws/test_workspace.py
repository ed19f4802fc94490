"""The root is found from below, and from the copies in which DVC runs experiments."""

from pathlib import Path

from kws.workspace import in_experiment, repository_root, user_path


def test_the_root_is_where_dvc_yaml_lies(tmp_path):
    (tmp_path / "dvc.yaml").touch()
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert repository_root(tmp_path / "a" / "b") == tmp_path
    assert repository_root(tmp_path) == tmp_path


def test_an_experiments_copy_belongs_to_the_root(tmp_path):
    copy = tmp_path / ".dvc" / "tmp" / "exps" / "temp" / "tmp123"
    copy.mkdir(parents=True)
    (tmp_path / "dvc.yaml").touch()
    (copy / "dvc.yaml").touch()
    assert repository_root(copy) == tmp_path


def test_without_a_repository_it_is_here(tmp_path):
    assert repository_root(tmp_path) == tmp_path


def test_paths_that_a_person_typed(tmp_path, monkeypatch):
    copy = tmp_path / ".dvc" / "tmp" / "exps" / "standalone"
    copy.mkdir(parents=True)
    monkeypatch.chdir(copy)
    assert user_path("../data") == tmp_path / "../data"
    assert user_path("/data") == Path("/data")
    assert user_path("~/data") == Path.home() / "data"


def test_an_experiments_copy_is_told_from_the_workspace(tmp_path):
    assert in_experiment(tmp_path / ".dvc" / "tmp" / "exps" / "standalone" / "tmpx")
    assert not in_experiment(tmp_path / "exps")
