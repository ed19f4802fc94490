"""features.npz, what preprocess hands to training: int8 features and labels of the three splits.

`training_features` holds `copies` versions of each clip, the first as recorded, the others augmented.
"""

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kws.errors import ArtifactError
from kws.features import FEATURE_SCALE
from kws.files import replaced_file

SCHEMA_VERSION = 3
_ARRAYS = (
    "training_features",
    "training_labels",
    "validation_features",
    "validation_labels",
    "testing_features",
    "testing_labels",
)


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
        _add(archive, "schema_version", np.array(SCHEMA_VERSION))
        _add(archive, "classes", np.array(dataset.classes))
        _add(archive, "source", np.array(dataset.source))
        for name in _ARRAYS:
            _add(archive, name, getattr(dataset, name))


def read_dataset(path: Path) -> Dataset:
    """Read what write_dataset wrote. Raises ArtifactError for anything else."""
    try:
        with Path(path).open("rb") as file, np.load(file, allow_pickle=False) as stored:
            version = int(stored["schema_version"])
            if version == SCHEMA_VERSION:
                arrays = {name: stored[name] for name in _ARRAYS}
                return Dataset(tuple(map(str, stored["classes"])), str(stored["source"]), **arrays)
    except (OSError, ValueError, TypeError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ArtifactError(f"{path} cannot be read ({error}); run `dvc repro preprocess` to make it again.") from None
    raise ArtifactError(f"{path} has schema {version}, {SCHEMA_VERSION} is needed; run `dvc repro preprocess`.")


def _add(archive: zipfile.ZipFile, name: str, array: np.ndarray) -> None:
    """One member, with a fixed date so that the bytes do not depend on the clock."""
    info = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
    with archive.open(info, "w", force_zip64=True) as member:
        np.lib.format.write_array(member, array, allow_pickle=False)
