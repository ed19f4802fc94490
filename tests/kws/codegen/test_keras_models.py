"""Models by Keras' own road, full int8 quantization, compiled and compared byte for byte."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from kws.codegen import generate
from kws.errors import ModelError
from kws.tflite.interpreter import reference_logits
from kws.tflite.reader import read_graph
from tests.conftest import REPOSITORY
from tests.support_c import HostModels, compile_models
from tests.support_differences import real_outputs
from tests.support_keras import INPUT_SHAPE, MODELS

REFUSED = {
    "tanh": "operator 2 TANH",
    "open_batch_transposed": r"operator \d+ TRANSPOSE_CONV",
}  # there is no kernel for it: what the message must name
COMPILED = [name for name in MODELS if name not in REFUSED]


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("keras")
    environment = {**os.environ, "TF_USE_LEGACY_KERAS": "1", "OMP_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-m", "tests.support_keras", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=REPOSITORY)
    assert done.returncode == 0, done.stderr[-3000:]
    return {name: (folder / f"{name}.tflite").read_bytes() for name in MODELS}


@pytest.fixture(scope="module")
def image(converted: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> HostModels:
    folder = tmp_path_factory.mktemp("image")
    generate([(name, converted[name]) for name in COMPILED], folder / "generated")
    return compile_models(folder / "generated", folder / "models.so")


@pytest.mark.parametrize("name", COMPILED)
def test_a_keras_model_runs_as_in_tflite(name: str, converted: dict[str, bytes], image: HostModels):
    rng = np.random.default_rng(3)
    shape = INPUT_SHAPE[:2]
    levels, spreads = rng.uniform(-100, 100, (40, 1, 1)), rng.uniform(1, 60, (40, 1, 1))  # as loud and quiet clips
    clips = (levels + spreads * rng.normal(size=(40, *shape))).clip(-128, 127).astype(np.int8)
    extremes = rng.choice(np.array([-128, 127], np.int8), (10, *shape))
    features = np.concatenate([clips, extremes, np.full((1, *shape), -128, np.int8)])
    if MODELS[name].integer_ends:
        want = reference_logits(converted[name], features)
        np.testing.assert_array_equal(image.logits(name, features), want)
    else:
        real = features.astype(np.float32) / 32
        want = real_outputs(converted[name], real)
        np.testing.assert_array_equal(np.stack([image.reals(name, clip) for clip in real]), want)
    assert len(np.unique(want, axis=0)) > 25


@pytest.mark.parametrize("name", MODELS)
def test_scales_are_as_many_as_the_recipe_asks_for(name: str, converted: dict[str, bytes]):
    """Otherwise the comparison would not be of what its name says."""
    recipe = MODELS[name]
    wanted = {"CONV_2D": recipe.convolution_per_channel, "FULLY_CONNECTED": recipe.dense_per_channel}
    weighted = [operator for operator in read_graph(converted[name]).operators if operator.kind in wanted]
    assert weighted
    for operator in weighted:
        weights = operator.inputs[1]
        assert len(weights.quantization.scales) == (weights.shape[0] if wanted[operator.kind] else 1), operator.place


@pytest.mark.parametrize("name", [name for name, recipe in MODELS.items() if recipe.batch is None])
def test_a_model_of_an_open_batch_computes_its_shapes(name: str, converted: dict[str, bytes]):
    assert "SHAPE" in {operator.kind for operator in read_graph(converted[name]).operators}


@pytest.mark.parametrize("name", REFUSED)
def test_what_there_is_no_kernel_for_is_refused_with_its_place(name: str, converted: dict[str, bytes], tmp_path: Path):
    with pytest.raises(ModelError, match=REFUSED[name]):
        generate([(name, converted[name])], tmp_path)
    assert not list(tmp_path.iterdir())
