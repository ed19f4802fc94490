"""What a .tflite says of one tensor, checked: a table of the file in, kws.tflite.graph.Tensor out.

A constant is a view of the file's bytes. What a file claims of shapes, bytes, scales and zero points is bounded before
anything is made of it, so that a few bytes cannot stand for gigabytes.
"""

import math

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from kws.errors import ModelError
from kws.tflite.flatbuffer import Table
from kws.tflite.graph import Quantization, Tensor

# What no microcontroller holds, and what keeps a hostile file from taking the computer's memory.
MAX_TENSOR_BYTES = 1 << 24
MAX_CONSTANT_BYTES = 1 << 23  # of all tensors: several may claim the same bytes of the file
MAX_NUMBERS = 1 << 20  # in all lists of tensors and of scales, each counted as often as it is named
MAX_RANK = 8
MAX_NAME = 200  # characters

_DTYPES = {
    schema.TensorType.INT4: "int4",
    schema.TensorType.INT8: "int8",
    schema.TensorType.INT16: "int16",
    schema.TensorType.INT32: "int32",
    schema.TensorType.INT64: "int64",
    schema.TensorType.UINT8: "uint8",
    schema.TensorType.FLOAT32: "float32",
    schema.TensorType.BOOL: "bool",
}
_TYPE_NAMES = {value: name for name, value in vars(schema.TensorType).items() if not name.startswith("_")}


class Budget:
    """What a file may still claim, so that many claims on few bytes come to an end."""

    def __init__(self) -> None:
        self._left = {"numbers": MAX_NUMBERS, "bytes of constants": MAX_CONSTANT_BYTES}

    def take(self, what: str, count: int, place: str) -> None:
        self._left[what] -= count
        if self._left[what] < 0:
            raise ModelError(
                f"{place}: with its {count} {what} the .tflite has more than the compiler takes: give a smaller model."
            )


def read_tensor(index: int, entry: Table, buffers: list[Table], budget: Budget) -> Tensor:
    """One tensor, with its constant data where it has any."""
    name = entry.text("name", MAX_NAME)
    place = f"tensor {index} '{name}'"
    kind = entry.number("type")
    if kind not in _DTYPES:
        raise ModelError(
            f"{place} is of type {_TYPE_NAMES.get(kind, kind)}, which the compiler does not read: "
            f"it reads {', '.join(sorted(set(_DTYPES.values())))}. Convert with 8-bit integer quantization."
        )
    if entry.holds("sparsity"):
        raise ModelError(f"{place} is stored sparse, and the compiler reads dense tensors: convert without sparsity.")
    dtype = _DTYPES[kind]
    shape = _shape(place, entry, dtype)
    data = _constant(place, shape, dtype, entry, buffers)
    budget.take("bytes of constants", 0 if data is None else data.nbytes, place)
    quantization = _quantization(place, shape, dtype, entry.table("quantization", "QuantizationParameters"), budget)
    return Tensor(index, name, shape, dtype, quantization, data)


def _shape(place: str, entry: Table, dtype: str) -> tuple[int, ...]:
    """A shape of no negative and not too many values."""
    lengths = entry.vector("shape", np.int32)
    if len(lengths) > MAX_RANK:
        raise ModelError(f"{place} has {len(lengths)} dimensions, and the compiler takes {MAX_RANK}: give fewer.")
    shape = tuple(lengths.tolist())
    if any(length < 0 for length in shape):
        raise ModelError(f"{place} has shape {shape}: fix every dimension, the batch to 1, before converting.")
    if stored_bytes(shape, dtype) > MAX_TENSOR_BYTES:
        raise ModelError(
            f"{place} of shape {shape} takes {stored_bytes(shape, dtype)} bytes, more than the {MAX_TENSOR_BYTES} that "
            "the compiler takes: use a smaller model."
        )
    return shape


def _constant(place: str, shape: tuple[int, ...], dtype: str, entry: Table, buffers: list[Table]) -> np.ndarray | None:
    """Data of a constant, None for an activation; its length must be what shape and dtype call for."""
    number = entry.number("buffer")
    if number >= len(buffers):
        raise ModelError(f"{place} names buffer {number} of {len(buffers)}: the .tflite is damaged, convert again.")
    if entry.number("externalBuffer") or buffers[number].number("size") or buffers[number].number("offset"):
        raise ModelError(
            f"{place} claims data outside the model's tables, as models of more than 2 GB do: convert a smaller model."
        )
    raw = buffers[number].vector("data", np.uint8)
    if number == 0 or (not len(raw) and math.prod(shape)):  # by convention buffer 0 is that of all activations
        return None
    if len(raw) != stored_bytes(shape, dtype):
        raise ModelError(
            f"{place} holds {len(raw)} bytes where shape {shape} of {dtype} takes {stored_bytes(shape, dtype)}: the "
            ".tflite is damaged, convert again."
        )
    if dtype == "int4":
        data = _unpacked(raw.view(np.int8), math.prod(shape)).reshape(shape)
    else:
        data = raw.view(np.dtype(dtype).newbyteorder("<")).astype(dtype, copy=False).reshape(shape)
    data.flags.writeable = False
    return data


def stored_bytes(shape: tuple[int, ...], dtype: str) -> int:
    """Bytes that a tensor takes in a .tflite, where two int4 share one."""
    count = math.prod(shape)
    return -(-count // 2) if dtype == "int4" else count * np.dtype(dtype).itemsize


def _unpacked(pairs: np.ndarray, count: int) -> np.ndarray:
    """(count,) int8 from bytes with two int4 each, the first in the lower half."""
    return np.stack([np.left_shift(pairs, 4) >> 4, pairs >> 4], axis=1).reshape(-1)[:count]


def _quantization(
    place: str, shape: tuple[int, ...], dtype: str, entry: Table | None, budget: Budget
) -> Quantization | None:
    """Scales and zero points, checked for what the arithmetic relies on."""
    if entry is None or not len(entry.vector("scale", np.float32)):
        return None
    if entry.number("detailsType"):
        raise ModelError(f"{place} is quantized in blocks or by a custom scheme: use one scale a tensor or channel.")
    scales, zero_points = entry.vector("scale", np.float32), entry.vector("zeroPoint", np.int64)
    axis = entry.number("quantizedDimension")
    per_axis = len(scales) == 1 or (0 <= axis < len(shape) and len(scales) == shape[axis])
    if len(zero_points) not in (0, len(scales)) or not per_axis:
        raise ModelError(
            f"{place} of shape {shape} has {len(scales)} scales and {len(zero_points)} zero points along axis {axis}: "
            "the .tflite is damaged, convert again."
        )
    budget.take("numbers", 2 * len(scales), place)
    if not (np.isfinite(scales) & (scales > 0)).all():
        raise ModelError(
            f"{place} has a scale that is not a positive number: {tuple(scales[:4].tolist())}. Quantize the model "
            "again."
        )
    points = tuple(zero_points.tolist()) or (0,) * len(scales)
    _check_zero_points(place, dtype, points)
    return Quantization(tuple(scales.tolist()), points, axis)


def _check_zero_points(place: str, dtype: str, points: tuple[int, ...]) -> None:
    """A zero point is a value of the tensor."""
    if dtype in ("float32", "bool"):
        return
    least, most = (-8, 7) if dtype == "int4" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    outside = [point for point in points if not least <= point <= most]
    if outside:
        raise ModelError(f"{place} is {dtype}, and its zero point {outside[0]} is none: quantize the model again.")
