"""The look that all pictures share, and the one place that saves them.

In: an empty figure's size and labels. Out: a PNG, SVG or PDF, as the path ends, whose bytes depend on nothing but what
was drawn: fixed resolution, matplotlib's own fonts and defaults whatever the user's matplotlibrc says, no date and no
version in the file, and ids in an SVG that are no accident.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from kws.errors import ArtifactError
from kws.files import replaced_file
from kws.tables import Row

DPI = 120

# Okabe and Ito, "Color Universal Design", 2008: told apart by colour-blind readers too.
BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILION, PURPLE = [
    "#000000",
    "#E69F00",
    "#56B4E9",
    "#009E73",
    "#F0E442",
    "#0072B2",
    "#D55E00",
    "#CC79A7",
]

# fine_tuned -> label, colour, style of the line; the same in every picture of pruning
FINE_TUNED = {False: ("pruned", VERMILION, "s--"), True: ("pruned and fine-tuned", BLUE, "o-")}

_STYLE = {
    "axes.axisbelow": True,
    "axes.edgecolor": "#666666",
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 10,
    "errorbar.capsize": 3,
    "figure.titlesize": 12,
    "font.size": 9,
    "grid.alpha": 0.35,
    "legend.fontsize": 8,
    "legend.framealpha": 0.9,
    "lines.linewidth": 1.5,
    "lines.markersize": 5,
    "svg.hashsalt": "kws",
}
# what each format would otherwise write of the day and of itself
_UNSIGNED = {
    ".png": {"Software": None},
    ".svg": {"Date": None, "Creator": None},
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
FORMATS = tuple(_UNSIGNED)


@contextmanager
def picture(
    path: Path, title: str, caption: str, size_in: tuple[float, float], grid: tuple[int, int] = (1, 1), **subplots
) -> Iterator[tuple[Figure, np.ndarray]]:
    """Yield a figure and its axes, a flat array of rows*columns; when the block ends well it is saved as `path`.

    Args:
        path: the file to write, by way of a temporary one; .png, .svg or .pdf.
        title: what the picture shows.
        caption: which data and which cycles it is of; stands in small letters under the picture.
        size_in: width and height in inches.
        grid: rows and columns of axes.
        subplots: further arguments of `Figure.subplots`, such as sharey.
    """
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        figure = Figure(figsize=size_in, dpi=DPI, layout="constrained")
        axes = figure.subplots(*grid, squeeze=False, **subplots).ravel()
        figure.suptitle(title)
        figure.supxlabel(caption, fontsize=8, color="#444444")
        yield figure, axes
        with replaced_file(path) as temporary:
            figure.savefig(temporary, format=path.suffix[1:], metadata=_UNSIGNED[path.suffix])


def accuracy_axis(axes: Axes, which: str = "test") -> None:
    """Name the y axis and write its fractions as percentages."""
    axes.set_ylabel(f"{which} accuracy".strip())
    axes.yaxis.set_major_formatter(PercentFormatter(xmax=1.0))


def required(rows: Sequence[Row], table: str) -> Sequence[Row]:
    """The rows, if there are any. Raises ArtifactError for an empty table, of which no picture can be drawn."""
    if not rows:
        raise ArtifactError(f"{table} holds no row to draw: delete it and run `dvc repro`.")
    return rows


def mean_and_std(rows: Sequence[Row], key: str) -> tuple[float, float]:
    """Mean and sample standard deviation (0 for a single row) of a column over rows that differ in their seed alone."""
    values = np.array([row[key] for row in rows], dtype=np.float64)
    return float(values.mean()), float(values.std(ddof=1)) if values.size > 1 else 0.0


def seeds_note(rows: Sequence[Row]) -> str:
    """What the error bars are, in a caption's words."""
    number = len({row["seed"] for row in rows})
    return "one seed" if number == 1 else f"mean and standard deviation over {number} seeds"
