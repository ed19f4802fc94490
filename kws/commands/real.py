"""`python -m kws real` and `front-ends`: the whole graph on real speech, in copies, into results/."""

import argparse
import re
from pathlib import Path

from kws.errors import ParamsError

_NAME = re.compile(r"[a-z0-9][a-z0-9_]*")


def add_to(commands: argparse._SubParsersAction) -> None:
    """Make the commands known to the parser."""
    real = commands.add_parser("real", help="the whole graph on Speech Commands -> results/")
    front_ends = commands.add_parser("front-ends", help="the kinds of front end compared -> results/front_ends.json")
    for parser in (real, front_ends):
        parser.add_argument(
            "data_root", nargs="?", default="", help="a folder or .tar.gz; without it, it is downloaded"
        )
    add_changes_to(real)
    real.add_argument("--name", default="", help="folder under results/ (speech_commands)")
    real.set_defaults(run=_real)
    front_ends.set_defaults(run=_front_ends)


def add_changes_to(parser: argparse.ArgumentParser) -> None:
    """-S KEY=VALUE, any number of times."""
    parser.add_argument(
        "-S",
        dest="changes",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a key of params.yaml and its value, as `dvc exp run` takes them; may be given again",
    )


def overrides_of(changes: list[str]) -> dict:
    """["train.epochs=3"] -> {"train": {"epochs": 3}}. Raises ParamsError for text without a key and a value."""
    from kws import yaml_files

    overrides: dict = {}
    for change in changes:
        key, equals, value = change.partition("=")
        if not key or not equals:
            raise ParamsError(f"-S {change}: write KEY=VALUE, such as -S model.name=ds_cnn.")
        *sections, name = key.split(".")
        section = overrides
        for part in sections:
            section = section.setdefault(part, {})
        section[name] = yaml_files.load(value)
    return overrides


def _real(options: argparse.Namespace) -> None:
    from kws.scratch import REAL_SPEECH, real
    from kws.summary import load_metrics, summary_text
    from kws.workspace import repository_root

    name = options.name or REAL_SPEECH
    if not _NAME.fullmatch(name):
        raise ParamsError(f"--name {name}: use small letters, digits and underscores; it becomes a folder.")
    if options.changes and not options.name:
        raise ParamsError("-S changes the parameters: add --name, so that results/speech_commands stays the default's.")
    folder: Path = real(repository_root(), options.data_root, overrides_of(options.changes), name)
    print(summary_text(load_metrics(folder / "metrics"), folder / "plots"))


def _front_ends(options: argparse.Namespace) -> None:
    from kws.front_ends import compare_front_ends
    from kws.workspace import repository_root

    print(f"written: {compare_front_ends(repository_root(), options.data_root)}")
