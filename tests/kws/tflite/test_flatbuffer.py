"""FlatBuffers by our own reading: the same as by LiteRT's generated code, and nothing outside the file."""

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from kws.errors import ModelError
from kws.tflite.flatbuffer import MAX_TABLES, NUMBERS, Field, fields, root
from tests.support_mutation import seeds
from tests.support_tflite import serialize

MODELS = seeds()


def test_fields_are_those_of_the_schema():
    assert fields("Conv2DOptions")["dilationHFactor"] == Field(5, NUMBERS["Int32"], 1)
    assert fields("Tensor")["buffer"] == Field(2, NUMBERS["Uint32"], 0)
    assert fields("Tensor")["shape"] == Field(0, None, 0)
    assert fields("Operator")["builtinOptions"].slot == 4
    tables = [name for name in vars(schema.BuiltinOptions) if name[0] != "_" and name != "NONE"]
    for name in tables:
        assert set(fields(name)) == set(vars(getattr(schema, f"{name}T")())), name
    assert len(tables) > 100


@pytest.mark.parametrize("name", MODELS)
def test_every_field_of_a_good_model_is_read_as_by_the_generated_code(name: str):
    ours, theirs = root(MODELS[name], "Model"), schema.ModelT.InitFromPackedBuf(MODELS[name], 0)
    assert ours.number("version") == theirs.version == 3
    for buffer, known in zip(ours.tables("buffers", "Buffer"), theirs.buffers, strict=True):
        assert buffer.vector("data", np.uint8).tolist() == ([] if known.data is None else list(known.data))
    (graph,), known_graph = ours.tables("subgraphs", "SubGraph"), theirs.subgraphs[0]
    for tensor, known in zip(graph.tables("tensors", "Tensor"), known_graph.tensors, strict=True):
        assert tensor.vector("shape", np.int32).tolist() == list(known.shape)
        assert tensor.text("name", 99) == known.name.decode()
        assert (tensor.number("type"), tensor.number("buffer")) == (known.type, known.buffer)
        quantization = tensor.table("quantization", "QuantizationParameters")
        assert (quantization is None) == (known.quantization is None) != tensor.holds("quantization")
        if quantization is not None:
            assert quantization.vector("scale", np.float32).tolist() == known.quantization.scale.tolist()
    for operator, known in zip(graph.tables("operators", "Operator"), known_graph.operators, strict=True):
        kind = type(known.builtinOptions).__name__.removesuffix("T")
        numbers = operator.table("builtinOptions", kind).numbers()
        assert numbers == {key: getattr(known.builtinOptions, key) for key in numbers}


def test_vectors_are_read_only_views_of_the_file():
    tflite = MODELS["sparse"]
    data = [buffer.vector("data", np.uint8) for buffer in root(tflite, "Model").tables("buffers", "Buffer")]
    whole = np.frombuffer(tflite, np.uint8)
    assert max(len(entry) for entry in data) > 100
    assert all(np.shares_memory(whole, entry) and not entry.flags.writeable for entry in data if len(entry))


@pytest.mark.parametrize("length", range(4, 64, 4))
def test_no_byte_beyond_the_file_is_read(length: int):
    with pytest.raises(ModelError, match=f"truncated or damaged.*the file has {length}"):
        model = root(MODELS["dense"][:length], "Model")
        for name in ("operatorCodes", "subgraphs", "buffers"):
            list(model.tables(name, "Buffer"))


def test_a_name_is_cut_and_made_printable():
    model = schema.ModelT(description="\x1b[2J" + "é" * 300, version=3)
    assert root(serialize(model), "Model").text("description", 50) == "?[2J" + "é" * 46


def test_visits_are_counted():
    model = root(MODELS["dense"], "Model")
    with pytest.raises(ModelError, match=f"more than {MAX_TABLES} tables"):
        for _ in range(MAX_TABLES):
            next(model.tables("buffers", "Buffer"))
