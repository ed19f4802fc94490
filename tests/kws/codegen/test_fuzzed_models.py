"""Thousands of damaged models: each refused or compiled; what is compiled runs clean and as in TFLite."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from kws.codegen.generate import Generated, generate
from kws.errors import ModelError
from kws.tflite.reader import read_graph
from tests.conftest import REPOSITORY
from tests.support_mutation import NAME, compiled, mutated, seeds, with_other_fields
from tests.support_sanitized import Sanitized

CASES = 2000
RUN = 16  # compiled by the host's compiler and run
MOST_MACS, MOST_ARENA_BYTES = 1 << 22, 1 << 20  # what a test has the time for
REFERENCE = """
import sys
from pathlib import Path
import numpy as np
from kws.tflite.interpreter import reference_logits

folder = Path(sys.argv[1])
tflite, features = (folder / "model.tflite").read_bytes(), np.load(folder / "features.npy")
np.save(folder / "logits.npy", reference_logits(tflite, features))
"""


def test_damaged_models_are_refused_or_compiled(tmp_path: Path):
    sources = list(seeds().values())
    taken = sum(compiled(mutated(np.random.default_rng(seed), sources), tmp_path) for seed in range(CASES))
    assert 0.1 * CASES < taken < 0.5 * CASES


def accepted(tmp_path: Path) -> list[tuple[bytes, Generated]]:
    """Models with other fields than their seed that the compiler takes, small enough to be run, each another C."""
    sources, found = list(seeds().values()), {}
    for seed in range(100 * RUN):
        rng = np.random.default_rng(10_000 + seed)
        tflite = with_other_fields(rng, sources[seed % len(sources)])
        try:
            (generated,) = generate([(NAME, tflite)], tmp_path)
        except ModelError:
            continue
        text = (tmp_path / f"model_{NAME}.c").read_text().replace(generated.tflite_sha256, "")
        if generated.macs < MOST_MACS and generated.arena_bytes < MOST_ARENA_BYTES:
            found.setdefault(text, (tflite, generated))
        if len(found) == RUN:
            break
    return list(found.values())


def tflite_logits(tflite: bytes, features: np.ndarray, folder: Path) -> np.ndarray | None:
    """TFLite's answer, None where it refuses, or crashes, which a damaged model may well make it."""
    (folder / "model.tflite").write_bytes(tflite)
    np.save(folder / "features.npy", features)
    (folder / "logits.npy").unlink(missing_ok=True)
    subprocess.run([sys.executable, "-c", REFERENCE, str(folder)], capture_output=True, cwd=REPOSITORY)
    return np.load(folder / "logits.npy") if (folder / "logits.npy").exists() else None


@pytest.fixture(scope="module")
def sanitized(tmp_path_factory: pytest.TempPathFactory) -> Sanitized:
    return Sanitized(tmp_path_factory.mktemp("sanitized"))


def test_what_is_compiled_runs_clean_and_as_in_tflite(sanitized: Sanitized, tmp_path: Path):
    models = accepted(tmp_path / "found")
    assert len(models) == RUN
    compared = 0
    for number, (tflite, _) in enumerate(models):
        out = tmp_path / f"{number}"
        generate([(NAME, tflite)], out)
        shape = read_graph(tflite).inputs[0].shape
        features = np.random.default_rng(number).integers(-128, 128, (4, *shape[1:])).astype(np.int8)
        features[0], features[1] = -128, 127
        logits = sanitized.run(out, features)
        wanted = tflite_logits(tflite, features, tmp_path)
        if wanted is not None:
            np.testing.assert_array_equal(logits, wanted, err_msg=f"model {number}")
            compared += 1
    assert compared > RUN // 2
