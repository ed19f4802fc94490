"""Read a .tflite: bytes in, kws.tflite.graph.Graph out.

    graph = read_graph(Path("model.tflite").read_bytes())

Reads through TFLite's schema (TensorFlow's schema.fbs), as LiteRT's Python package carries it; its import is quick.
A file that is not one, is cut short or uses a dtype we do not know is refused with ModelError, naming the place.
"""

import math

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from kws.errors import ModelError
from kws.tflite.graph import Graph, Operator, Quantization, Tensor

FILE_IDENTIFIER = b"TFL3"  # at byte 4 of every .tflite

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
_KIND_NAMES = {value: name for name, value in vars(schema.BuiltinOperator).items() if not name.startswith("_")}


def read_graph(tflite: bytes) -> Graph:
    """The only subgraph of a .tflite.

    Raises:
        ModelError: not a .tflite, truncated, damaged, more than one subgraph, or a dtype outside _DTYPES.
    """
    model = _parse(tflite)
    subgraphs = model.subgraphs or []
    if len(subgraphs) != 1:
        raise ModelError(
            f"the .tflite holds {len(subgraphs)} subgraphs, and the compiler takes exactly one: convert a model "
            "without control flow."
        )
    subgraph = subgraphs[0]
    buffers = model.buffers or []
    tensors = [_tensor(index, entry, buffers) for index, entry in enumerate(_entries(subgraph.tensors))]
    operators = tuple(
        _operator(index, entry, _entries(model.operatorCodes), tensors)
        for index, entry in enumerate(_entries(subgraph.operators))
    )
    inputs = _tensors_at(subgraph.inputs, tensors, "the graph's inputs")
    outputs = _tensors_at(subgraph.outputs, tensors, "the graph's outputs")
    return Graph(inputs, outputs, operators)


def _parse(tflite: bytes) -> schema.ModelT:
    """The schema's objects, or ModelError whatever the parser stumbled over."""
    if len(tflite) < 8 or tflite[4:8] != FILE_IDENTIFIER:
        raise ModelError(
            f"this is not a .tflite file: bytes 4 to 7 should read {FILE_IDENTIFIER.decode()} and the "
            f"{len(tflite)} bytes given begin with {tflite[:8].hex(' ') or 'nothing'}. Run the convert stage again."
        )
    try:
        return schema.ModelT.InitFromPackedBuf(tflite, 0)
    except Exception as error:  # a damaged offset can surface as nearly any exception of struct, numpy or flatbuffers
        raise ModelError(
            f"the .tflite of {len(tflite)} bytes is truncated or damaged ({type(error).__name__}: {error}): "
            "write it again, by running the convert stage."
        ) from error


def _entries(vector: list | None) -> list:
    """The schema gives None for an empty vector."""
    return [] if vector is None else list(vector)


def _tensor(index: int, entry: schema.TensorT, buffers: list) -> Tensor:
    """One tensor, with its constant data where it has any."""
    name = (entry.name or b"").decode("utf-8", "replace") if isinstance(entry.name, bytes) else str(entry.name)
    place = f"tensor {index} '{name}'"
    if entry.type not in _DTYPES:
        raise ModelError(
            f"{place} is of type {_TYPE_NAMES.get(entry.type, entry.type)}, which the compiler does not read: "
            f"it reads {', '.join(sorted(set(_DTYPES.values())))}. Convert with 8-bit integer quantization."
        )
    if entry.sparsity is not None:
        raise ModelError(f"{place} is stored sparse, and the compiler reads dense tensors: convert without sparsity.")
    shape = tuple(int(length) for length in _entries(entry.shape))
    if any(length < 0 for length in shape):
        raise ModelError(f"{place} has shape {shape}: fix every dimension, the batch to 1, before converting.")
    dtype = _DTYPES[entry.type]
    data = _constant(place, shape, dtype, entry.buffer, buffers)
    return Tensor(index, name, shape, dtype, _quantization(place, shape, entry.quantization), data)


def _constant(place: str, shape: tuple[int, ...], dtype: str, buffer: int, buffers: list) -> np.ndarray | None:
    """Data of a constant, None for an activation; its length must be what shape and dtype call for."""
    if not 0 <= buffer < len(buffers):
        raise ModelError(f"{place} names buffer {buffer} of {len(buffers)}: the .tflite is damaged, convert again.")
    raw = buffers[buffer].data
    if raw is None or len(raw) == 0:
        return None
    wanted_bytes = -(-math.prod(shape) // 2) if dtype == "int4" else math.prod(shape) * np.dtype(dtype).itemsize
    if len(raw) != wanted_bytes:
        raise ModelError(
            f"{place} holds {len(raw)} bytes where shape {shape} of {dtype} takes {wanted_bytes}: the .tflite is "
            "damaged, convert again."
        )
    if dtype == "int4":
        data = _unpacked(np.frombuffer(bytes(raw), np.int8), math.prod(shape)).reshape(shape)
    else:
        data = np.frombuffer(bytes(raw), np.dtype(dtype).newbyteorder("<")).astype(dtype).reshape(shape)
    data.flags.writeable = False
    return data


def _unpacked(pairs: np.ndarray, count: int) -> np.ndarray:
    """(count,) int8 from bytes with two int4 each, the first in the lower half."""
    return np.stack([np.left_shift(pairs, 4) >> 4, pairs >> 4], axis=1).reshape(-1)[:count]


def _quantization(
    place: str, shape: tuple[int, ...], entry: schema.QuantizationParametersT | None
) -> Quantization | None:
    """Scales and zero points, checked for what the arithmetic relies on."""
    if entry is None or entry.scale is None or len(entry.scale) == 0:
        return None
    scales = tuple(float(np.float32(scale)) for scale in entry.scale)
    zero_points = tuple(int(point) for point in _entries(entry.zeroPoint)) or (0,) * len(scales)
    axis = int(entry.quantizedDimension)
    if not all(math.isfinite(scale) and scale > 0 for scale in scales):
        raise ModelError(f"{place} has a scale that is not a positive number: {scales[:4]}. Quantize the model again.")
    per_axis = len(scales) == 1 or (0 <= axis < len(shape) and len(scales) == shape[axis])
    if len(zero_points) != len(scales) or not per_axis:
        raise ModelError(
            f"{place} of shape {shape} has {len(scales)} scales and {len(zero_points)} zero points along axis {axis}: "
            "the .tflite is damaged, convert again."
        )
    return Quantization(scales, zero_points, axis)


def _operator(index: int, entry: schema.OperatorT, codes: list, tensors: list[Tensor]) -> Operator:
    """One operator; its kind is the larger of the two code fields (schema.fbs, on OperatorCode)."""
    if not 0 <= entry.opcodeIndex < len(codes):
        raise ModelError(f"operator {index} has a code that the file does not list: it is damaged, convert again.")
    code = codes[entry.opcodeIndex]
    number = max(code.deprecatedBuiltinCode, code.builtinCode)
    kind = _KIND_NAMES.get(number, f"number {number}")
    place = f"operator {index} {kind}"
    inputs = tuple(None if number == -1 else number for number in _entries(entry.inputs))
    chosen = tuple(None if at is None else _tensors_at([at], tensors, place)[0] for at in inputs)
    return Operator(index, kind, chosen, _tensors_at(entry.outputs, tensors, place), _options(entry.builtinOptions))


def _tensors_at(indices: list[int] | None, tensors: list[Tensor], place: str) -> tuple[Tensor, ...]:
    """Tensors by index."""
    chosen = [int(index) for index in _entries(indices)]
    for index in chosen:
        if not 0 <= index < len(tensors):
            raise ModelError(
                f"{place}: tensor {index} is not there, the file has {len(tensors)}: it is damaged, convert again."
            )
    return tuple(tensors[index] for index in chosen)


def _options(table: object) -> dict[str, int | float]:
    """Numbers and booleans by the schema's own names; the others no operator here needs."""
    if table is None:
        return {}
    numbers = {name: value for name, value in vars(table).items() if isinstance(value, bool | int | float)}
    return {name: value if isinstance(value, float) else int(value) for name, value in numbers.items()}
