"""What every script under stages/ does around its one function: paths from the command line, checked parameters, and
errors that a user can mend as one paragraph instead of a traceback."""

import argparse
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

from kws.errors import KwsError
from kws.files import FULL_DISK
from kws.params import Params, load_params


def stage(**paths: str) -> Callable[[Callable[[SimpleNamespace, Params], None]], Callable[[], None]]:
    """Decorator: turn `main(paths, params)` into a command whose options are the named paths, all required.

    dvc.yaml is the only place that knows where things lie; it hands the paths over as options.
    """

    def decorate(main: Callable[[SimpleNamespace, Params], None]) -> Callable[[], None]:
        def command() -> None:
            parser = argparse.ArgumentParser(description=sys.modules[main.__module__].__doc__)
            for name, told in paths.items():
                parser.add_argument(f"--{name.replace('_', '-')}", type=Path, required=True, help=told)
            run(lambda: main(SimpleNamespace(**vars(parser.parse_args())), load_params()))

        return command

    return decorate


def run(work: Callable[[], None]) -> None:
    """Do it; for an error that a user can mend, print its message and exit with status 1."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    warnings.showwarning = _show_warning
    try:
        work()
    except KwsError as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        if error.filename is None and error.errno not in FULL_DISK:
            raise
        place = f"{error.filename}: " if error.filename else ""
        sys.exit(f"error: {place}{error.strerror}. Nothing half-written was left; mend this and run again.")
    except KeyboardInterrupt:
        sys.exit("interrupted: finished points are kept in .kws, and the same command goes on from there.")


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    """A warning as one paragraph, without the line of code that gave it."""
    print(f"warning: {message}", file=sys.stderr)
