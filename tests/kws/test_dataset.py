"""features.npz: a round trip, the same bytes, and nothing executed that lies in the file."""

import dataclasses
import pickle
import zipfile

import numpy as np
import pytest

from kws.dataset import Dataset, as_input, read_dataset, write_dataset
from kws.errors import ArtifactError
from tests.support_learning import dataset


def test_a_round_trip(tmp_path):
    write_dataset(tmp_path / "features.npz", dataset())
    read = read_dataset(tmp_path / "features.npz")
    for field in dataclasses.fields(Dataset):
        wanted, found = getattr(dataset(), field.name), getattr(read, field.name)
        if isinstance(wanted, np.ndarray):
            np.testing.assert_array_equal(found, wanted)
            assert found.dtype == wanted.dtype
        else:
            assert found == wanted and type(found) is type(wanted)


def test_the_same_dataset_gives_the_same_bytes(tmp_path):
    write_dataset(tmp_path / "a.npz", dataset())
    write_dataset(tmp_path / "b.npz", read_dataset(tmp_path / "a.npz"))
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_training_features_stay_in_the_file(tmp_path):
    write_dataset(tmp_path / "features.npz", dataset())
    read = read_dataset(tmp_path / "features.npz")
    assert isinstance(read.training_features.base, np.memmap) and not read.training_features.flags.writeable
    assert as_input(read.training_features[0, :2]).flags.writeable  # a batch is the trainer's own


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 and no more", b"\x93NUMPY", b"\0" * 5000])
def test_a_damaged_file_is_refused(tmp_path, content):
    (tmp_path / "features.npz").write_bytes(content)
    with pytest.raises(ArtifactError, match=r"features\.npz .*dvc repro preprocess"):
        read_dataset(tmp_path / "features.npz")


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.99])
def test_a_file_that_ends_early_is_refused(tmp_path, kept):
    path = tmp_path / "features.npz"
    write_dataset(path, dataset())
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * kept)])
    with pytest.raises(ArtifactError, match=r"features\.npz"):
        read_dataset(path)


def test_a_flipped_byte_is_refused(tmp_path):
    path = tmp_path / "features.npz"
    write_dataset(path, dataset())
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(ArtifactError, match="CRC"):
        read_dataset(path)


def test_a_missing_file_and_another_version_are_refused(tmp_path):
    with pytest.raises(ArtifactError, match="dvc repro preprocess"):
        read_dataset(tmp_path / "features.npz")
    np.savez(tmp_path / "features.npz", schema_version=np.array(99))
    with pytest.raises(ArtifactError, match="has schema 99, 3 is needed"):
        read_dataset(tmp_path / "features.npz")


def test_one_array_instead_of_many_is_refused(tmp_path):
    with (tmp_path / "features.npz").open("wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(ArtifactError, match=r"features\.npz"):
        read_dataset(tmp_path / "features.npz")


def test_a_missing_array_is_refused(tmp_path):
    write_dataset(tmp_path / "whole.npz", dataset())
    with zipfile.ZipFile(tmp_path / "whole.npz") as whole, zipfile.ZipFile(tmp_path / "part.npz", "w") as part:
        for name in whole.namelist():
            if name != "testing_labels.npy":
                part.writestr(name, whole.read(name))
    with pytest.raises(ArtifactError, match="testing_labels"):
        read_dataset(tmp_path / "part.npz")


class Bomb:
    """Leaves a file where it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def test_pickled_content_is_refused_and_not_executed(tmp_path):
    exploded, path = tmp_path / "exploded", tmp_path / "features.npz"
    path.write_bytes(pickle.dumps(Bomb(exploded)))
    with pytest.raises(ArtifactError):
        read_dataset(path)
    np.savez(path, schema_version=np.array([Bomb(exploded)], dtype=object))
    with pytest.raises(ArtifactError, match="allow_pickle=False"):
        read_dataset(path)
    assert not exploded.exists()


def test_calibration_clips_are_recordings_of_every_class():
    chosen = dataset().calibration(8)
    assert chosen.shape == (8, 49, 40) and chosen.dtype == np.float32
    recorded = as_input(dataset().training_features[0])
    places = [int(np.flatnonzero((recorded == clip).all((1, 2)))[0]) for clip in chosen]
    assert sorted(dataset().training_labels[places]) == [0, 0, 1, 1, 2, 2, 3, 3]
    assert len(dataset().calibration(10_000)) == len(dataset().training_labels)


def test_a_feature_is_a_sixteenth_of_an_octave():
    np.testing.assert_array_equal(as_input(np.array([-128, -1, 0, 127], np.int8)), np.float32([-8, -0.0625, 0, 7.9375]))
