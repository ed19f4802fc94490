"""A FlatBuffer read with every offset checked: what lies outside the file, or lies about its length, is a ModelError.

    model = root(tflite, "Model")
    buffers = [buffer.vector("data", np.uint8) for buffer in model.tables("buffers", "Buffer")]

The flatbuffers package follows whatever offset it finds and has no verifier. Here a table is read where its vtable, its
fields, its vectors and its strings lie inside the file; nothing is copied, nothing recurses, and a file whose offsets
make a few bytes stand for millions of tables is refused (FlatBuffers' own verifier counts tables for the same reason).
Fields are called as in TFLite's schema: LiteRT's generated module knows the slot, the type and the default of each.

Format: FlatBuffers internals, https://flatbuffers.dev/internals.
"""

import functools
import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from kws.errors import ModelError

MAX_TABLES = 1 << 14  # visited in one file; a MobileNet has some hundreds
_OFFSET = struct.Struct("<I")
_SIGNED_OFFSET = struct.Struct("<i")
_VTABLE_ENTRY = struct.Struct("<H")
_NUMBERS = {
    "Bool": "?",
    "Int8": "<b",
    "Uint8": "<B",
    "Int16": "<h",
    "Int32": "<i",
    "Uint32": "<I",
    "Int64": "<q",
    "Uint64": "<Q",
    "Float32": "<f",
}
NUMBERS = {name: struct.Struct(code) for name, code in _NUMBERS.items()}


class Field(NamedTuple):
    """Where a field stands in a table's vtable, and what it is."""

    slot: int
    number: struct.Struct | None  # None: an offset to a table, a vector or a string
    default: int | float | bool


@functools.cache
def fields(kind: str) -> dict[str, Field]:
    """The fields of a table by name, as the generated module writes them: its <kind>Add<Field> functions tell."""
    found, prefix = {}, f"{kind}Add"
    for function in (name for name in vars(schema) if name.startswith(prefix)):
        recorder = _Recorder()
        getattr(schema, function)(recorder, 0)
        name = function.removeprefix(prefix)
        found[name[0].lower() + name[1:]] = recorder.field
    return found


class _Recorder:
    """Stands where the generated functions want a builder, and notes the one call that each makes."""

    field: Field

    def __getattr__(self, method: str):
        number = NUMBERS.get(method.removeprefix("Prepend").removesuffix("Slot"))

        def note(slot: int, _value: object, default: int | float) -> None:
            self.field = Field(slot, number, default)

        return note


def root(data: bytes, kind: str) -> "Table":
    """The table that a file begins with.

    Raises:
        ModelError: it, or later any field asked for, does not lie inside the file.
    """
    file = _File(data)
    return Table(file, file.number(_OFFSET, 0, lambda: f"the place of the {kind}"), kind)


class _File:
    """The bytes, and how many tables have been visited; what a place is called is asked for where it is told."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.tables = 0

    def number(self, number: struct.Struct, at: int, called: Callable[[], str]) -> int | float | bool:
        self.inside(at, number.size, called)
        return number.unpack_from(self.data, at)[0]

    def inside(self, at: int, size_bytes: int, called: Callable[[], str]) -> None:
        if at < 0 or at + size_bytes > len(self.data):
            raise self.damaged(f"{called()} would lie in bytes {at} to {at + size_bytes - 1}")

    def visit(self) -> None:
        self.tables += 1
        if self.tables > MAX_TABLES:
            raise ModelError(
                f"the .tflite holds more than {MAX_TABLES} tables, or offsets that lead to a few again and again, "
                "as no model for a microcontroller does: convert it again."
            )

    def damaged(self, finding: str) -> ModelError:
        return ModelError(
            f"the .tflite is truncated or damaged: {finding}, and the file has {len(self.data)}. Get it again from "
            "where it came, or convert the model again."
        )


class Table:
    """One table of a file; `kind` is its name in the schema."""

    def __init__(self, file: _File, at: int, kind: str) -> None:
        self._file, self._at, self.kind = file, at, kind
        file.visit()
        self._vtable = at - file.number(_SIGNED_OFFSET, at, self._called)
        self._vtable_bytes = file.number(_VTABLE_ENTRY, self._vtable, self._called)
        file.inside(self._vtable, self._vtable_bytes, self._called)
        self._size_bytes = file.number(_VTABLE_ENTRY, self._vtable + 2, self._called)
        file.inside(at, self._size_bytes, self._called)
        if self._vtable_bytes < 4 or self._size_bytes < 4:  # a vtable holds both lengths, a table its vtable's place
            raise file.damaged(f"{self._called()} has {self._size_bytes} bytes and a vtable of {self._vtable_bytes}")

    def number(self, name: str) -> int | float | bool:
        """A number, the schema's default where the file leaves it out."""
        field = fields(self.kind)[name]
        at = self._place(name, field.number.size)
        return field.default if at is None else self._file.number(field.number, at, lambda: self._called(name))

    def numbers(self) -> dict[str, int | float | bool]:
        """All fields that are single numbers, by name."""
        return {name: self.number(name) for name, field in fields(self.kind).items() if field.number is not None}

    def holds(self, name: str) -> bool:
        """Whether the file has a table, vector or string there."""
        return self._place(name, _OFFSET.size) is not None

    def table(self, name: str, kind: str) -> "Table | None":
        """A table, None where the file leaves it out."""
        at = self._target(name)
        return None if at is None else Table(self._file, at, kind)

    def tables(self, name: str, kind: str) -> "Iterator[Table]":
        """The tables of a vector, in order; none where the file leaves it out."""
        begin, count = self._vector(name, _OFFSET.size)
        for at in range(begin, begin + count * _OFFSET.size, _OFFSET.size):
            yield Table(self._file, at + self._file.number(_OFFSET, at, lambda: self._called(name)), kind)

    def vector(self, name: str, dtype: type[np.generic]) -> np.ndarray:
        """A vector of numbers (length,), a read-only view of the file; empty where the file leaves it out."""
        little_endian = np.dtype(dtype).newbyteorder("<")
        begin, count = self._vector(name, little_endian.itemsize)
        return np.frombuffer(self._file.data, little_endian, count, begin)

    def text(self, name: str, most: int) -> str:
        """A string, its first `most` characters, what does not print replaced by `?`; empty where there is none."""
        begin, count = self._vector(name, 1)
        decoded = self._file.data[begin : begin + min(count, 4 * most)].decode("utf-8", "replace")[:most]
        return "".join(character if character.isprintable() else "?" for character in decoded)

    def _vector(self, name: str, item_bytes: int) -> tuple[int, int]:
        """Where a vector's first item lies, and how many there are."""
        at = self._target(name)
        if at is None:
            return 0, 0
        count = self._file.number(_OFFSET, at, lambda: self._called(name))
        self._file.inside(at + _OFFSET.size, count * item_bytes, lambda: f"{self._called(name)}, of {count} items,")
        return at + _OFFSET.size, count

    def _target(self, name: str) -> int | None:
        """Where an offset leads."""
        at = self._place(name, _OFFSET.size)
        return None if at is None else at + self._file.number(_OFFSET, at, lambda: self._called(name))

    def _place(self, name: str, size_bytes: int) -> int | None:
        """Where a field lies, None where the file leaves it out."""
        entry = 4 + _VTABLE_ENTRY.size * fields(self.kind)[name].slot
        if entry + _VTABLE_ENTRY.size > self._vtable_bytes:
            return None
        offset = self._file.number(_VTABLE_ENTRY, self._vtable + entry, lambda: self._called(name))
        if offset and offset + size_bytes > self._size_bytes:
            raise self._file.damaged(f"{self._called(name)} would begin {offset} bytes into {self._size_bytes}")
        return self._at + offset if offset else None

    def _called(self, name: str = "") -> str:
        """How a message calls the table or a field of it."""
        return f"{f'{name!r} of ' if name else ''}the {self.kind} at byte {self._at}"
