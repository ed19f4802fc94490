"""Hostile .tflite files, one of each kind, with what the compiler must say of it: `HOSTILE[name]` is (bytes, pattern).

A good model is damaged in its bytes, at places that flatbuffers' own accessors find, or in its schema's objects.
"""

import struct

import flatbuffers
from ai_edge_litert import schema_py_generated as schema
from flatbuffers.table import Table

from tests.support_claims import edits
from tests.support_tflite import Conv, Dense, Reshape, build, edited

GOOD = build((9, 7, 1), [Conv(3, (3, 2), (2, 2)), Reshape((60,)), Dense(4)], 1)
DAMAGED = "truncated or damaged: .*, and the file has [0-9]+"
_MODEL, _GRAPH = schema.Model.GetRootAs(GOOD), schema.Model.GetRootAs(GOOD).Subgraphs(0)
_SHAPE, _TYPE, _NAME, _QUANTIZATION = 4, 6, 10, 12  # vtable entries of a Tensor, schema.fbs
_TENSORS, _OPERATORS, _SUBGRAPHS, _BUFFERS = 4, 10, 8, 12  # of a SubGraph, of a Model


def _with(changes: dict[int, bytes], tflite: bytes = GOOD) -> bytes:
    """Bytes put at places."""
    data = bytearray(tflite)
    for at, new in changes.items():
        data[at : at + len(new)] = new
    return bytes(data)


def _word(value: int) -> bytes:
    return struct.pack("<I", value % 2**32)


def _half(value: int) -> bytes:
    return struct.pack("<H", value)


def _vtable(table: Table) -> int:
    return table.Pos - struct.unpack_from("<i", GOOD, table.Pos)[0]


def _offset_at(table: Table, entry: int) -> int:
    """Where the offset to a vector or a table stands."""
    return table.Pos + table.Offset(entry)


def _length_at(table: Table, entry: int) -> int:
    """Where the length of a vector or string stands."""
    return table.Vector(table.Offset(entry)) - 4


def _damaged_bytes() -> dict[str, tuple[bytes, str]]:
    """Offsets, vtables and lengths that lie."""
    model, graph, tensor = _MODEL._tab, _GRAPH._tab, _GRAPH.Tensors(1)._tab
    quantization, buffer = _GRAPH.Tensors(1).Quantization()._tab, _MODEL.Buffers(1)._tab
    operator, options = _GRAPH.Operators(0)._tab, _GRAPH.Operators(0).BuiltinOptions()
    vectors = {
        "shape": (tensor, _SHAPE),
        "name": (tensor, _NAME),
        "scale": (quantization, 8),
        "zeros": (quantization, 10),
    }
    vectors |= {"data": (buffer, 4), "inputs": (operator, 6), "outputs": (operator, 8), "tensors": (graph, _TENSORS)}
    vectors |= {"operators": (graph, _OPERATORS), "subgraphs": (model, _SUBGRAPHS), "buffers": (model, _BUFFERS)}
    found = {"no bytes": b"", "identifier alone": b"\0\0\0\0TFL3", "a zip": b"PK\x03\x04" * 20, "size alone": GOOD[:7]}
    found = {name: (data, "not a .tflite|" + DAMAGED) for name, data in found.items()}
    cut = {f"cut at {share} %": GOOD[: len(GOOD) * share // 100] for share in range(1, 100, 3)}
    found |= {name: (data, "not a .tflite|" + DAMAGED) for name, data in cut.items()}
    for name, (table, entry) in vectors.items():
        length, offset = _length_at(table, entry), _offset_at(table, entry)
        for lie in (2**32 - 1, 2**31, 2**30, len(GOOD)):
            found[f"{name} of length {lie}"] = (_with({length: _word(lie)}), DAMAGED)
            found[f"{name} at offset {lie}"] = (_with({offset: _word(lie)}), DAMAGED)
    tables = {"model": model, "graph": graph, "tensor": tensor, "operator": operator, "options": options}
    for name, table in tables.items():
        vtable = _vtable(table)
        for lie in (-(2**31), -(2**20), 2**20, 2**31 - 1):
            found[f"vtable of {name} at {lie}"] = (_with({table.Pos: _word(lie)}), DAMAGED)
        found[f"vtable of {name} of 65535 bytes"] = (_with({vtable: _half(65535)}), DAMAGED)
        found[f"{name} of 65535 bytes"] = (_with({vtable + 2: _half(65535)}), DAMAGED)
        found[f"first field of {name} beyond it"] = (_with({vtable + 4: _half(65000)}), DAMAGED)
    for lie in (len(GOOD), 2**31, 2**32 - 1):
        found[f"root at {lie}"] = (_with({0: _word(lie)}), DAMAGED)
    found["root in itself"] = (_with({0: _word(0)}), DAMAGED)
    return found


def _bomb(place: str, count: int = 1_000_000) -> bytes:
    """A model with a vector of so many offsets that all lead to one empty table: 4 bytes of the file for each."""
    builder = flatbuffers.Builder(4 * count + 1024)
    builder.StartObject(1)
    empty = builder.EndObject()
    entries = _offsets(builder, [empty] * count)
    if place in ("tensors", "operators"):  # of a graph
        schema.SubGraphStart(builder)
        getattr(schema, f"SubGraphAdd{place.title()}")(builder, entries)
        place, entries = "subgraphs", _offsets(builder, [schema.SubGraphEnd(builder)])
    schema.ModelStart(builder)
    schema.ModelAddVersion(builder, 3)
    getattr(schema, f"ModelAdd{place.title()}")(builder, entries)
    builder.Finish(schema.ModelEnd(builder), b"TFL3")
    return bytes(builder.Output())


def _offsets(builder: flatbuffers.Builder, tables: list[int]) -> int:
    builder.StartVector(4, len(tables), 4)
    for table in reversed(tables):
        builder.PrependUOffsetTRelative(table)
    return builder.EndVector()


def _all() -> dict[str, tuple[bytes, str]]:
    found = _damaged_bytes()
    known = "more than 16384 tables|tensor 0 '' names buffer 0 of 0|operator 0 has a code"
    found |= {f"a million {place}": (_bomb(place), known) for place in ("subgraphs", "tensors", "operators")}
    millions = "operator 0 FULLY_CONNECTED: output channels is 4194304, outside 0..65535"
    found["millions of outputs"] = (build((1, 1, 1), [Dense(1 << 22, bias=False)]), millions)
    found |= {name: (edited(GOOD, edit), pattern) for name, (edit, pattern) in edits().items()}
    return found


HOSTILE = _all()
