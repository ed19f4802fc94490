"""Networks compiled many at a time and run on the host and on the emulated board, byte for byte against TFLite.

    host_outputs, board_outputs: for each network (inputs, outputs) int8 of the generated C; reference: of TFLite.

On the board the image is the firmware's, booted in the emulated board; then the models' own functions are called with
inputs of any size, which the bench of the firmware has no room for.
"""

import struct
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from unicorn.arm_const import UC_ARM_REG_LR, UC_ARM_REG_R0, UC_ARM_REG_R1, UC_ARM_REG_SP

from kws.board.build import build_image
from kws.board.elf import flash_image
from kws.board.machine import EmulatedBoard
from kws.board.memory import FLASH_START
from kws.codegen import generate
from kws.codegen.lowering import lower
from kws.files import sha256
from kws.params import FrontEnd
from kws.tflite.interpreter import reference_logits
from kws.tflite.reader import read_graph
from tests.support_c import compile_models
from tests.support_emulator import ScriptedLink
from tests.support_networks import Network

INPUTS = 8  # a network
_INPUT, _OUTPUT, _STACK = 0x20030000, 0x20034000, 0x20040000  # above what an image takes, under its stack
_RETURN = 0x000FFFF0  # erased flash
_GUARD = b"\x55" * 16


def reference(network: Network) -> np.ndarray:
    """(INPUTS, values) int8 of TFLite's reference kernels; float ends are given and give the reals of int8."""
    if not network.float_ends:
        return reference_logits(network.tflite, network.inputs(INPUTS))
    lowered = lower(read_graph(network.tflite))
    source, target = lowered.input, lowered.output
    real = np.float32(source.scale) * (network.inputs(INPUTS).astype(np.float32) - np.float32(source.zero_point))
    steps = real_outputs(network.tflite, real) / np.float32(target.scale)
    return (np.rint(steps) + target.zero_point).astype(np.int8)


def real_outputs(tflite: bytes, inputs: np.ndarray) -> np.ndarray:
    """(B, values) float32 of a .tflite with float ends, by TFLite's reference kernels; inputs (B, ...) float32."""
    interpreter = Interpreter(model_content=tflite, experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    interpreter.allocate_tensors()
    (source,), (target,) = interpreter.get_input_details(), interpreter.get_output_details()
    outputs = []
    for row in inputs:
        interpreter.set_tensor(source["index"], row.reshape(source["shape"]))
        interpreter.invoke()
        outputs.append(interpreter.get_tensor(target["index"]).reshape(-1).copy())
    return np.stack(outputs)


def host_outputs(networks: Sequence[Network]) -> list[np.ndarray]:
    """Of one library with all of them, undefined behaviour trapped."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        generate(_named(networks), folder / "generated")
        host = compile_models(folder / "generated", folder / "models.so")
        return [host.logits(f"n{i}", network.inputs(INPUTS)) for i, network in enumerate(networks)]


def board_outputs(networks: Sequence[Network], front_end: FrontEnd) -> list[np.ndarray]:
    """Of one image with all of them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        generate(_named(networks), folder / "generated")
        elf = build_image(folder / "generated", front_end, folder / "build", 115200).elf.read_bytes()
    content = b"\xff" * FLASH_START + flash_image(elf)
    board = EmulatedBoard(content, ScriptedLink())
    board.run()
    named = zip(_named(networks), networks, strict=True)
    return [_Called(board, content, *entry).outputs(network.inputs(INPUTS)) for entry, network in named]


def differing(want: Sequence[np.ndarray], got: Sequence[np.ndarray]) -> list[int]:
    """Bytes of each network that are not the same."""
    return [int((a != b).sum()) if a.shape == b.shape else max(a.size, b.size) for a, b in zip(want, got, strict=True)]


def _named(networks: Sequence[Network]) -> list[tuple[str, bytes]]:
    return [(f"n{number}", network.tflite) for number, network in enumerate(networks)]


class _Called:
    """A model of a booted image, called by the addresses in its kws_model_t."""

    def __init__(self, board: EmulatedBoard, content: bytes, name: str, tflite: bytes) -> None:
        self._core = board.core
        texts = name.encode() + b"\0", sha256(tflite).encode() + b"\0"  # what kws_model_t begins with

        def is_model(at: int) -> bool:
            places = struct.unpack_from("<II", content, at)
            return all(content[place : place + len(text)] == text for place, text in zip(places, texts, strict=True))

        entry = next(at for at in range(FLASH_START, len(content), 4) if is_model(at))
        fields = struct.unpack_from("<HHII", content, entry + 8)
        self._input_bytes, self._classes, self._prepare, self._invoke = fields

    def outputs(self, inputs: np.ndarray) -> np.ndarray:
        """(inputs, ...) int8 to (inputs, values) int8; nothing beside the output is written there."""
        assert inputs[0].size == self._input_bytes and inputs[0].size <= _OUTPUT - _INPUT
        self._call(self._prepare)
        return np.stack([self._output(row) for row in inputs])

    def _output(self, row: np.ndarray) -> np.ndarray:
        self._core.mem_write(_INPUT, row.tobytes())
        self._core.mem_write(_OUTPUT, _GUARD + b"\x55" * self._classes + _GUARD)
        self._call(self._invoke, _INPUT, _OUTPUT + len(_GUARD))
        read = bytes(self._core.mem_read(_OUTPUT, self._classes + 2 * len(_GUARD)))
        assert read.startswith(_GUARD) and read.endswith(_GUARD)
        assert bytes(self._core.mem_read(_INPUT, row.size)) == row.tobytes()
        return np.frombuffer(read[len(_GUARD) : -len(_GUARD)], np.int8)

    def _call(self, address: int, *arguments: int) -> None:
        for register, value in zip((UC_ARM_REG_R0, UC_ARM_REG_R1), arguments, strict=False):
            self._core.reg_write(register, value)
        self._core.reg_write(UC_ARM_REG_SP, _STACK)
        self._core.reg_write(UC_ARM_REG_LR, _RETURN | 1)
        self._core.emu_start(address | 1, _RETURN)
