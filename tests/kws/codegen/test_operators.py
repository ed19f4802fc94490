"""Every operator by itself and in small graphs: the generated C against TFLite's reference kernels, byte for byte."""

import ctypes
from pathlib import Path

import numpy as np
import pytest

from kws.codegen import Generated, generate
from kws.tflite.interpreter import reference_logits
from tests.support_c import HostModels, compile_models
from tests.support_differences import real_outputs
from tests.support_tflite import Conv, Dense, Depthwise, build, with_power_of_two_scales
from tests.support_tflite_operators import (
    NONE,
    RELU,
    RELU6,
    SAME,
    VALID,
    Add,
    AveragePool,
    From,
    Logistic,
    MaxPool,
    Mean,
    Pad,
    Quantize,
    Relu,
    Relu6,
    Reshape,
    Softmax,
    Transpose,
)

SHAPE = (6, 5, 3)
CONV = Conv(4, (3, 3))
HEIGHT_AND_WIDTH = ((0, 0), (1, 2), (0, 1), (0, 0))
RESIDUAL = [Conv(8, (3, 3)), Conv(8, (3, 3), activation=NONE), Add(1, activation=RELU)]

CASES = {
    "max_pool": [MaxPool((2, 2), (2, 1))],
    "max_pool_same_relu": [MaxPool((3, 3), (2, 2), SAME, RELU)],
    "max_pool_relu6": [CONV, MaxPool((3, 2), activation=RELU6)],
    "pad": [Pad(HEIGHT_AND_WIDTH)],
    "pad_channels": [Pad(((0, 0), (1, 2), (0, 1), (2, 1)))],
    "pad_with_a_value": [Pad(((0, 0), (1, 2), (0, 1), (2, 1)), 7)],
    "pad_before_conv": [CONV, Pad(HEIGHT_AND_WIDTH), Conv(5, (3, 2), (2, 2), VALID)],
    "pad_before_depthwise": [Pad(HEIGHT_AND_WIDTH), Depthwise((3, 3), 2, padding=VALID)],
    "pad_before_max_pool": [CONV, Pad(HEIGHT_AND_WIDTH), MaxPool((3, 3))],
    "pad_before_average_pool": [Pad(HEIGHT_AND_WIDTH), AveragePool((3, 3))],
    "pad_beyond_the_window": [Pad(((0, 0), (3, 2), (0, 1), (0, 0))), Conv(5, (2, 2), padding=VALID)],
    "add": [CONV, CONV, Add(1)],
    "add_relu": [CONV, CONV, Add(1, activation=RELU)],
    "add_relu6": [Conv(3, (3, 3)), Add(0, activation=RELU6, swapped=True)],
    "add_to_itself": [CONV, Add(1)],
    "add_the_input_to_itself": [Add(0)],
    "add_a_constant_a_channel": [CONV, Add(constant=(1, 1, 1, 4))],
    "add_a_constant_a_value": [Add(constant=(1, 6, 5, 3))],
    "add_one_constant": [Add(constant=(1,), swapped=True)],
    "add_a_mean": [Mean(True), Add(0)],
    "add_a_mean_of_rows": [Mean(True, (1,)), Add(0), MaxPool((2, 2))],
    "add_rows_and_columns": [Mean(True, (1,)), From(0), Mean(True, (2,)), Add(1)],
    "softmax": [Softmax()],
    "softmax_with_beta": [Softmax(0.25)],
    "dense_softmax": [Reshape((90,)), Dense(10), Softmax()],
    "logistic": [Logistic()],
    "relu": [Relu()],
    "relu6": [Relu6()],
    "quantize": [Quantize()],
    "functions_in_place": [CONV, Relu(), Quantize(), Logistic(), MaxPool((2, 2))],
    "mean_of_rows": [Mean(False, (1,))],
    "mean_of_columns": [Mean(True, (2,))],
    "mean_of_channels": [Mean(False, (-1,))],
    "mean_of_rows_and_channels": [Mean(False, (1, 3))],
    "mean_of_columns_and_channels": [Mean(True, (3, 2))],
    "mean_of_all": [Mean(False, (1, 2, 3))],
    "mean_of_an_image": [Mean()],
    "mean_of_an_image_kept": [Mean(True)],
    "mean_of_the_batch_too": [Mean(True, (0, 1))],
    "mean_at_the_same_scale": [Mean(same=True)],
    "mean_of_channels_at_the_same_scale": [Mean(True, (3,), same=True)],
    "transpose_of_ones": [Mean(True), Transpose((0, 3, 1, 2)), Reshape((3,)), Dense(4)],
    "transpose_and_back": [Transpose((0, 3, 1, 2)), Transpose((0, 2, 3, 1)), CONV],
    "transpose_before_dense": [CONV, Transpose((0, 3, 1, 2)), Reshape((120,)), Dense(5)],
    "dense_over_rows": [Reshape((30, 3)), Dense(4, rows=True, per_channel=True), Dense(2, rows=True)],
    "int4": [Conv(4, (3, 3), bits=4, int4=True), Reshape((120,)), Dense(5, bits=4, int4=True)],
    "int4_depthwise": [Depthwise((3, 3), bits=4, int4=True), Depthwise((2, 2), 3, bits=3, int4=True)],
    "residual": [*RESIDUAL, Conv(8, (3, 3)), Conv(8, (3, 3), activation=NONE), Add(4), Mean(), Dense(4)],
}
TFLITES = {name: build(SHAPE, layers, 3) for name, layers in CASES.items()}
TIES = ("add", "add_relu", "add_a_constant_a_value", "relu", "quantize", "mean_of_rows", "max_pool")
TFLITES |= {f"{name}_ties": with_power_of_two_scales(build(SHAPE, CASES[name], 4)) for name in TIES}
TFLITES |= {"float_ends": build(SHAPE, [CONV, Mean(), Dense(3)], 3, float_ends=True)}


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> tuple[HostModels, dict[str, Generated]]:
    folder = tmp_path_factory.mktemp("image")
    generated = generate(list(TFLITES.items()), folder / "generated")
    return compile_models(folder / "generated", folder / "models.so"), {one.name: one for one in generated}


def inputs(seed: int = 0) -> np.ndarray:
    """(46, *SHAPE) int8: random values, random extremes, one constant, values around 0."""
    rng = np.random.default_rng(seed)
    extremes = rng.choice(np.array([-128, 127], np.int8), (5, *SHAPE))
    parts = [
        rng.integers(-128, 128, (20, *SHAPE)),
        extremes,
        np.full((1, *SHAPE), -128),
        rng.normal(size=(20, *SHAPE)) * 3,
    ]
    return np.concatenate([part.astype(np.int8) for part in parts])


@pytest.mark.parametrize("name", [name for name in TFLITES if name != "float_ends"])
def test_an_operator_gives_what_the_reference_interpreter_gives(image, name):
    want = reference_logits(TFLITES[name], inputs())
    np.testing.assert_array_equal(image[0].logits(name, inputs()), want)
    assert len(np.unique(want, axis=0)) > 4  # an operator that saturates proves nothing


@pytest.mark.parametrize("unary", [Logistic(), Relu(), Relu6(), Quantize()])
@pytest.mark.parametrize("seed", range(3))
def test_a_function_of_one_value_for_every_value(tmp_path: Path, unary, seed):
    shape = (1, 1, 256)
    tflite = build(shape, [unary], seed)
    generate([("one", tflite)], tmp_path / "generated")
    every = np.arange(-128, 128).astype(np.int8).reshape(1, *shape)
    got = compile_models(tmp_path / "generated", tmp_path / "one.so").logits("one", every)
    np.testing.assert_array_equal(got, reference_logits(tflite, every))


def test_arenas_of_small_graphs(image):
    """By hand: 6 x 5 places; a kept input, what is in place, and what the caller holds take none."""
    arenas = {name: one.arena_bytes for name, one in image[1].items()}
    assert arenas["add_a_constant_a_channel"] == 0  # the sum lies where the convolution's output lay: the caller's
    assert arenas["functions_in_place"] == 120
    assert arenas["add_rows_and_columns"] == 16 + 20  # 5 x 3 and 6 x 3 values, in words
    assert arenas["dense_over_rows"] == 120
    assert arenas["pad_before_depthwise"] == 0


def test_float_ends_are_as_in_tflite(image):
    """QUANTIZE and DEQUANTIZE are the caller's, by the model's own scales."""
    rng = np.random.default_rng(1)
    real = (rng.normal(size=(40, *SHAPE)) * 10 ** rng.uniform(-2, 2, (40, 1, 1, 1))).astype(np.float32)
    got = np.stack([image[0].reals("float_ends", row) for row in real])
    np.testing.assert_array_equal(got, real_outputs(TFLITES["float_ends"], real))
    assert len(np.unique(got, axis=0)) > 20


def test_floats_that_int8_does_not_hold(image):
    real = np.array([np.inf, -np.inf, 3e38, -3e38, np.nan, 63.5, -64.5, 0.5, -0.5, 0.25, 1.0], np.float32)
    values = np.zeros(len(real), np.int8)
    ends = ctypes.c_void_p(real.ctypes.data), ctypes.c_void_p(values.ctypes.data)
    image[0].library.kws_quantize(ends[0], len(real), ctypes.c_float(0.5), 0, ends[1])
    assert values.tolist() == [127, -128, 127, -128, -128, 127, -128, 1, -1, 1, 2]
