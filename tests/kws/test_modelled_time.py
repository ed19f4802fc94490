"""Milliseconds of models before anything is deployed: the real compiler and the emulated board."""

import pytest

from kws.modelled_time import modelled_inference_ms
from tests.support_learning import params
from tests.support_tflite import Conv, Dense, Reshape, build


def tflite(filters: int, zeros: float = 0.0) -> bytes:
    layers = [Conv(filters, (10, 8), (2, 2), zeros=zeros), Reshape((500 * filters,)), Dense(4, zeros=zeros)]
    return build((49, 40, 1), layers, 1)


def test_time_goes_by_shape_and_not_by_what_the_weights_are():
    taken = modelled_inference_ms({"four": tflite(4), "two": tflite(2), "sparse": tflite(4, zeros=0.9)}, params())
    assert list(taken) == ["four", "two", "sparse"]
    assert 0 < taken["two"] < taken["four"] < 100
    assert taken["sparse"] == pytest.approx(taken["four"], rel=1e-3)
