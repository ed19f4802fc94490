"""How cycles moved from commit to commit. In: rows of results/bench_history.csv."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes

from kws.captions import cycles_caption
from kws.figures.style import BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION, picture, required
from kws.tables import Row

_COLOURS = (BLUE, SKY, GREEN, VERMILION, PURPLE, ORANGE)
_PANELS = {  # title -> phases
    "inference": ("inference",),
    "features and unpacking": ("preprocess", "preprocess_stride", "preprocess_window", "unpacking"),
}
_CLOCK_HZ = 64e6


def bench_history(path: Path, rows: Sequence[Row]) -> None:
    """Milliseconds of each model and phase over the commits, oldest first; a band from lower to upper bound.

    Args:
        path: bench_history.png.
        rows: commit, date, model, phase, cycles, lower_cycles, upper_cycles, ..; of any order.
    """
    rows = sorted(required(rows, "results/bench_history.csv"), key=lambda row: str(row["date"]))
    commits = list(dict.fromkeys(str(row["commit"]) for row in rows))
    caption = f"{cycles_caption('modelled')} at 64 MHz; line: the table, band: its lower and upper bound"
    size_in = (10, 4.6)
    with picture(path, "The bench, commit by commit", caption, size_in, (1, len(_PANELS))) as (_, axes):
        for panel, (title, phases) in zip(axes, _PANELS.items(), strict=True):
            chosen = [row for row in rows if row["phase"] in phases]
            _lines(panel, chosen, commits, named_by_phase=len(phases) > 1)
            panel.set(title=title, ylabel="ms", yscale="log", xlim=(-0.3, len(commits) - 0.7))
            panel.set_xticks(range(len(commits)), [name.removeprefix("g")[:7] for name in commits], rotation=45)
            if chosen:
                panel.legend(fontsize=7)


def _lines(axes: Axes, rows: Sequence[Row], commits: Sequence[str], named_by_phase: bool) -> None:
    series = list(dict.fromkeys((str(row["model"]), str(row["phase"])) for row in rows))
    for number, (model, phase) in enumerate(series):
        own = [row for row in rows if (row["model"], row["phase"]) == (model, phase)]
        places = [commits.index(str(row["commit"])) for row in own]
        low, table, high = ([_ms(row, key) for row in own] for key in ("lower_cycles", "cycles", "upper_cycles"))
        colour = _COLOURS[number % len(_COLOURS)]
        label = f"{model}: {phase}" if named_by_phase else model
        axes.plot(places, table, "o-", color=colour, label=label.replace("_", " "))
        axes.fill_between(places, low, high, color=colour, alpha=0.15, linewidth=0)


def _ms(row: Row, key: str) -> float:
    """Where a bound was not counted, the table's figure."""
    cycles = row[key] if row[key] is not None else row["cycles"]
    return float(cycles) * 1e3 / _CLOCK_HZ
