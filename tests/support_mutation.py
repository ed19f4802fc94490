"""Damaged models for fuzzing: bytes of a good .tflite, or its schema's objects, changed at random; what comes of it.

    rng = np.random.default_rng(seed)
    accepted = compiled(mutated(rng, list(seeds().values())), folder)

Mutations of bytes find what the reader does not check; those of objects leave the file whole and reach the compiler.
"""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from kws.codegen import generate
from kws.errors import ModelError
from tests.support_tflite import AveragePool, Conv, Dense, Depthwise, Mean, Reshape, build, serialize

NAME = "fuzzed"
LONGEST_MESSAGE = 2000  # characters: a paragraph
_WORDS = (
    0,
    1,
    2,
    3,
    4,
    7,
    8,
    127,
    128,
    255,
    256,
    2**15,
    2**16 - 1,
    2**16,
    2**24,
    2**31 - 1,
    2**31,
    2**32 - 4,
    2**32 - 1,
)
_INTEGERS = (-(2**31), -65536, -129, -128, -2, -1, 0, 1, 2, 3, 4, 5, 7, 16, 127, 128, 255, 65535, 65536, 2**31 - 1)
_REALS = (0.0, -1.0, 1e-45, 1e-30, 1e-6, 0.003, 0.1, 1.0, 6.0, 1e6, 1e30, 3.4e38, math.inf, -math.inf, math.nan)


def seeds() -> dict[str, bytes]:
    """Small good models that together have every operator, padding, width and storage form."""
    nets = {
        "convolutions": ((9, 7, 1), [Conv(3, (3, 2), (2, 2)), Reshape((60,)), Dense(4)]),
        "pools": ((9, 8, 2), [Conv(4, (3, 2)), AveragePool((2, 2)), Depthwise((2, 2)), Mean(), Dense(3)]),
        "narrow": (
            (6, 6, 2),
            [Depthwise((3, 3), 2, bits=4, padding=1), Conv(3, (1, 1), bits=3, padding=1), Mean(True)],
        ),
        "sparse": ((5, 4, 2), [Conv(6, (2, 2), zeros=0.9, activation=3), Reshape((120,)), Dense(5, zeros=0.9)]),
        "dense": ((4, 3, 1), [Reshape((12,)), Dense(6, activation=1, bias=False), Dense(3, per_channel=True)]),
    }
    return {name: build(shape, layers, 3) for name, (shape, layers) in nets.items()}


def compiled(tflite: bytes, folder: Path) -> bool:
    """Whether the compiler takes the file, and its C then lies in the folder; a refusal must be one good paragraph."""
    try:
        generate([(NAME, tflite)], folder)
    except ModelError as error:
        message = str(error)
        assert message.isprintable() and 20 < len(message) < LONGEST_MESSAGE and message.endswith("."), message
        return False
    return True


def mutated(rng: np.random.Generator, sources: Sequence[bytes]) -> bytes:
    """One of the sources, damaged in one to four ways."""
    tflite = sources[rng.integers(len(sources))]
    if rng.random() < 0.5:
        tflite = with_other_fields(rng, tflite)
        if rng.random() < 0.7:
            return tflite
    data = bytearray(tflite)
    for _ in range(rng.integers(1, 5)):
        _BYTE_MUTATIONS[rng.integers(len(_BYTE_MUTATIONS))](rng, data)
    return bytes(data)


def with_other_fields(rng: np.random.Generator, tflite: bytes) -> bytes:
    """The model with one to three fields of its schema's objects changed; what cannot be written again stays."""
    model = schema.ModelT.InitFromPackedBuf(tflite, 0)
    for _ in range(rng.integers(1, 4)):
        _mutate_object(rng, model)
    try:
        return serialize(model)
    except Exception:  # the builder refuses a value that its field cannot hold, in many ways
        return tflite


def _mutate_object(rng: np.random.Generator, model: schema.ModelT) -> None:
    """A field of a tensor, a quantization, an operator or its options; or an operator moved, doubled or left out."""
    graph = model.subgraphs[0]
    if not (graph.operators and graph.tensors and model.operatorCodes):
        return
    operator = graph.operators[rng.integers(len(graph.operators))]
    tensor = graph.tensors[rng.integers(len(graph.tensors))]
    choice = rng.integers(6)
    if choice == 0 and tensor.quantization is not None:
        _mutate_field(rng, tensor.quantization)
    elif choice == 1 and operator.builtinOptions is not None:
        _mutate_field(rng, operator.builtinOptions)
    elif choice == 2:
        _mutate_field(rng, operator)
    elif choice == 3:
        _mutate_field(rng, [graph, model.operatorCodes[rng.integers(len(model.operatorCodes))]][rng.integers(2)])
    elif choice == 4 and len(graph.operators) > 1:
        at, other = rng.integers(len(graph.operators), size=2)
        graph.operators[at] = graph.operators[other]
    else:
        _mutate_field(rng, tensor)


def _mutate_field(rng: np.random.Generator, owner: object) -> None:
    """A number becomes another, a list of numbers loses, gains or changes an entry, all else is left out."""
    name = sorted(vars(owner))[rng.integers(len(vars(owner)))]
    value = getattr(owner, name)
    if isinstance(value, bool | int):
        setattr(owner, name, _integer(rng))
    elif isinstance(value, float):
        setattr(owner, name, _REALS[rng.integers(len(_REALS))])
    elif isinstance(value, list | np.ndarray) and len(value) and isinstance(value[0], int | float | np.number):
        setattr(owner, name, _other_list(rng, value))
    elif name != "tensors":
        setattr(owner, name, None)


def _other_list(rng: np.random.Generator, value: Sequence) -> list | np.ndarray:
    changed, at = list(value), rng.integers(len(value))
    real = isinstance(changed[0], float | np.floating)
    entry = _REALS[rng.integers(len(_REALS))] if real else _integer(rng)
    choice = rng.integers(4)
    if choice == 0:
        del changed[at]
    elif choice == 1:
        changed.insert(at, entry)
    else:
        changed[at] = entry
    return np.array(changed, value.dtype) if isinstance(value, np.ndarray) else changed


def _integer(rng: np.random.Generator) -> int:
    return int(rng.integers(0, 12)) if rng.random() < 0.5 else _INTEGERS[rng.integers(len(_INTEGERS))]


def _flip(rng: np.random.Generator, data: bytearray) -> None:
    if data:
        data[rng.integers(len(data))] ^= 1 << int(rng.integers(8))


def _set_word(rng: np.random.Generator, data: bytearray) -> None:
    if len(data) >= 4:
        at = 4 * int(rng.integers(len(data) // 4))
        data[at : at + 4] = _WORDS[rng.integers(len(_WORDS))].to_bytes(4, "little")


def _swap_words(rng: np.random.Generator, data: bytearray) -> None:
    if len(data) >= 4:
        one, other = (4 * int(place) for place in rng.integers(len(data) // 4, size=2))
        data[one : one + 4], data[other : other + 4] = data[other : other + 4], data[one : one + 4]


def _shift_word(rng: np.random.Generator, data: bytearray) -> None:
    if len(data) >= 4:
        at = 4 * int(rng.integers(len(data) // 4))
        moved = int.from_bytes(data[at : at + 4], "little") + int(rng.integers(-16, 17))
        data[at : at + 4] = (moved % 2**32).to_bytes(4, "little")


def _shorten(rng: np.random.Generator, data: bytearray) -> None:
    if len(data) > 8:
        del data[int(rng.integers(8, len(data))) :]


def _cut(rng: np.random.Generator, data: bytearray) -> None:
    begin = int(rng.integers(len(data) + 1))
    del data[begin : begin + int(rng.integers(1, 64))]


def _duplicate(rng: np.random.Generator, data: bytearray) -> None:
    begin, target = (int(place) for place in rng.integers(len(data) + 1, size=2))
    data[target:target] = data[begin : begin + int(rng.integers(1, 64))]


_BYTE_MUTATIONS = (
    _flip,
    _flip,
    _set_word,
    _set_word,
    _swap_words,
    _shift_word,
    _shift_word,
    _shorten,
    _cut,
    _duplicate,
)
