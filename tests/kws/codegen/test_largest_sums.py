"""The largest sums that the compiler takes: they are computed without overflow, and the next larger is refused."""

from pathlib import Path

import numpy as np
import pytest

from kws.codegen import generate
from kws.codegen.checks import LARGEST_SUM
from kws.errors import ModelError
from kws.tflite.interpreter import reference_logits
from tests.support_sanitized import Sanitized
from tests.support_tflite import NONE, Conv, Dense, build, edited

LAYERS = {"convolution": Conv(1, (1, 1), activation=NONE), "dense": Dense(1)}
WEIGHT = 127
STEP = 2.0**-14  # (1 + STEP) * (1 - STEP), two scales that float32 holds, is 1 - 2^-28: no sum shrinks by more than 8


def with_largest_sum(layer: Conv | Dense, largest: int, sign: int) -> bytes:
    """One weight and a bias that together reach `largest`, scaled by almost 1, and the zero point farthest away."""

    def edit(model) -> None:
        source, weights, bias, target = model.subgraphs[0].tensors
        for tensor, scale in ((source, 1 + STEP), (weights, 1 - STEP), (bias, 1), (target, 1)):
            tensor.quantization.scale = np.array([scale], np.float32)
        source.quantization.zeroPoint = np.array([-128 if sign > 0 else 127], np.int64)
        target.quantization.zeroPoint = np.array([127 if sign > 0 else -128], np.int64)
        value = np.array([sign * (largest - 255 * WEIGHT)], np.int32)
        model.buffers[weights.buffer].data = np.array([WEIGHT], np.uint8)
        model.buffers[bias.buffer].data = np.frombuffer(value.tobytes(), np.uint8)

    return edited(build((1, 1, 1), [layer], 0), edit)


@pytest.fixture(scope="module")
def sanitized(tmp_path_factory: pytest.TempPathFactory) -> Sanitized:
    return Sanitized(tmp_path_factory.mktemp("sanitized"))


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("name", LAYERS)
def test_the_largest_sum_does_not_overflow(name: str, sign: int, sanitized: Sanitized, tmp_path: Path):
    tflite = with_largest_sum(LAYERS[name], LARGEST_SUM, sign)
    generate([("largest", tflite)], tmp_path)
    features = np.array([[-128], [0], [127]], np.int8)
    logits = sanitized.run(tmp_path, features)
    assert set(logits.reshape(-1).tolist()) == {127 if sign > 0 else -128}
    np.testing.assert_array_equal(logits, reference_logits(tflite, features))


@pytest.mark.parametrize("name", LAYERS)
def test_a_larger_one_is_refused(name: str, tmp_path: Path):
    with pytest.raises(ModelError, match=r"operator 0 .*: the sum of output channel 0 can reach 2147483520"):
        generate([("larger", with_largest_sum(LAYERS[name], LARGEST_SUM + 1, 1))], tmp_path)
