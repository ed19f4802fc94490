"""Channels without weights: the same outputs, by numbers that the Cortex-M4's kernels take."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kws.codegen.cortex_m4.frames import FrameConvolution
from kws.codegen.cortex_m4.numbers import kernels_of
from kws.codegen.lower_weighted import constants_in_reach
from kws.codegen.lowering import lower
from kws.fixed_point import multiply_by_multiplier
from kws.tflite.reader import read_graph
from tests.support_tflite import Conv, Dense, Reshape, build, edited


@given(st.integers(-(2**29), 2**29), st.integers(2**30, 2**31 - 1), st.integers(-31, 1), st.integers(-128, 127))
def test_a_channel_without_weights_keeps_its_output(bias, multiplier, shift, zero):
    biases, pairs = constants_in_reach(np.zeros((1, 9), np.int8), np.array([bias], np.int32), [(multiplier, shift)])
    values = [multiply_by_multiplier(bias, multiplier, shift), multiply_by_multiplier(int(biases[0]), *pairs[0])]
    assert len({max(-128, min(value + zero, 127)) for value in values}) == 1
    assert pairs == [(1 << 30, -2)]


def test_other_channels_stay_as_they_are():
    rows, bias, pairs = (
        np.array([[0, 1], [0, 0]], np.int8),
        np.array([77, 80], np.int32),
        [(1 << 30, -9), (1 << 30, -4)],
    )
    biases, changed = constants_in_reach(rows, bias, pairs)
    assert (biases[0], changed[0]) == (77, (1 << 30, -9)) and bias[1] == 80
    assert biases[1] == 8 * 3  # 80 / 2 / 16 is 2.5, half away from zero


@pytest.mark.parametrize("scale", [1e-12, 0.01])
def test_a_filter_of_zeros_and_a_tiny_scale_does_not_cost_a_layer_its_kernel(scale):
    def empty(model) -> None:
        tensor = next(t for t in model.subgraphs[0].tensors if len(t.shape) == 4 and t.shape[0] == 8)
        data = np.array(model.buffers[tensor.buffer].data, np.uint8).reshape(8, -1)
        data[3] = 0
        model.buffers[tensor.buffer].data = data.reshape(-1)
        scales = np.array(tensor.quantization.scale)
        scales[3] = scale
        tensor.quantization.scale = scales

    tflite = build((49, 40, 1), [Conv(8, (10, 8), (2, 2)), Reshape((4000,)), Dense(4)], 0, rectified=(-128,))
    assert isinstance(kernels_of(lower(read_graph(edited(tflite, empty))))[0], FrameConvolution)
