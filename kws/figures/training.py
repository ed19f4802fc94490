"""How training went, and what is mistaken for what. In: rows of plots/training.csv and plots/confusion.csv."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kws.captions import data_caption
from kws.confusion import confusion_matrix
from kws.errors import ArtifactError
from kws.figures.style import BLUE, ORANGE, accuracy_axis, picture, required
from kws.tables import Row

_SPLITS = {"training": (ORANGE, "--"), "validation": (BLUE, "-")}


def training_figure(path: Path, rows: Sequence[Row], source: str) -> None:
    """Loss and accuracy over the epochs, a line a split.

    Args:
        path: training.png.
        rows: epoch, split, loss, accuracy; with several seeds, told by a column seed, their mean and range.
        source: data.source.
    """
    required(rows, "plots/training.csv")
    seeds = len({row.get("seed") for row in rows})
    caption = (
        data_caption(source)
        + (f"; mean and range over {seeds} seeds" if seeds > 1 else "")
        + "\ntraining: augmented clips, the weights of the moment; validation: clips as they are, averaged weights"
    )
    with picture(path, "Training of the float model", caption, (8.4, 3.4), (1, 2)) as (_, axes):
        for panel, key in zip(axes, ("loss", "accuracy"), strict=True):
            for split in dict.fromkeys(row["split"] for row in rows):
                colour, dashes = _SPLITS.get(split, ("#000000", ":"))
                epochs, values = _by_epoch([row for row in rows if row["split"] == split], key)
                panel.plot(epochs, [np.mean(v) for v in values], dashes, color=colour, label=split)
                panel.fill_between(
                    epochs, list(map(min, values)), list(map(max, values)), color=colour, alpha=0.2, lw=0
                )
            panel.set(xlabel="epoch", ylabel=key)
            panel.xaxis.get_major_locator().set_params(integer=True)
        accuracy_axis(axes[1], which="")
        axes[0].legend()


def _by_epoch(rows: Sequence[Row], key: str) -> tuple[list[int], list[list[float]]]:
    epochs = sorted({row["epoch"] for row in rows if row[key] is not None})
    return epochs, [[row[key] for row in rows if row["epoch"] == epoch and row[key] is not None] for epoch in epochs]


def confusion(path: Path, rows: Sequence[Row], classes: Sequence[str], source: str) -> None:
    """The confusion matrix: counts, coloured by their share of the actual class.

    Args:
        path: confusion.png.
        rows: actual, predicted: names of classes, one row a clip of the test split.
        classes: the K names in the order of the model's outputs.
        source: data.source.

    Raises:
        ArtifactError: there is no row, or a row names a class that is not in `classes`.
    """
    counts = confusion_counts(required(rows, "plots/confusion.csv"), classes)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side_in = 2.4 + 0.6 * len(classes)
    title = f"Test clips, {np.trace(counts) / counts.sum():.1%} right"
    with picture(path, title, data_caption(source), (side_in + 0.8, side_in)) as (figure, (axes,)):
        image = axes.imshow(share, cmap="cividis", vmin=0, vmax=1)
        for (actual, predicted), count in np.ndenumerate(counts):
            colour = "black" if share[actual, predicted] > 0.5 else "white"
            axes.text(predicted, actual, str(count), ha="center", va="center", color=colour)
        axes.set_xticks(range(len(classes)), classes, rotation=45 if len(classes) > 6 else 0)
        axes.set_yticks(range(len(classes)), classes)
        axes.set(xlabel="predicted class", ylabel="actual class")
        axes.grid(False)
        figure.colorbar(image, ax=axes, label="share of the actual class")


def confusion_counts(rows: Sequence[Row], classes: Sequence[str]) -> np.ndarray:
    """(K, K) int64: how many clips of each actual class (row) were taken for each class (column)."""
    index = {name: number for number, name in enumerate(classes)}
    for row in rows:
        for key in ("actual", "predicted"):
            if row[key] not in index:
                known = ", ".join(classes)
                raise ArtifactError(
                    f"plots/confusion.csv names the class {row[key]!r}, not among {known}: run `dvc repro`."
                )
    actual, predicted = ([index[row[key]] for row in rows] for key in ("actual", "predicted"))
    return confusion_matrix(actual, predicted, len(classes))
