"""What the points of every sweep have in common: a model in the store, and its figures beside it."""

import json
import statistics
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from torch import nn

from kws.checkpoints import write_checkpoint
from kws.dataset import Dataset, read_dataset
from kws.evaluation import evaluate
from kws.files import write_json

MODEL = "model.pt"
_FIGURES = "figures.json"


@lru_cache(maxsize=1)
def cached_dataset(path: str, _digest: str) -> Dataset:
    """The dataset, read once a process."""
    return read_dataset(Path(path))


def keep(folder: Path, model: nn.Module, dataset: Dataset, bits: tuple[int, int] | None = None, **more: object) -> None:
    """Put a finished model and its accuracies into a point's folder."""
    write_checkpoint(folder / MODEL, model, bits)
    accuracies = {
        "validation_accuracy": evaluate(model, dataset.validation_features, dataset.validation_labels).accuracy,
        "test_accuracy": evaluate(model, dataset.testing_features, dataset.testing_labels).accuracy,
    }
    write_json(folder / _FIGURES, {**accuracies, **more})


def figures(folder: Path) -> dict:
    """What `keep` wrote beside the model."""
    return json.loads((folder / _FIGURES).read_text())


def mean(values: Iterable[float]) -> float:
    """Arithmetic mean."""
    return statistics.fmean(values)


def deviation(values: Iterable[float]) -> float:
    """Standard deviation of a sample; 0 for a single value, of which nothing is known."""
    values = list(values)
    return statistics.stdev(values) if len(values) > 1 else 0.0
