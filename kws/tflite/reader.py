"""Read a .tflite: bytes in, kws.tflite.graph.Graph out.

    graph = read_graph(read_tflite(Path("model.tflite")))

Reads through TFLite's schema (TensorFlow's schema.fbs), as LiteRT's Python package carries it; its import is quick.
Any file whatever ends in a graph or in a ModelError that names the place, within a second and without a copy of its
weights: kws.tflite.flatbuffer checks every offset, kws.tflite.tensors what a tensor claims, kws.tflite.dataflow what
is computed when.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from kws.errors import ModelError
from kws.tflite.dataflow import check_dataflow
from kws.tflite.flatbuffer import Table, root
from kws.tflite.graph import Graph, Operator, Tensor
from kws.tflite.tensors import MAX_NAME, Budget, read_tensor

FILE_IDENTIFIER = b"TFL3"  # at byte 4 of every .tflite
SCHEMA_VERSION = 3  # of every .tflite that TFLite still reads

MAX_FILE_BYTES = 1 << 26  # far beyond any microcontroller, as the next two
MAX_OPERATORS = 1 << 10
MAX_TENSORS = 1 << 12

_KIND_NAMES = {value: name for name, value in vars(schema.BuiltinOperator).items() if not name.startswith("_")}
_OPTION_NAMES = {value: name for name, value in vars(schema.BuiltinOptions).items() if not name.startswith("_")}
_OWN_OPTIONS = {"AVERAGE_POOL_2D": "Pool2DOptions", "MAX_POOL_2D": "Pool2DOptions", "MEAN": "ReducerOptions"}
_OWN_OPTIONS |= {"CONV_2D": "Conv2DOptions", "DEPTHWISE_CONV_2D": "DepthwiseConv2DOptions", "ADD": "AddOptions"}
_OWN_OPTIONS |= {"FULLY_CONNECTED": "FullyConnectedOptions", "SOFTMAX": "SoftmaxOptions"}


def read_tflite(path: Path) -> bytes:
    """The bytes of a file that is not too large to be a model for a microcontroller.

    Raises:
        ModelError: it is not there, or larger than MAX_FILE_BYTES; no more than that is read.
        OSError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        raise ModelError(f"{path} is not there: name a .tflite that is.") from None
    if len(content) > MAX_FILE_BYTES:
        raise ModelError(
            f"{path} has more than {MAX_FILE_BYTES >> 20} MiB, and no microcontroller holds such a model: give the "
            ".tflite of a smaller one."
        )
    return content


def read_graph(tflite: bytes) -> Graph:
    """The only subgraph of a .tflite; constants are views of the bytes given.

    Raises:
        ModelError: not a .tflite, truncated, damaged, too large, more than one subgraph, a tensor that
            kws.tflite.tensors refuses, or operators that read what is not computed before them.
    """
    model = _model(tflite)
    subgraphs = list(model.tables("subgraphs", "SubGraph"))
    if len(subgraphs) != 1:
        raise ModelError(
            f"the .tflite holds {len(subgraphs)} subgraphs, and the compiler takes exactly one: convert a model "
            "without control flow."
        )
    budget = Budget()
    buffers = list(model.tables("buffers", "Buffer"))
    tensors = [
        read_tensor(index, entry, buffers, budget)
        for index, entry in _entries(subgraphs[0], "tensors", "Tensor", MAX_TENSORS)
    ]
    codes = list(model.tables("operatorCodes", "OperatorCode"))
    operators = tuple(
        _operator(index, entry, codes, tensors, budget)
        for index, entry in _entries(subgraphs[0], "operators", "Operator", MAX_OPERATORS)
    )
    _refuse_states(subgraphs[0], tensors, operators)
    ends = [_tensors(subgraphs[0], name, tensors, f"the graph's {name}", budget) for name in ("inputs", "outputs")]
    graph = Graph(*ends, operators)
    check_dataflow(graph)
    return graph


def _model(tflite: bytes) -> Table:
    """The file's first table, of a version that we know."""
    if len(tflite) < 8 or tflite[4:8] != FILE_IDENTIFIER:
        raise ModelError(
            f"this is not a .tflite file: bytes 4 to 7 should read {FILE_IDENTIFIER.decode()} and the "
            f"{len(tflite)} bytes given begin with {tflite[:8].hex(' ') or 'nothing'}. Give a file that TFLite's "
            "converter or the convert stage wrote."
        )
    model = root(tflite, "Model")
    if model.number("version") != SCHEMA_VERSION:
        raise ModelError(
            f"the .tflite is of schema version {model.number('version')}, and the compiler reads {SCHEMA_VERSION}: "
            "convert the model again, with a current TFLite."
        )
    return model


def _entries(subgraph: Table, name: str, kind: str, most: int) -> Iterator[tuple[int, Table]]:
    """Number and table of each entry; refused where there are more."""
    for index, entry in enumerate(subgraph.tables(name, kind)):
        if index == most:
            raise ModelError(f"the .tflite has more than {most} {name}, as no model here needs: give a smaller one.")
        yield index, entry


def _refuse_states(subgraph: Table, tensors: list[Tensor], operators: tuple[Operator, ...]) -> None:
    """Refuse a tensor that outlives an inference, with the operator that keeps it."""
    for tensor, entry in zip(tensors, subgraph.tables("tensors", "Tensor"), strict=True):
        if entry.number("isVariable"):
            keeper = next((one for one in operators if tensor in (*one.inputs, *one.outputs)), None)
            raise ModelError(
                f"{f'{keeper.place}: ' if keeper else ''}{tensor.place} keeps a state between inferences, and the "
                "compiler has none: use a stateless model, of convolutions or dense layers."
            )


def _operator(index: int, entry: Table, codes: list[Table], tensors: list[Tensor], budget: Budget) -> Operator:
    """One operator with the options of its kind."""
    kind = _kind(index, entry, codes)
    place = f"operator {index} {kind}"
    inputs = _tensors(entry, "inputs", tensors, place, budget, optional=True)
    outputs = _tensors(entry, "outputs", tensors, place, budget)
    options = _OPTION_NAMES.get(entry.number("builtinOptionsType"), "NONE")
    if options != _OWN_OPTIONS.get(kind, options):
        raise ModelError(f"{place} has options of type {options}: the .tflite is damaged, convert again.")
    table = None if options == "NONE" else entry.table("builtinOptions", options)
    return Operator(index, kind, inputs, outputs, {} if table is None else table.numbers())


def _kind(index: int, entry: Table, codes: list[Table]) -> str:
    """The schema's name of an operator; its number is the larger of the two code fields (schema.fbs, OperatorCode)."""
    if entry.number("opcodeIndex") >= len(codes):
        raise ModelError(f"operator {index} has a code that the file does not list: it is damaged, convert again.")
    code = codes[entry.number("opcodeIndex")]
    number = max(code.number("deprecatedBuiltinCode"), code.number("builtinCode"))
    if number == schema.BuiltinOperator.CUSTOM:
        return f"CUSTOM '{code.text('customCode', MAX_NAME)}'"
    return _KIND_NAMES.get(number, f"number {number}")


def _tensors(
    table: Table, name: str, tensors: list[Tensor], place: str, budget: Budget, optional: bool = False
) -> tuple[Tensor | None, ...]:
    """Tensors by index; -1 is an input left out, where that is allowed."""
    indices = table.vector(name, np.int32)
    budget.take("numbers", len(indices), place)
    for index in indices.tolist():
        if not -optional <= index < len(tensors):
            raise ModelError(
                f"{place}: tensor {index} is not there, the file has {len(tensors)}: it is damaged, convert again."
            )
    return tuple(None if index == -1 else tensors[index] for index in indices.tolist())
