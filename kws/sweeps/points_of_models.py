"""What the points of every sweep have in common: a model in the store, and its figures beside it."""

import json
import statistics
from collections.abc import Iterable
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
from torch import nn

from kws.checkpoints import write_checkpoint
from kws.dataset import Dataset, read_dataset
from kws.evaluation import logits
from kws.files import write_bytes, write_json
from kws.integer_model import IntegerModel
from kws.quantized import is_deployable

MODEL = "model.pt"
_FIGURES = "figures.json"
RIGHT = "right_on_test.bytes"  # a byte a clip, 0 or 1


@lru_cache(maxsize=1)
def cached_dataset(path: str, _digest: str) -> Dataset:
    """The dataset, read once a process."""
    return read_dataset(Path(path))


def keep(folder: Path, model: nn.Module, dataset: Dataset, bits: tuple[int, int] | None = None, **more: object) -> None:
    """Put a finished model, its accuracies, and which test clips it gets right into a point's folder.

    A quantized model, of which `bits` are given, is judged as the chip computes it where it could be deployed.
    """
    write_checkpoint(folder / MODEL, model, bits)
    compute = IntegerModel(model).logits if bits and is_deployable(model) else partial(logits, model)
    right = {
        split: compute(features).argmax(1) == labels
        for split, features, labels in (
            ("validation", dataset.validation_features, dataset.validation_labels),
            ("test", dataset.testing_features, dataset.testing_labels),
        )
    }
    write_json(
        folder / _FIGURES,
        {**{f"{split}_accuracy": float(is_right.mean()) for split, is_right in right.items()}, **more},
    )
    write_bytes(folder / RIGHT, right["test"].astype(np.uint8).tobytes())


def right_on_test(folder: Path) -> np.ndarray:
    """(clips,) bool: which clips of the test split the folder's model gets right."""
    return read_right(folder / RIGHT)


def read_right(path: Path) -> np.ndarray:
    """As right_on_test, from a copy of its file."""
    return np.frombuffer(path.read_bytes(), np.uint8).astype(bool)


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
