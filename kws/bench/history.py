"""The history of the bench: results/bench_history.csv, a row a commit, model and phase; what became slower since.

Rows are added, never changed, but that a commit which is counted again replaces its own. `counter` is the hash of what
cycles are counted by: where it differs, so may the cycles of the same code.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kws.bench.measure import Bench, PhaseRow
from kws.board.cycle_models import BOUNDS, TABLE
from kws.files import sha256
from kws.tables import Row, read_table, write_table

COLUMNS = ("commit", "date", "counter", "model", "phase", "cycles", *(f"{bound}_cycles" for bound in BOUNDS), "macs",
           "flash_bytes", "ram_bytes")  # fmt: skip
SLOWER_BY = 0.005  # a share of the cycles
_COUNTER_FILES = ("cycle_table.py", "cycles.py", "cycle_models.py", "memory_waits.py", "counter.py")


@dataclass(frozen=True)
class Commit:
    """A commit: `g` and 12 digits of its hash (as `git describe` writes it: a word, no number), and when, in UTC."""

    name: str
    date: str  # 2026-01-31T12:00:00Z


def counter_version() -> str:
    """What the cycles are counted by: `v` and 8 digits of the SHA-256 of its sources."""
    folder = Path(__file__).resolve().parent.parent / "board"
    return "v" + sha256(b"".join((folder / name).read_bytes() for name in _COUNTER_FILES))[:8]


def rows_of(commit: Commit, counter: str, phases: Sequence[PhaseRow]) -> list[Row]:
    """A row a phase, as they stand in the table."""
    return [
        {
            "commit": commit.name,
            "date": commit.date,
            "counter": counter,
            "model": row.model,
            "phase": row.phase,
            "cycles": row.cycles[TABLE],
            **{f"{bound}_cycles": row.cycles.get(bound) for bound in BOUNDS},
            "macs": row.macs,
            "flash_bytes": row.flash_bytes,
            "ram_bytes": row.ram_bytes,
        }
        for row in phases
    ]


def read_history(path: Path) -> list[Row]:
    """Rows in the order in which they were written; none where there is no file."""
    return read_table(path, COLUMNS) if path.exists() else []


def add(path: Path, commit: Commit, bench: Bench) -> list[Row]:
    """Write the commit's rows, in place of those that it had; returns all rows."""
    kept = [row for row in read_history(path) if row["commit"] != commit.name]
    rows = kept + rows_of(commit, counter_version(), bench.phases)
    write_table(path, COLUMNS, rows)
    return rows


def changes(rows: Sequence[Row], commit: Commit, phases: Sequence[PhaseRow]) -> list[str]:
    """A line for each phase that takes more than SLOWER_BY more or fewer cycles than at the last commit before."""
    lines = []
    for new in rows_of(commit, counter_version(), phases):
        old = _before(rows, new)
        if old is None:
            continue
        change = new["cycles"] / old["cycles"] - 1
        if abs(change) > SLOWER_BY:
            word = "SLOWER" if change > 0 else "faster"
            other = "" if old["counter"] == new["counter"] else ", counted by another cycle model"
            lines.append(
                f"{word}: {new['phase']} of {new['model']} {old['cycles']:,} -> {new['cycles']:,} cycles "
                f"({change:+.1%}) since {str(old['commit']).removeprefix('g')}{other}"
            )
    return sorted(lines, key=lambda line: line.startswith("faster"))


def _before(rows: Sequence[Row], new: Row) -> Row | None:
    """The last row of the same model and phase, of another commit that is not later."""
    same = [row for row in rows if (row["model"], row["phase"]) == (new["model"], new["phase"])]
    earlier = [row for row in same if row["commit"] != new["commit"] and row["date"] <= new["date"]]
    return max(earlier, key=lambda row: str(row["date"]), default=None)
