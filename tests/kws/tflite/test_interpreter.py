"""The oracle: shapes, determinism, and inputs it refuses instead of casting."""

import numpy as np
import pytest

from kws.errors import ModelError
from kws.tflite.interpreter import cpu_latencies, reference_logits
from tests.support_tflite import Conv, Dense, Reshape, build, edited

TINY = build((49, 40, 1), [Conv(2, (10, 8), (2, 2)), Reshape((1000,)), Dense(4)], 1)
FEATURES = np.random.default_rng(0).integers(-128, 128, (5, 49, 40)).astype(np.int8)


def test_logits_are_one_row_a_clip_whatever_the_batch():
    logits = reference_logits(TINY, FEATURES)
    assert logits.shape == (5, 4) and logits.dtype == np.int8
    np.testing.assert_array_equal(logits[2:3], reference_logits(TINY, FEATURES[2:3]))
    assert reference_logits(TINY, FEATURES[:0]).shape == (0, 4)


def test_features_of_another_dtype_or_shape_are_refused():
    with pytest.raises(ModelError, match="features are float32"):
        reference_logits(TINY, FEATURES.astype(np.float32))
    with pytest.raises(ModelError, match=r"of shape \(5, 49, 39\)"):
        reference_logits(TINY, FEATURES[:, :, :39])


def test_what_tflite_cannot_run_is_a_model_error():
    with pytest.raises(ModelError, match="TFLite cannot run"):
        reference_logits(b"nonsense" * 10, FEATURES)


def test_an_input_that_is_not_int8_is_refused():
    def change(model):
        model.subgraphs[0].outputs = model.subgraphs[0].inputs
        model.subgraphs[0].tensors[0].type = 3  # uint8
        model.subgraphs[0].operators = []

    with pytest.raises(ModelError, match="is uint8 where int8 is needed"):
        reference_logits(edited(TINY, change), FEATURES)


def test_latencies_are_positive_numbers_of_microseconds():
    small, same = cpu_latencies([TINY, TINY])
    assert 0.1 < small.median_us < 100_000 and 0.1 < same.p10_us <= same.p90_us
