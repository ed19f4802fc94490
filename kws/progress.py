"""How far a long piece of work is: a bar on a terminal, elsewhere, as in a log, a line now and then."""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from tqdm import tqdm

EVERY_S = 20.0  # between two lines

Item = TypeVar("Item")


def progress(items: Iterable[Item], what: str, count: int) -> Iterable[Item]:
    """The same items, in the same order; on stderr how many of `count` are done."""
    if sys.stderr.isatty():
        return tqdm(items, what, count, leave=False)
    return _lines(items, what, count)


def _lines(items: Iterable[Item], what: str, count: int) -> Iterator[Item]:
    said = time.monotonic()
    for done, item in enumerate(items, 1):
        yield item
        if done < count and time.monotonic() - said >= EVERY_S:
            print(f"{what}: {done} of {count}", file=sys.stderr, flush=True)
            said = time.monotonic()
