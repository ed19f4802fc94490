"""Which candidates are worth their bytes and their milliseconds. In: rows of plots/pareto.csv."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes

from kws.captions import cycles_caption, data_caption
from kws.figures.style import BLACK, BLUE, GREEN, ORANGE, PURPLE, VERMILION, accuracy_axis, picture, required
from kws.tables import Row

# method and whether fine-tuned -> label, colour, marker
_KINDS = {
    ("ptq", False): ("PTQ, weights of 2 to 8 bits", VERMILION, "s"),
    ("qat", True): ("QAT, weights of 2 to 8 bits", BLUE, "o"),
    ("structured", False): ("filters removed", ORANGE, "v"),
    ("structured", True): ("filters removed, fine-tuned", GREEN, "^"),
    ("unstructured", False): ("weights zeroed", "#999999", "x"),
    ("unstructured", True): ("weights zeroed, fine-tuned", PURPLE, "D"),
}
_AXES = {
    "flash_bytes_estimate": "flash of the image with this model alone, estimated (bytes)",
    "mcu_inference_ms": "inference on the microcontroller (ms)",
}


def front(rows: Sequence[Row], cost: str, accuracy: str = "test_accuracy") -> list[Row]:
    """The rows that no other beats: none is as cheap and more accurate, or cheaper and as accurate. Cheapest first."""
    kept: list[Row] = []
    for row in sorted(rows, key=lambda row: (row[cost], -row[accuracy])):
        if not kept or row[accuracy] > kept[-1][accuracy]:
            kept.append(row)
    return kept


def pareto(path: Path, rows: Sequence[Row], source: str, cycles_are: str) -> None:
    """Test accuracy against bytes of flash and against milliseconds, the front as a line, the deployed one marked.

    Args:
        path: pareto.png.
        rows: of plots/pareto.csv: candidate, method, fine_tuned, flash_bytes_estimate, mcu_inference_ms, ..
        source: data.source.
        cycles_are: "modelled" or "measured".
    """
    rows = required([row for row in rows if row["mcu_inference_ms"] is not None], "plots/pareto.csv")
    best = max(row["test_accuracy"] for row in rows)
    floor = _floor(rows, best)
    below = sum(row["test_accuracy"] < floor for row in rows)
    caption = f"{data_caption(source)}; {cycles_caption(cycles_are)}; every point is one set of int8 weights"
    if below:
        caption += f"; {below} of {len(rows)} lie below the axis"
    with picture(path, "What compression costs: every candidate", caption, (10, 4.6), (1, 2), sharey=True) as (_, axes):
        for panel, (cost, label) in zip(axes, _AXES.items(), strict=True):
            _panel(panel, rows, cost)
            panel.set(xlabel=label)
            accuracy_axis(panel)
        axes[0].set_ylim(floor, best + 0.1 * (best - floor))
        axes[1].set_xlim(0, None)
        axes[1].legend(loc="best")


def _floor(rows: Sequence[Row], best: float) -> float:
    """Where the accuracies that anyone would deploy end: half as far again as the fronts go within 20 points."""
    worth = [row["test_accuracy"] for cost in _AXES for row in front(rows, cost) if row["test_accuracy"] > best - 0.2]
    return max(best - 1.5 * max(best - min(worth), 0.01), 0)


def _panel(axes: Axes, rows: Sequence[Row], cost: str) -> None:
    for (method, fine_tuned), (label, colour, marker) in _KINDS.items():
        chosen = [row for row in rows if (row["method"], row["fine_tuned"]) == (method, fine_tuned)]
        if chosen:
            places = [row[cost] for row in chosen], [row["test_accuracy"] for row in chosen]
            axes.plot(*places, marker, color=colour, label=label, markersize=5, alpha=0.85)
    kept = front(rows, cost)
    steps = [row[cost] for row in kept], [row["test_accuracy"] for row in kept]
    axes.plot(*steps, "-", color=BLACK, linewidth=1, zorder=1, label="Pareto front")
    for row in rows:
        if row["deployed"]:
            size = {"markersize": 13, "markeredgewidth": 1.5, "fillstyle": "none"}
            axes.plot(row[cost], row["test_accuracy"], "o", color=BLACK, label="deployed", **size)
