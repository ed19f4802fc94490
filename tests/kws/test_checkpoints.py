"""Checkpoints: round trips, the same bytes under any name, and files that are refused and never executed."""

import io
import os
import pickle

import pytest
import torch

from kws.checkpoints import read_checkpoint, write_checkpoint
from kws.errors import ArtifactError
from tests.support_learning import float_model, inputs, quantized_model, state_bytes

ARCHITECTURE = {"name": "tiny_conv", "filters": 2, "classes": 4}


def test_a_float_model_comes_back(tmp_path):
    write_checkpoint(tmp_path / "model.pt", float_model(filters=3).train())
    read = read_checkpoint(tmp_path / "model.pt")
    assert state_bytes(read) == state_bytes(float_model(filters=3)) and not read.training
    with torch.no_grad():
        assert torch.equal(read(inputs(8)), float_model(filters=3)(inputs(8)))


@pytest.mark.parametrize("bits", [(8, 8), (3, 3), (2, 8)])
def test_a_quantized_model_comes_back(tmp_path, bits):
    model = quantized_model(*bits)
    write_checkpoint(tmp_path / "model.pt", model, bits)
    read = read_checkpoint(tmp_path / "model.pt")
    assert state_bytes(read) == state_bytes(model)
    with torch.no_grad():
        assert torch.equal(read(inputs(8)), model(inputs(8)))


def test_the_same_model_gives_the_same_bytes_under_two_names(tmp_path):
    write_checkpoint(tmp_path / "one.pt", quantized_model(4), (4, 8))
    write_checkpoint(tmp_path / "folder" / "two.pt", read_checkpoint(tmp_path / "one.pt"), (4, 8))
    assert (tmp_path / "one.pt").read_bytes() == (tmp_path / "folder" / "two.pt").read_bytes()


class Bomb:
    """Makes a folder where it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (os.mkdir, (str(self.path),))


@pytest.mark.parametrize("save", [torch.save, pickle.dump])
def test_a_pickle_bomb_is_refused_and_does_not_go_off(tmp_path, save):
    content = {"schema_version": 1, "architecture": ARCHITECTURE, "bits": None, "state": Bomb(tmp_path / "exploded")}
    with (tmp_path / "model.pt").open("wb") as file:
        save(content, file)
    with pytest.raises(ArtifactError, match=r"model\.pt is not a checkpoint that can be read .*`dvc repro` makes it"):
        read_checkpoint(tmp_path / "model.pt")
    assert not (tmp_path / "exploded").exists()


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(ArtifactError, match="No such file"):
        read_checkpoint(tmp_path / "model.pt")


@pytest.mark.parametrize("kept", [0, 1, 100, 2000, 4000, -1])
def test_a_file_that_ends_early_is_refused(tmp_path, kept):
    write_checkpoint(tmp_path / "model.pt", float_model(filters=1))
    (tmp_path / "model.pt").write_bytes((tmp_path / "model.pt").read_bytes()[:kept])
    with pytest.raises(ArtifactError):
        read_checkpoint(tmp_path / "model.pt")


@pytest.mark.filterwarnings("ignore::UserWarning")  # torch's, of what it finds in the ruins
def test_a_damaged_description_is_refused_or_harmless(tmp_path):
    """A flipped bit among the first 1,300 bytes, the pickle: an error of ours, whatever torch stumbles over."""
    path, refused = tmp_path / "model.pt", 0
    write_checkpoint(path, quantized_model(3, filters=1), (3, 8))
    whole = path.read_bytes()
    for place in range(0, 1300, 9):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << place % 8
        path.write_bytes(damaged)
        try:
            read_checkpoint(path)
        except ArtifactError:
            refused += 1
    assert refused > 100


@pytest.mark.parametrize(
    "content",
    [
        torch.zeros(3),
        [1, 2],
        None,
        {},
        {"schema_version": 2},
        {"schema_version": 1, "architecture": "x", "bits": None, "state": {}},
        {"schema_version": 1, "architecture": {**ARCHITECTURE, "name": "resnet"}, "bits": None, "state": {}},
        {"schema_version": 1, "architecture": {**ARCHITECTURE, "filters": -1}, "bits": None, "state": {}},
        {"schema_version": 1, "architecture": ARCHITECTURE, "bits": (3, 8, 1), "state": {}},
        {"schema_version": 1, "architecture": ARCHITECTURE, "bits": None, "state": {}},
        {"schema_version": 1, "architecture": ARCHITECTURE, "bits": None, "state": float_model().state_dict()},
    ],
)
def test_another_content_is_refused(tmp_path, content):
    buffer = io.BytesIO()
    torch.save(content, buffer)
    (tmp_path / "model.pt").write_bytes(buffer.getvalue())
    with pytest.raises(ArtifactError, match=r"model\.pt is not a checkpoint") as caught:
        read_checkpoint(tmp_path / "model.pt")
    assert "\n" not in str(caught.value)
