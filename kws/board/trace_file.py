"""A trace on disk, as the emulated board leaves it and as the host reads it: JSON, addresses as numbers.

{"schema": 1, "intervals": [[[call sites, block, end, executions, cycles], ...], ...]}
"""

import json
from pathlib import Path

from kws.board.tracing import Interval, Row
from kws.errors import BoardError
from kws.files import write_text

SCHEMA_VERSION = 1


def write_trace(path: Path, intervals: list[Interval]) -> None:
    """Write the intervals of a counted run."""
    rows = [
        [[sites, block, row.end, row.executions, row.cycles] for (sites, block), row in interval.rows.items()]
        for interval in intervals
    ]
    write_text(path, json.dumps({"schema": SCHEMA_VERSION, "intervals": rows}))


def read_trace(path: Path) -> list[Interval]:
    """The intervals again.

    Raises:
        BoardError: nothing was counted yet, or the file is of another version.
    """
    try:
        content = json.loads(path.read_text())
    except FileNotFoundError:
        raise BoardError(
            "The emulated board has traced nothing: its firmware has not switched the counter off."
        ) from None
    if content.get("schema") != SCHEMA_VERSION:
        raise BoardError(f"The trace {path} has schema {content.get('schema')}, not {SCHEMA_VERSION}: trace again.")
    return [
        Interval(
            {(tuple(sites), block): Row(end, executions, cycles) for sites, block, end, executions, cycles in rows}
        )
        for rows in content["intervals"]
    ]
