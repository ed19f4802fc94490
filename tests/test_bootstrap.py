"""The set-up: an unfit Python gets one line, a second call installs nothing, an interrupted one is repeated."""

import importlib.util
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def setup(tmp_path, monkeypatch):
    """The bootstrap module on a made-up repository, with pip and venv replaced by a list of what was asked of them."""
    spec = importlib.util.spec_from_file_location("bootstrap", ROOT / "tools" / "bootstrap.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    calls = []

    def create(folder, clear, **_):
        calls.append("venv --clear" if clear else "venv")
        module.venv_python(folder).parent.mkdir(parents=True, exist_ok=True)
        module.venv_python(folder).touch()

    def run(command, **_):
        calls.append("project" if "--editable" in command else "lock" if "--requirement" in command else "look")
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(module.venv, "create", create)
    monkeypatch.setattr(module.subprocess, "run", run)
    (tmp_path / "requirements.lock").write_text("a==1\n")
    (tmp_path / "pyproject.toml").write_text("")
    return module, tmp_path, calls


def test_a_second_call_installs_nothing(setup):
    module, root, calls = setup
    module.bootstrap(root)
    assert calls == ["venv", "lock", "project"]
    module.bootstrap(root)
    assert calls == ["venv", "lock", "project"]


@pytest.mark.parametrize("name", ["requirements.lock", "pyproject.toml"])
def test_a_changed_file_installs_again_into_the_same_environment(setup, name):
    module, root, calls = setup
    module.bootstrap(root)
    (root / name).write_text("b==2\n")
    module.bootstrap(root)
    assert calls[3:] == ["look", "lock", "project"]


def test_an_interrupted_installation_is_made_anew(setup, monkeypatch):
    module, root, calls = setup
    run = module.subprocess.run

    def interrupted(command, **options):
        run(command, **options)
        raise KeyboardInterrupt

    monkeypatch.setattr(module.subprocess, "run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        module.bootstrap(root)
    monkeypatch.setattr(module.subprocess, "run", run)
    module.bootstrap(root)
    assert calls == ["venv", "lock", "venv --clear", "lock", "project"]


def fake_python(folder: Path, name: str, works: bool) -> Path:
    """A program that answers the version check as a fit or an unfit Python would, and says that it was chosen."""
    path = folder / name
    path.write_text(f'#!/bin/sh\n[ "$1" = -c ] && exit {0 if works else 1}\necho "chosen $0"\n')
    path.chmod(0o755)
    return path


def find_python(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    environment = {**os.environ, "PATH": f"{folder}:/usr/bin:/bin"}
    command = ["/bin/sh", ROOT / "tools" / "bootstrap.sh", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)


def test_an_unfit_python_gets_one_line(tmp_path):
    unfit = fake_python(tmp_path, "python3.14", works=False)
    for name in (str(unfit), "/no/such/python"):
        answer = find_python(tmp_path, name)
        assert answer.returncode == 1 and answer.stdout == ""
        assert len(answer.stderr.splitlines()) == 1 and name in answer.stderr and "3.11, 3.12 or 3.13" in answer.stderr


def test_the_first_fit_python_is_chosen(tmp_path):
    fake_python(tmp_path, "python3.11", works=False)
    fit = fake_python(tmp_path, "python3.12", works=True)
    answer = find_python(tmp_path, "")
    assert answer.returncode == 0 and answer.stdout == f"chosen {fit}\n"


def test_this_python_passes_the_check():
    check = re.search(r"^usable='(.*)'$", (ROOT / "tools" / "bootstrap.sh").read_text(), re.MULTILINE)[1]
    assert subprocess.run([sys.executable, "-c", check], timeout=60).returncode == 0
    beyond = check.replace("sys.version_info[:2]", "(3, 14)")
    assert subprocess.run([sys.executable, "-c", beyond], timeout=60).returncode == 1


def test_the_lock_pins_every_direct_dependency_for_any_machine():
    lines = [line for line in (ROOT / "requirements.lock").read_text().splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.]*", line) for line in lines), (
        "a local build or an index"
    )
    pins = {canonicalize_name(line.split("==")[0]): line.split("==")[1] for line in lines}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = [*project["build-system"]["requires"], *project["project"]["dependencies"]]
    wanted += project["project"]["optional-dependencies"]["dev"]
    for requirement in map(Requirement, wanted):
        assert pins[canonicalize_name(requirement.name)] in requirement.specifier, requirement
