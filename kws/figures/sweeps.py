"""What compression costs: accuracy against bits, and against what pruning leaves.

In: rows of the sweeps' tables, one a seed. Out: a point for each
setting, the mean over the seeds, with the standard deviation as error bar.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from kws.captions import data_caption
from kws.errors import ArtifactError
from kws.figures.style import (
    BLACK,
    BLUE,
    FINE_TUNED,
    VERMILION,
    accuracy_axis,
    mean_and_std,
    picture,
    required,
    seeds_note,
)
from kws.tables import Row

_SWEEPS = {"QAT": (BLUE, "o-"), "PTQ": (VERMILION, "s--")}
_BESIDE = 0.3  # bits
X_LABELS = {
    "amount": "fraction removed",
    "parameters": "parameters",
    "nonzero_parameters": "non-zero parameters",
    "flops": "FLOPs of one inference",
    "cpu_latency_us": "one inference on the host's CPU, float model, one thread (µs)",
}


def accuracy_vs_bits(
    path: Path, sweeps: Mapping[str, Sequence[Row]], float_accuracies: Sequence[float], source: str
) -> None:
    """Test accuracy against the width of the weights, with activations of the same width and of 8 bits.

    Args:
        path: accuracy_vs_bits.png.
        sweeps: rows of PTQ and of QAT: weight_bits, activation_bits, seed, test_accuracy, ..; minifloats, which have a
            weight_format, are points beside the lines.
        float_accuracies: the float models' test accuracies, one a seed; drawn as their mean.
        source: data.source.
    """
    rows = [row for name, rows in sweeps.items() for row in required(rows, f"plots/{name.lower()}_sweep.csv")]
    title, caption = "Accuracy against bits", f"{data_caption(source)}; {seeds_note(rows)}"
    panels = {
        "weights and activations of k bits (WkAk)": lambda row: row["activation_bits"] == row["weight_bits"],
        "weights of k bits, activations of 8 (WkA8)": lambda row: row["activation_bits"] == 8,
    }
    with picture(path, title, caption, (9, 4.2), (1, 2), sharey=True) as (_, axes):
        for panel, (name, chosen) in zip(axes, panels.items(), strict=True):
            panel.set(title=name, xlabel="bits k", xticks=range(2, 9))
            panel.axhline(float(np.mean(float_accuracies)), color=BLACK, linestyle=":", label="float")
            for sweep, (colour, style) in _SWEEPS.items():
                integers = [row for row in sweeps[sweep] if chosen(row) and not row.get("weight_format")]
                _line(panel, integers, "weight_bits", sweep, colour, style)
        for sweep, (colour, _) in _SWEEPS.items():
            _minifloats(axes[1], [row for row in sweeps[sweep] if row.get("weight_format")], sweep, colour)
        for panel in axes:
            accuracy_axis(panel)
            panel.legend()


def _minifloats(axes: Axes, rows: Sequence[Row], sweep: str, colour: str) -> None:
    """A diamond a format, beside its width's grid line, with its name at the end of its error bar."""
    bits_of = {row["weight_format"]: row["weight_bits"] for row in rows}
    for number, (name, bits) in enumerate(bits_of.items()):
        accuracy, spread = mean_and_std([row for row in rows if row["weight_format"] == name], "test_accuracy")
        x = bits + _BESIDE * (1 + list(bits_of.values())[:number].count(bits))
        label = f"{sweep}, minifloat weights" if number == 0 else None
        axes.errorbar(x, accuracy, spread, None, "D", color=colour, markerfacecolor="white", label=label)
        above = sweep == "QAT"
        place, side = (accuracy + spread, "bottom") if above else (accuracy - spread, "top")
        offset = (0, 2 if above else -2)
        text = {"ha": "center", "va": side, "fontsize": 7, "color": colour}
        axes.annotate(name, (x, place), offset, textcoords="offset points", **text)


def unstructured_pruning(path: Path, rows: Sequence[Row], source: str) -> None:
    """Accuracy against the fraction of weights set to zero, and against the parameters that are not.

    Args:
        path: unstructured_pruning.png.
        rows: of plots/prune_sweep.csv; those whose method is unstructured are drawn. Where the table has a column
            nonzero_parameters it is the second axis, otherwise parameters is, which then counts those that are not 0.
        source: data.source.
    """
    rows = _of_method(rows, "unstructured")
    remaining = "nonzero_parameters" if "nonzero_parameters" in rows[0] else "parameters"
    title = "Unstructured pruning: weights set to zero save flash, not time"
    with picture(path, title, f"{data_caption(source)}; {seeds_note(rows)}", (9, 3.8), (1, 2), sharey=True) as (
        _,
        axes,
    ):
        _accuracy_lines(axes[0], rows, "amount")
        _accuracy_lines(axes[1], rows, remaining)
        axes[1].set(xscale="log", xlabel=X_LABELS["nonzero_parameters"])
        axes[0].legend()


def structured_pruning(path: Path, rows: Sequence[Row], x: str, source: str) -> None:
    """Accuracy of the models that structured pruning leaves, against one of their costs.

    Args:
        path: structured_pruning_<..>.png.
        rows: of plots/prune_sweep.csv; those whose method is structured are drawn.
        x: parameters, flops or cpu_latency_us: a cost of the very weights whose accuracy is drawn.
        source: data.source.
    """
    rows = _of_method(rows, "structured")
    with picture(path, "Structured pruning", f"{data_caption(source)}; {seeds_note(rows)}", (6, 3.8)) as (_, (axes,)):
        _accuracy_lines(axes, rows, x)
        if x == "cpu_latency_us":
            axes.set_xlim(0, None)  # what pruning saves here is little: an axis cut short would hide that
        axes.legend()


def _of_method(rows: Sequence[Row], method: str) -> list[Row]:
    chosen = [row for row in rows if row["method"] == method]
    if not chosen:
        raise ArtifactError(f"plots/prune_sweep.csv holds no {method} row: run `dvc repro -f prune_sweep`.")
    return chosen


def _accuracy_lines(axes: Axes, rows: Sequence[Row], x: str) -> None:
    for fine_tuned, (label, colour, style) in FINE_TUNED.items():
        _line(axes, (row for row in rows if row["fine_tuned"] is fine_tuned), x, label, colour, style, _by_amount)
    axes.set_xlabel(X_LABELS[x])
    accuracy_axis(axes)


def _by_amount(row: Row) -> float:
    return row["amount"]


def _line(axes: Axes, rows, x: str, label: str, colour: str, style: str, group: Callable | None = None) -> None:
    """A point a setting (a value of `group`, otherwise of column x), a line through them in that order."""
    groups: dict[object, list[Row]] = {}
    for row in rows:
        groups.setdefault(group(row) if group else row[x], []).append(row)
    points = [(mean_and_std(groups[key], x), mean_and_std(groups[key], "test_accuracy")) for key in sorted(groups)]
    if points:
        xs, ys = np.array(points).transpose(1, 2, 0)
        axes.errorbar(xs[0], ys[0], ys[1], xs[1] if xs[1].any() else None, style, color=colour, label=label)
