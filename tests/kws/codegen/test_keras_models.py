"""Models by Keras' own road, full int8 quantization, compiled and compared byte for byte.

TensorFlow takes half a gigabyte and warns while it is imported, so the conversion runs in a process of its own.
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from kws.codegen import generate
from kws.tflite.interpreter import reference_logits
from tests.support_c import HostModels, compile_models

CONVERT = """
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf
import tf_keras as keras

L = keras.layers


def tiny_conv():
    return [L.Conv2D(8, (10, 8), 2, "same", activation="relu"), L.Flatten(), L.Dense(4)]


def ds_cnn():
    block = lambda: [L.DepthwiseConv2D(3, padding="same"), L.BatchNormalization(), L.ReLU(6.0), L.Conv2D(16, 1)]
    head = [L.ReLU(), L.AveragePooling2D((3, 2)), L.GlobalAveragePooling2D(), L.Dense(4)]
    return [L.Conv2D(16, (10, 4), 2, "same"), L.ReLU(), *block(), L.ReLU(), *block(), *head]


keras.utils.set_random_seed(1)
for layers in (tiny_conv, ds_cnn):
    model = keras.Sequential([L.InputLayer((49, 40, 1), batch_size=1), *layers()])
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    rng = np.random.default_rng(0)
    levels, spreads = rng.uniform(-3, 3, (60, 1, 1, 1, 1)), rng.uniform(0.1, 3, (60, 1, 1, 1, 1))
    clips = (levels + spreads * rng.normal(size=(60, 1, 49, 40, 1))).astype(np.float32)
    converter.representative_dataset = lambda: ([clip] for clip in clips)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    (Path(sys.argv[1]) / f"{layers.__name__}.tflite").write_bytes(converter.convert())
"""


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("keras")
    environment = {**os.environ, "TF_USE_LEGACY_KERAS": "1", "OMP_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-c", CONVERT, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    return {path.stem: path.read_bytes() for path in sorted(Path(folder).glob("*.tflite"))}


@pytest.fixture(scope="module")
def image(converted: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> HostModels:
    folder = tmp_path_factory.mktemp("image")
    generate(list(converted.items()), folder / "generated")
    return compile_models(folder / "generated", folder / "models.so")


@pytest.mark.parametrize("name", ["tiny_conv", "ds_cnn"])
def test_a_keras_model_runs_as_in_tflite(name: str, converted: dict[str, bytes], image: HostModels):
    rng = np.random.default_rng(3)
    levels, spreads = rng.uniform(-100, 100, (40, 1, 1)), rng.uniform(1, 60, (40, 1, 1))  # as loud and quiet clips
    clips = (levels + spreads * rng.normal(size=(40, 49, 40))).clip(-128, 127).astype(np.int8)
    extremes = rng.choice(np.array([-128, 127], np.int8), (10, 49, 40))
    features = np.concatenate([clips, extremes, np.full((1, 49, 40), -128, np.int8)])
    want = reference_logits(converted[name], features)
    np.testing.assert_array_equal(image.logits(name, features), want)
    assert len(np.unique(want, axis=0)) > 25
