"""What this project exports, compiled: the same logits as TFLite's reference kernels, byte for byte."""

import numpy as np
import pytest

from kws.codegen import generate
from kws.tflite.interpreter import reference_logits
from tests import support_conversion
from tests.support_c import HostModels, compile_models


@pytest.fixture(scope="module")
def models(converted) -> dict[str, bytes]:
    names = [f"ds_cnn_{bits}" for bits in support_conversion.DS_CNN_WIDTHS]
    return {name: (converted / f"{name}.tflite").read_bytes() for name in names}


@pytest.fixture(scope="module")
def image(models, tmp_path_factory) -> HostModels:
    folder = tmp_path_factory.mktemp("exported")
    generate(list(models.items()), folder / "generated")
    return compile_models(folder / "generated", folder / "models.so")


@pytest.mark.parametrize("bits", support_conversion.DS_CNN_WIDTHS)
def test_ds_cnn_runs_as_in_tflite(bits, models, image):
    rng = np.random.default_rng(3)
    levels, spreads = rng.uniform(-100, 100, (40, 1, 1)), rng.uniform(1, 60, (40, 1, 1))  # as loud and quiet clips
    clips = (levels + spreads * rng.normal(size=(40, 49, 40))).clip(-128, 127).astype(np.int8)
    features = np.concatenate([clips, rng.choice(np.array([-128, 127], np.int8), (10, 49, 40))])
    want = reference_logits(models[f"ds_cnn_{bits}"], features)
    np.testing.assert_array_equal(image.logits(f"ds_cnn_{bits}", features), want)
    assert len(np.unique(want, axis=0)) > 25
