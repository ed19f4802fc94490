"""What the board took. In: rows of plots/mcu_phases.csv and plots/mcu_pruning.csv."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from kws.captions import cycles_caption, data_caption, model_caption
from kws.figures.style import BLUE, FINE_TUNED, GREEN, ORANGE, PURPLE, SKY, VERMILION, accuracy_axis, picture, required
from kws.tables import Row

_PHASES = {
    "preprocess": ("features of a whole clip", SKY),
    "preprocess_stride": ("features of one stride", GREEN),
    "preprocess_window": ("normalization of a window", PURPLE),
    "inference": ("inference", BLUE),
    "postprocess": ("post-processing", ORANGE),
}
_LEAST_MS = 0.1  # shorter phases are shown in µs
_COSTS = {
    "mcu_inference_ms": ("microcontroller, int8", BLUE, "o-"),
    "cpu_int8_latency_us": ("host CPU, int8", ORANGE, "^--"),
    "cpu_latency_us": ("host CPU, float", VERMILION, "s--"),
    "flops": ("FLOPs", PURPLE, "D:"),
}


def structured_pruning_mcu(path: Path, rows: Sequence[Row], source: str, cycles_are: str) -> None:
    """Left: accuracy against milliseconds on the board. Right: what a removed share of filters saves, and where.

    Args:
        path: structured_pruning_mcu.png.
        rows: of plots/mcu_pruning.csv, one a model that went to the board: its accuracy and its own times.
        source: data.source.
        cycles_are: "modelled" or "measured".
    """
    required(rows, "plots/mcu_pruning.csv")
    caption = (
        f"{data_caption(source)}; {cycles_caption(cycles_are)}; every point is one model, its own accuracy and times"
    )
    with picture(path, "Structured pruning on the microcontroller", caption, (9, 3.8), (1, 2)) as (_, axes):
        for fine_tuned, (label, colour, style) in FINE_TUNED.items():
            points = sorted(
                (row["mcu_inference_ms"], row["test_accuracy"]) for row in rows if row["fine_tuned"] is fine_tuned
            )
            if points:
                axes[0].plot(*zip(*points, strict=True), style, color=colour, label=label)
        axes[0].set(xlabel="inference on the microcontroller (ms)", xlim=(0, None))
        accuracy_axis(axes[0])
        axes[0].legend()
        _relative_costs(axes[1], rows)


def _relative_costs(axes: Axes, rows: Sequence[Row]) -> None:
    """Each cost over the amount removed, as a fraction of the least pruned model's; fine-tuning changes no cost."""
    amounts = sorted({row["amount"] for row in rows})
    for key, (label, colour, style) in _COSTS.items():
        values = [[row[key] for row in rows if row["amount"] == amount and row[key]] for amount in amounts]
        if values[0]:
            points = [
                (at, np.mean(some) / np.mean(values[0])) for at, some in zip(amounts, values, strict=True) if some
            ]
            axes.plot(*zip(*points, strict=True), style, color=colour, label=label)
    axes.set(xlabel="fraction of filters removed", ylabel=f"relative to {amounts[0]:g} removed", ylim=(0, None))
    axes.legend()


def mcu_phases(path: Path, rows: Sequence[Row], source: str, cycles_are: str) -> None:
    """The time of each phase, a panel a phase, a bar a model: the mean, with its bounds or min and max over the clips.

    Args:
        path: mcu_phases.png.
        rows: of plots/mcu_phases.csv: model, phase, min_ms, mean_ms, max_ms and, of modelled cycles, lower_ms,
            wait_states_ms, upper_ms.
        source: data.source.
        cycles_are: "modelled" or "measured".
    """
    required(rows, "plots/mcu_phases.csv")
    phases = list(dict.fromkeys(row["phase"] for row in rows))
    models = list(dict.fromkeys(row["model"] for row in rows))
    whiskers = "the model's lower and upper bound, tick: with wait states" if _bounded(rows) else "least and most"
    caption = f"{data_caption(source)}; {cycles_caption(cycles_are)}; bars: mean over clips, whiskers: {whiskers}"
    size_in = (2.7 * len(phases) + 1, 1.6 + 0.3 * len(models))
    with picture(
        path, "Time of each phase on the microcontroller", caption, size_in, (1, len(phases)), sharey=True
    ) as (
        _,
        axes,
    ):
        for panel, phase in zip(axes, phases, strict=True):
            _phase_bars(panel, [row for row in rows if row["phase"] == phase], models)
        axes[0].set_yticks(range(len(models)), [model_caption(model) for model in models])
        axes[0].set_ylim(len(models) - 0.5, -0.5)


def _bounded(rows: Sequence[Row]) -> bool:
    return all(row.get("upper_ms") is not None for row in rows)


def _phase_bars(axes: Axes, rows: Sequence[Row], models: Sequence[str]) -> None:
    title, colour = _PHASES.get(rows[0]["phase"], (rows[0]["phase"], SKY))
    factor, unit = (1, "ms") if max(row["max_ms"] for row in rows) >= _LEAST_MS else (1000, "µs")
    keys = ("lower_ms", "mean_ms", "upper_ms") if _bounded(rows) else ("min_ms", "mean_ms", "max_ms")
    low, mean, high = (factor * np.array([row[key] for row in rows]) for key in keys)
    places = [models.index(row["model"]) for row in rows]
    whiskers = np.maximum((mean - low, high - mean), 0)  # a rounded mean may lie outside by its last digit
    axes.barh(places, mean, color=colour, xerr=whiskers, error_kw={"elinewidth": 1})
    if _bounded(rows):
        waiting = [factor * row["wait_states_ms"] for row in rows]
        axes.plot(waiting, places, "|", color="black", markersize=7)
    for place, value, end in zip(places, mean, high, strict=True):
        axes.annotate(f"{value:.3g}", (end, place), (4, 0), textcoords="offset points", va="center", fontsize=8)
    axes.set(title=title, xlabel=unit, xlim=(0, 1.3 * high.max() or None))
    axes.grid(axis="y", visible=False)
