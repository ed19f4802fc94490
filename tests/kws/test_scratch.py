"""The copy holds what the workspace holds, its results apart; the workspace stays as it was."""

import subprocess

import pytest

from kws import scratch, yaml_files
from kws.errors import DataError, KwsError, ParamsError
from kws.params import load_params
from tests.conftest import REPOSITORY


@pytest.fixture
def clone(tmp_path):
    """A repository of one stage, which writes what make_copy gave it: bits, the source and whose kws it runs."""
    root = tmp_path / "clone"
    for folder in ("kws", "metrics", "plots", ".dvc", "results/speech_commands/metrics"):
        (root / folder).mkdir(parents=True)
    (root / "params.yaml").write_text((REPOSITORY / "params.yaml").read_text())
    (root / "params.quick.yaml").write_text("bits: 3\n")
    (root / "kws" / "__init__.py").write_text("")
    (root / ".gitignore").write_text("build/\n")
    (root / ".dvc" / "config").write_text("[core]\n    analytics = false\n")
    (root / "stage.py").write_text(
        "import kws, pathlib, yaml\n"
        "p = yaml.safe_load(open('params.yaml'))\n"
        "for f in ('metrics', 'plots'): pathlib.Path(f).mkdir(exist_ok=True)\n"
        "pathlib.Path('metrics/a').write_text(f\"{p['bits']} {p['data']['root']} {kws.__file__}\")\n"
        "pathlib.Path('plots/a').write_text('')\n"
        "assert p['train']['epochs'] != 7\n"
    )
    stage = {"cmd": "python stage.py", "deps": ["stage.py"], "params": ["bits", "data", "train"]}
    outs = [{name: {"cache": False}} for name in ("metrics/a", "plots/a")]
    (root / "dvc.yaml").write_text(yaml_files.dump({"stages": {"only": {**stage, "outs": outs}}}))
    (root / "metrics" / "a").write_text("the workspace's")
    (root / "dvc.lock").write_text("")
    (root / "results" / "speech_commands" / "metrics" / "a").write_text("older")
    for command in (["init", "-q"], ["add", "-A"]):
        subprocess.run(["git", *command], cwd=root, check=True)
    return root


def state(root):
    """Content of every file but those under build/ and .git/."""
    paths = [path for path in sorted(root.rglob("*")) if path.is_file()]
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in paths
        if path.relative_to(root).parts[0] not in ("build", ".git", ".kws")
    }


def test_quick_runs_in_a_copy_with_its_own_code(clone):
    before = state(clone)
    folder = scratch.quick(clone)
    assert (folder / "metrics" / "a").read_text() == f"3 None {folder / 'kws' / '__init__.py'}"
    assert load_params(folder / "params.yaml").bits == 3
    assert state(clone) == before
    (clone / "stage.py").write_text((clone / "stage.py").read_text().replace("{p['bits']}", "changed"))
    assert (scratch.quick(clone) / "metrics" / "a").read_text().startswith("changed")


def test_a_relative_root_is_the_repository_s_in_the_copy_too(clone, monkeypatch):
    (clone / "voices").mkdir()
    monkeypatch.chdir(clone / "kws")  # wherever the command was called
    folder = scratch.quick(clone, {"data": {"source": "folder", "root": "voices"}})
    assert (folder / "metrics" / "a").read_text().startswith(f"3 {clone / 'voices'} ")
    absolute = str(clone.parent)
    folder = scratch.quick(clone, {"data": {"source": "folder", "root": absolute}})
    assert load_params(folder / "params.yaml").data.root == absolute


def test_real_writes_results_and_leaves_the_workspace(clone):
    (clone.parent / "data").mkdir()
    before = state(clone)
    results = scratch.real(clone, "../data")
    after = state(clone)
    assert (results / "metrics" / "a").read_text().startswith(f"8 {clone.parent / 'data'} ")
    assert {name for name in after if before.get(name) != after[name] and not name.startswith(".dvc/cache")} == {
        "results/speech_commands/metrics/a",
        "results/speech_commands/plots/a",
    }


def test_a_failed_run_leaves_the_results(clone, capfd):
    params = yaml_files.load((clone / "params.yaml").read_text())
    params["train"]["epochs"] = 7
    (clone / "params.yaml").write_text(yaml_files.dump(params))
    before = state(clone)
    with pytest.raises(KwsError, match="a stage failed"):
        scratch.real(clone, "")
    assert state(clone) == before
    assert "AssertionError" in capfd.readouterr().err


def test_an_interrupted_run_leaves_the_results(clone, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    before = state(clone)
    monkeypatch.setattr(scratch, "run_graph", interrupted)
    with pytest.raises(KeyboardInterrupt):
        scratch.real(clone, "")
    assert state(clone) == before


def test_a_missing_root_is_named(clone):
    with pytest.raises(DataError, match=r"DATA_ROOT=\.\./none: nothing lies at"):
        scratch.real(clone, "../none")


def test_overrides_replace_only_what_is_there():
    assert scratch.merged({"a": {"b": 1, "c": 2}, "d": [1]}, {"a": {"b": 3}, "d": []}) == {
        "a": {"b": 3, "c": 2},
        "d": [],
    }
    with pytest.raises(ParamsError, match=r"a\.x"):
        scratch.merged({"a": {"b": 1}}, {"a": {"x": 3}})


def test_the_quick_parameters_are_accepted(tmp_path):
    overrides = yaml_files.load((REPOSITORY / "params.quick.yaml").read_text())
    params = scratch.merged(yaml_files.load((REPOSITORY / "params.yaml").read_text()), overrides)
    (tmp_path / "params.yaml").write_text(yaml_files.dump(params))
    assert load_params(tmp_path / "params.yaml").train.seeds == 1


def test_outside_git_it_says_so(tmp_path):
    (tmp_path / "params.yaml").write_text((REPOSITORY / "params.yaml").read_text())
    with pytest.raises(KwsError, match="git cannot list"):
        scratch.make_copy(tmp_path, tmp_path / "build", {})


def test_other_parameters_are_kept_beside_their_results(clone, tmp_path):
    speech = tmp_path / "speech"
    speech.mkdir()
    folder = scratch.real(clone, str(speech), {"bits": 4, "data": {"seed": 5}}, "other")
    assert folder == clone / "results" / "other"
    assert (folder / "metrics" / "a").read_text().startswith(f"4 {speech} ")
    assert yaml_files.load((folder / "changed_params.yaml").read_text()) == {"bits": 4, "data": {"seed": 5}}
    assert (clone / "results" / "speech_commands" / "metrics" / "a").read_text() == "older"
