"""Send what a talkative library prints, from Python or from C, to a log; show the log's end when the work fails."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SHOWN = 2000  # characters


@contextmanager
def output_to(log: Path) -> Iterator[None]:
    """Redirect the process's stdout and stderr to a file for the length of the block."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = [os.dup(1), os.dup(2)]
    try:
        with log.open("wb") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
            yield
    except BaseException:
        _restore(kept)
        kept = []
        print(log.read_text(errors="replace")[-_SHOWN:], file=sys.stderr)
        raise
    finally:
        _restore(kept)


def _restore(kept: list[int]) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    for number, copy in enumerate(kept, start=1):
        os.dup2(copy, number)
        os.close(copy)
