"""What `convert` hands to `flash` and `mcu_benchmark`: .tflite files in a folder, and a manifest of them."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from kws.errors import ArtifactError
from kws.files import sha256, write_json

SCHEMA_VERSION = 2
_MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Candidate:
    """A model on its way to the board."""

    name: str
    file: str  # in the folder of the manifest
    tflite_sha256: str
    bits: int
    seed: int
    method: str  # ptq, qat, structured, unstructured
    amount: float  # fraction removed: of the filters (structured) or of the weights (unstructured)
    fine_tuned: bool
    output_scale: float  # real value of a unit of a logit


def write_candidates(folder: Path, files: dict[str, bytes], candidates: list[Candidate]) -> None:
    """Put the .tflite files and the manifest into an empty folder."""
    for candidate in candidates:
        (folder / candidate.file).write_bytes(files[candidate.name])
    write_json(folder / _MANIFEST, {"schema_version": SCHEMA_VERSION, "candidates": list(map(asdict, candidates))})


def read_candidates(folder: Path) -> list[tuple[Candidate, bytes]]:
    """Candidates with their .tflite, the deployed one first. Raises ArtifactError when something is not as written."""
    try:
        manifest = json.loads((folder / _MANIFEST).read_text())
        if manifest["schema_version"] != SCHEMA_VERSION:
            raise ValueError(f"schema {manifest['schema_version']}, {SCHEMA_VERSION} is needed")
        candidates = [Candidate(**entry) for entry in manifest["candidates"]]
        result = [(candidate, (folder / candidate.file).read_bytes()) for candidate in candidates]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtifactError(f"{folder / _MANIFEST} cannot be used ({error}); run `dvc repro convert`.") from None
    for candidate, tflite in result:
        if sha256(tflite) != candidate.tflite_sha256:
            raise ArtifactError(f"{folder / candidate.file} is not the file of the manifest; run `dvc repro convert`.")
    return result
