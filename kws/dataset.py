"""features.npz, what preprocess hands to training: int8 features and labels of the three splits.

`training_features` holds `copies` versions of each clip, the first as recorded, the others augmented. Most of
the bytes, they stay in the file and are mapped (kws/large_arrays.py).
"""

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kws.errors import ArtifactError
from kws.features import FEATURE_SCALE
from kws.files import replaced_file
from kws.large_arrays import add_array, mapped_array

SCHEMA_VERSION = 3
_ARRAYS = (
    "training_features",
    "training_labels",
    "validation_features",
    "validation_labels",
    "testing_features",
    "testing_labels",
)
_MAPPED = "training_features"


@dataclass(frozen=True, eq=False)
class Dataset:
    """All that training and evaluation see of the speech."""

    classes: tuple[str, ...]  # K names in the order of the logits
    source: str  # data.source: "synthetic" is told wherever results appear
    training_features: np.ndarray  # (copies, B, T, F) int8
    training_labels: np.ndarray  # (B,) int64
    validation_features: np.ndarray  # (B, T, F) int8
    validation_labels: np.ndarray
    testing_features: np.ndarray
    testing_labels: np.ndarray

    def calibration(self, clips: int) -> np.ndarray:
        """Clips of the training split, as recorded, evenly spaced over the classes: (clips, T, F) float32."""
        return as_input(self.training_features[0, self._spread(clips)])

    def calibration_labels(self, clips: int) -> np.ndarray:
        """Labels (clips,) of the clips that `calibration` gives."""
        return self.training_labels[self._spread(clips)]

    def _spread(self, clips: int) -> np.ndarray:
        order = np.argsort(self.training_labels, kind="stable")
        return order[np.linspace(0, len(order) - 1, min(clips, len(order))).astype(int)]


def as_input(features: np.ndarray) -> np.ndarray:
    """int8 features -> float32 model input of the same shape, in octaves."""
    return features.astype(np.float32) * np.float32(FEATURE_SCALE)


def write_dataset(path: Path, dataset: Dataset) -> None:
    """Write an uncompressed .npz; the same dataset gives the same bytes."""
    with replaced_file(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        add_array(archive, "schema_version", np.array(SCHEMA_VERSION))
        add_array(archive, "classes", np.array(dataset.classes))
        add_array(archive, "source", np.array(dataset.source))
        for name in _ARRAYS:
            add_array(archive, name, getattr(dataset, name))


def read_dataset(path: Path) -> Dataset:
    """Read what write_dataset wrote; its training features are read-only. Raises ArtifactError for anything else."""
    try:
        with Path(path).open("rb") as file, np.load(file, allow_pickle=False) as stored:
            version = int(stored["schema_version"])
            if version == SCHEMA_VERSION:
                arrays = {name: stored[name] for name in _ARRAYS if name != _MAPPED}
                arrays[_MAPPED] = mapped_array(Path(path), stored.zip, _MAPPED)
                return Dataset(tuple(map(str, stored["classes"])), str(stored["source"]), **arrays)
    except (OSError, ValueError, TypeError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ArtifactError(f"{path} cannot be read ({error}); run `dvc repro preprocess` to make it again.") from None
    raise ArtifactError(f"{path} has schema {version}, {SCHEMA_VERSION} is needed; run `dvc repro preprocess`.")
