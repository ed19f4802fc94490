"""The manifest: a round trip, and a folder that is not as written is refused with the stage to run."""

import dataclasses
import json

import pytest

from kws.conversion_manifest import Candidate, read_candidates, write_candidates
from kws.errors import ArtifactError
from kws.files import sha256

FILES = {"deployed": b"one", "structured_500": b"two"}
CANDIDATES = [
    Candidate(name, f"{name}.tflite", sha256(data), 8, 0, "structured", amount, False, 0.1)
    for amount, (name, data) in zip((0.0, 0.5), FILES.items(), strict=True)
]


@pytest.fixture
def folder(tmp_path):
    write_candidates(tmp_path, FILES, CANDIDATES)
    return tmp_path


def edit(folder, change) -> None:
    path = folder / "manifest.json"
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def test_a_round_trip_in_order(folder):
    assert read_candidates(folder) == [(candidate, FILES[candidate.name]) for candidate in CANDIDATES]
    assert dataclasses.asdict(CANDIDATES[0]) == json.loads((folder / "manifest.json").read_text())["candidates"][0]


def test_another_file_than_the_manifests_is_refused(folder):
    (folder / "structured_500.tflite").write_bytes(b"twO")
    with pytest.raises(ArtifactError, match=r"structured_500\.tflite is not the file of the manifest.*dvc repro conv"):
        read_candidates(folder)


@pytest.mark.parametrize(
    "change, told",
    [
        (lambda content: content.update(schema_version=3), "schema 3, 2 is needed"),
        (lambda content: content.pop("candidates"), "candidates"),
        (lambda content: content["candidates"][0].pop("bits"), "bits"),
        (lambda content: content["candidates"][0].update(more=1), "more"),
        (lambda content: content["candidates"][0].update(file="gone.tflite"), "gone"),
        (lambda content: content.update(candidates=3), "int"),
    ],
)
def test_a_manifest_that_is_not_one_is_refused(folder, change, told):
    edit(folder, change)
    with pytest.raises(ArtifactError, match=rf"manifest\.json cannot be used \(.*{told}.*\); run `dvc repro convert`"):
        read_candidates(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "\x00"])
def test_what_is_no_manifest_is_refused(folder, text):
    (folder / "manifest.json").write_text(text)
    with pytest.raises(ArtifactError, match=r"manifest\.json cannot be used"):
        read_candidates(folder)


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(ArtifactError, match="dvc repro convert"):
        read_candidates(tmp_path / "not there")
