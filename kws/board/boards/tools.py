"""The programs of others that put an image onto a board: run to a deadline, their last words kept for the error."""

import shutil
import subprocess
from dataclasses import dataclass

from kws.errors import BoardError

_SHOWN_CHARACTERS = 600


@dataclass(frozen=True)
class Answer:
    """How a program ended: its status and what it wrote."""

    status: int
    out: str
    err: str


def tool_path(name: str, board: str, how_to_install: str) -> str:
    """Where the program is. BoardError, with how to install it, where it is not on the PATH."""
    path = shutil.which(name)
    if path is None:
        raise BoardError(f"flash.board is {board}, but there is no {name} to program it with: {how_to_install}")
    return path


def run_tool(command: list[str], board: str, limit_s: float) -> Answer:
    """Run it without input. BoardError where it cannot be started or takes longer than limit_s (it is then ended)."""
    what = f"`{' '.join(command[:2])}`, which flash.board {board} needs,"
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=limit_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise BoardError(
            f"{what} took more than {limit_s:.0f} s and was ended: unplug the board or the probe, plug it in again, "
            "and run the stage once more."
        ) from None
    except OSError as error:
        raise BoardError(f"{what} cannot be started ({error.strerror}): install it anew.") from None
    return Answer(done.returncode, done.stdout, done.stderr)


def shown(text: str) -> str:
    """The end of what a program said, on one line."""
    return " ".join(text.split())[-_SHOWN_CHARACTERS:] or "it said nothing"
