"""The reader: what it finds in a good file, and that a bad one is only ever a ModelError."""

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from hypothesis import given, settings
from hypothesis import strategies as st

from kws.codegen.lowering import lower
from kws.errors import ModelError
from kws.tflite.reader import read_graph
from tests.support_tflite import Conv, Dense, Reshape, build, edited

TINY = build((9, 7, 1), [Conv(3, (3, 2), (2, 2)), Reshape((60,)), Dense(4)], 1)


def test_a_good_file_becomes_a_graph():
    graph = read_graph(TINY)
    assert [operator.kind for operator in graph.operators] == ["CONV_2D", "RESHAPE", "FULLY_CONNECTED"]
    assert graph.inputs[0].shape == (1, 9, 7, 1) and graph.inputs[0].data is None
    assert graph.outputs[0].shape == (1, 4)
    convolution = graph.operators[0]
    assert convolution.options["strideW"] == 2 and convolution.place == "operator 0 CONV_2D"
    weights = convolution.inputs[1]
    assert weights.data.shape == (3, 3, 2, 1) and weights.data.dtype == np.int8
    assert len(weights.quantization.scales) == 3 and weights.quantization.axis == 0
    assert convolution.inputs[2].data.dtype == np.int32
    with pytest.raises(ValueError, match="read-only"):
        weights.data[0] = 0


@pytest.mark.parametrize("data", [b"", b"TFL3", b"\0" * 100, b"PK\x03\x04" * 20])
def test_what_is_not_a_tflite_is_refused(data: bytes):
    with pytest.raises(ModelError, match="not a \\.tflite file"):
        read_graph(data)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99])
def test_a_truncated_file_is_refused(share: float):
    with pytest.raises(ModelError):
        lower(read_graph(TINY[: max(8, int(len(TINY) * share))]))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(8, len(TINY) - 1), st.integers(0, 255)), min_size=1, max_size=4))
def test_a_damaged_file_is_a_model_error_or_a_graph(changes: list[tuple[int, int]]):
    damaged = bytearray(TINY)
    for position, value in changes:
        damaged[position] = value
    try:
        lower(read_graph(bytes(damaged)))
    except ModelError as error:
        assert str(error)


def test_an_unknown_dtype_names_the_tensor():
    def change(model):
        model.subgraphs[0].tensors[1].type = schema.TensorType.FLOAT16

    with pytest.raises(ModelError, match=r"tensor 1 'layer_0/weights' is of type FLOAT16"):
        read_graph(edited(TINY, change))


def test_a_state_is_refused_with_the_operator_that_keeps_it():
    def change(model):
        model.subgraphs[0].tensors[model.subgraphs[0].operators[1].outputs[0]].isVariable = True

    with pytest.raises(ModelError, match=r"operator 1 RESHAPE: tensor \d+ '.*' keeps a state between inferences"):
        read_graph(edited(TINY, change))


def test_int4_weights_are_unpacked():
    def change(model):
        weights = model.subgraphs[0].tensors[1]
        weights.type, weights.shape, weights.quantization = schema.TensorType.INT4, [1, 1, 3], None
        model.buffers[weights.buffer].data = np.array([0x7F, 0x08], np.uint8)

    weights = read_graph(edited(TINY, change)).operators[0].inputs[1]
    assert weights.dtype == "int4" and weights.data.dtype == np.int8 and weights.data.tolist() == [[[-1, 7, -8]]]


def test_a_constant_of_no_values_is_a_constant():
    def change(model):
        graph = model.subgraphs[0]
        model.buffers.append(schema.BufferT())
        graph.tensors.append(schema.TensorT([0], schema.TensorType.INT32, len(model.buffers) - 1, "scalar"))
        graph.operators[1].inputs = [graph.operators[1].inputs[0], len(graph.tensors) - 1]

    data = read_graph(edited(TINY, change)).operators[1].inputs[1].data
    assert data.shape == (0,) and data.dtype == np.int32


def test_data_of_the_wrong_length_names_the_tensor():
    def change(model):
        model.buffers[1].data = np.zeros(5, np.uint8)

    with pytest.raises(ModelError, match=r"tensor 1 'layer_0/weights' holds 5 bytes where shape \(3, 3, 2, 1\)"):
        read_graph(edited(TINY, change))


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan"), float("inf")])
def test_a_scale_that_is_no_scale_names_the_tensor(scale: float):
    def change(model):
        model.subgraphs[0].tensors[0].quantization.scale = np.array([scale], np.float32)

    with pytest.raises(ModelError, match="tensor 0 'input' has a scale that is not a positive number"):
        read_graph(edited(TINY, change))


def test_two_subgraphs_are_refused():
    def change(model):
        model.subgraphs.append(model.subgraphs[0])

    with pytest.raises(ModelError, match="2 subgraphs"):
        read_graph(edited(TINY, change))
