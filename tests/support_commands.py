"""Is a command line of the docs one that works? Each is judged by the parser of the program that it calls.

An unknown program, subcommand, option, target, file or key of params.yaml raises; so does a value that params.py
refuses. What can only be looked at, since it needs hardware or a network, is named in LOOKED_AT.
"""

import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import tomllib
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from io import StringIO
from pathlib import Path

from dvc.cli import parse_args
from dvc.utils.hydra import apply_overrides, get_hydra_sweeps

from kws import yaml_files
from kws.__main__ import parse
from kws.commands.real import overrides_of
from kws.params import load_params
from kws.scratch import merged
from kws.summary import STAGES
from tests.conftest import REPOSITORY

LOOKED_AT = {  # a program that is not here, and what its lines must look like
    "arduino-cli": r"arduino-cli core (update-index|install arduino:mbed_nano)",
    "code": r"code --install-extension iterative\.dvc",
    "sudo": r"sudo apt install libportaudio2",
}


def check(words: list[str], folder: Path) -> None:
    """Raises an exception for a command that would not work.

    Args:
        words: a command, without variables set before it.
        folder: an empty one, to write to.
    """
    program = Path(words[0]).name
    if program in LOOKED_AT:
        assert re.fullmatch(LOOKED_AT[program], " ".join(words)), words
        return
    assert program in _CHECKS, f"no check knows the program {program!r}"
    _CHECKS[program](words[1:], folder)


def check_variables(variables: dict[str, str]) -> None:
    """A variable that is set before a command must be one that the project reads."""
    for name in variables:
        assert f'"{name}"' in _sources(), f"nothing reads {name}"


@cache
def _sources() -> str:
    return "".join(path.read_text() for path in (REPOSITORY / "kws").rglob("*.py"))


def check_changes(changes: list[str], folder: Path) -> list[dict]:
    """What `-S` makes of params.yaml, once for each experiment of a grid; DVC's own code reads the overrides."""
    path = folder / "params.yaml"
    found = []
    for sweep in get_hydra_sweeps({str(path): changes}) if changes else []:
        shutil.copyfile(REPOSITORY / "params.yaml", path)
        apply_overrides(path, sweep[str(path)])
        load_params(path)
        found.append(yaml_files.load(path.read_text()))
    return found


def check_section(text: str, folder: Path) -> None:
    """A part of params.yaml, as a reader would type it in."""
    changed = merged(yaml_files.load((REPOSITORY / "params.yaml").read_text()), yaml_files.load(text))
    (folder / "section.yaml").write_text(yaml_files.dump(changed))
    load_params(folder / "section.yaml")


def _dvc(words: list[str], folder: Path) -> None:
    options = _quietly(parse_args, words)
    if changes := getattr(options, "set_param", None):
        experiments = check_changes(changes, folder)
        assert len(experiments) == 1 or options.queue, "a grid needs --queue"
    if words[0] in ("repro", "status"):
        assert set(options.targets) <= set(STAGES), options.targets


def made_by(words: list[str]) -> list[list[str]]:
    """The commands that `make` runs with these words, each in words. Raises CalledProcessError: no such target."""
    outside = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    shown = subprocess.run(
        ["make", "-n", *words], cwd=REPOSITORY, env=outside, capture_output=True, text=True, check=True
    )
    return [[word for word in shlex.split(line) if word] for line in shown.stdout.splitlines()]


def _make(words: list[str], folder: Path) -> None:
    """The target is there, and what it calls works."""
    assert shutil.which("make")
    for called in made_by(words):
        check(called, folder)


def _python(words: list[str], folder: Path) -> None:
    if words[0] != "-m":
        assert (REPOSITORY / words[0]).is_file(), words[0]
    elif words[1] == "kws":
        options = _quietly(parse, words[2:])
        if changes := getattr(options, "changes", None):
            merged(yaml_files.load((REPOSITORY / "params.yaml").read_text()), overrides_of(changes))
            check_changes(changes, folder)
        if rest := getattr(options, "command", None):
            check(rest, folder)
    elif words[1:3] == ["pip", "install"]:
        project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
        extras = [
            re.match(r"[\w-]+", one).group() for named in project["optional-dependencies"].values() for one in named
        ]
        assert {re.match(r"[\w-]+", word).group() for word in words[3:]} <= set(extras), words
    else:
        assert importlib.util.find_spec(words[1]), words[1]


def _git(words: list[str], folder: Path) -> None:
    known = subprocess.run(["git", "--list-cmds=main"], capture_output=True, text=True, check=True).stdout.split()
    assert words[0] in known, words
    if words[0] == "checkout" and len(words) == 3 and words[1] == "HEAD":
        assert (REPOSITORY / words[2]).is_file(), words


def _dask(words: list[str], folder: Path) -> None:
    module = importlib.import_module(f"distributed.cli.dask_{words[0]}")
    module.main.make_context(words[0], words[1:])


def _file_first(words: list[str], folder: Path) -> None:
    named = [word for word in words if word and not word.startswith("-")]
    assert named and (named[0].startswith(".venv/") or (REPOSITORY / named[0]).exists()), words


def _clean(words: list[str], folder: Path) -> None:
    assert words[0] == "-rf" and ".venv" not in words and ".dvc" not in words, words


def _quietly(parser, words: list[str]):
    said = StringIO()
    try:
        with redirect_stderr(said), redirect_stdout(said):
            return parser(words)
    except SystemExit as end:
        raise AssertionError(f"{' '.join(words)}: {said.getvalue()}") from end


_CHECKS = {
    "dvc": _dvc,
    "make": _make,
    "python": _python,
    "git": _git,
    "dask": _dask,
    "source": _file_first,
    "sh": _file_first,
    "cp": _file_first,
    "pre-commit": lambda words, folder: None,
    "rm": _clean,
}
