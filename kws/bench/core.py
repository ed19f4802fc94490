"""A model of an image on a bare core: no board, no serial line, its prepare() and invoke() called and counted.

Goes in: an image's ELF file, the hash of the .tflite in it, a cycle model. Comes out: logits, cycles of either call,
and of each call that invoke() makes. So a model is timed whose input is not what the firmware's front end gives. The
core, its counter and the table are those of the emulated board (kws/board/counter.py); its instruction cache is on and,
when counting starts, empty.
"""

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from unicorn import UC_ARCH_ARM, UC_HOOK_CODE, UC_MODE_MCLASS, UC_MODE_THUMB, UC_PROT_EXEC, UC_PROT_READ, Uc, UcError
from unicorn.arm_const import (
    UC_ARM_REG_FPEXC,
    UC_ARM_REG_PC,
    UC_ARM_REG_R0,
    UC_ARM_REG_R1,
    UC_ARM_REG_R2,
    UC_ARM_REG_SP,
    UC_CPU_ARM_CORTEX_M4,
)

from kws.board.counter import CycleCounter
from kws.board.cycle_models import CycleModel
from kws.board.cycles import decode
from kws.board.elf import flash_image
from kws.board.memory import FLASH_END, FLASH_START, RAM_BYTES_MAX, RAM_END, RAM_START
from kws.board.tracing import Tracer
from kws.errors import BoardError

_CALLER = FLASH_END - 16  # `blx r2; nop; nop`, past the image
_CALLER_CODE = bytes.fromhex("904700bf00bf")
_BUFFER_BYTES = 1 << 16  # input and output are counted in 16 bits
_INPUT, _LOGITS = RAM_END, RAM_END + _BUFFER_BYTES  # in RAM of their own: the caller's, as in the firmware
_STACK = RAM_END
_FPU_ON = 1 << 30  # FPEXC.EN, which on a Cortex-M stands for CPACR
_LONGEST = 4096  # bytes of invoke()
_MODEL = struct.Struct("<IIHHII")  # the head of kws_model_t, firmware/src/model.h


@dataclass(frozen=True)
class Counted:
    """One model under one cycle model.

    Attributes:
        logits: (K,) int8.
        prepare, inference: cycles, the call and the return among them.
        calls: cycles of each call that invoke() makes, in order; they add up to `inference`.
    """

    logits: np.ndarray
    prepare: int
    inference: int
    calls: tuple[int, ...]


def count(
    elf: Path, tflite_sha256: str, features: np.ndarray, model: CycleModel, tracer: Tracer | None = None
) -> Counted:
    """Run a model of an image once.

    Args:
        elf: the image.
        tflite_sha256: of the model, 64 hex digits.
        features: int8, as many as the model takes.
        model: what is charged.
        tracer: told of the inference, with an interval up to each call's end and one behind the last.

    Raises:
        BoardError: no such model is in the image, it takes another number of features, or its code cannot run.
    """
    image = flash_image(elf.read_bytes())
    input_bytes, classes, prepare, invoke = find_model(image, tflite_sha256)
    if input_bytes != features.size:
        raise BoardError(f"{elf}: the model takes {input_bytes} bytes, not the {features.size} that it is given.")
    core = _core(image)
    core.mem_write(_INPUT, features.tobytes())
    prepared, _ = _call(core, CycleCounter(core, model, lambda: True), prepare, [])
    counter = CycleCounter(core, model, lambda: True, tracer)
    total, marks = _call(core, counter, invoke, calls_of(image, invoke), _INPUT, _LOGITS)
    ends = [*marks[:-1], total] if len(marks) > 1 else [total]
    calls = tuple(int(cycles) for cycles in np.diff([0, *ends]))
    return Counted(np.frombuffer(bytes(core.mem_read(_LOGITS, classes)), np.int8), prepared, total, calls)


def find_model(image: bytes, tflite_sha256: str) -> tuple[int, int, int, int]:
    """(bytes of input, classes, addresses of prepare and of invoke) of the model with this hash.

    Images have no symbols: the model is found by its struct. Raises BoardError where there is none.
    """
    text = image.find(tflite_sha256.encode() + b"\0")
    for place in range(0, len(image) - _MODEL.size, 4) if text >= 0 else ():
        _, digest, input_bytes, classes, prepare, invoke = _MODEL.unpack_from(image, place)
        if digest == FLASH_START + text and prepare & invoke & 1:
            return input_bytes, classes, prepare & ~1, invoke & ~1
    raise BoardError(f"The image holds no model with the hash {tflite_sha256[:12]}: build it again.")


def calls_of(image: bytes, function: int) -> list[int]:
    """Addresses behind each call of a function without branches, then 0 for a call that it ends with."""
    returns = []
    start = function - FLASH_START
    for step in decode_while_valid(image[start : start + _LONGEST], function):
        if step.name in ("bl", "blx"):
            returns.append(step.end)
        elif step.jumps:
            return [*returns, 0] if step.name == "b" else returns
    raise BoardError(f"invoke() at 0x{function:08x} does not end within {_LONGEST} bytes.")


def decode_while_valid(code: bytes, address: int):
    """Instructions one by one: what lies behind a function may be none."""
    offset = 0
    while offset < len(code):
        wide = code[offset + 1] >> 3 in (0x1D, 0x1E, 0x1F)
        (step,) = decode(code[offset : offset + (4 if wide else 2)], address + offset)
        offset = step.end - address
        yield step


def _core(image: bytes) -> Uc:
    core = Uc(UC_ARCH_ARM, UC_MODE_THUMB | UC_MODE_MCLASS)
    core.ctl_set_cpu_model(UC_CPU_ARM_CORTEX_M4)
    core.mem_map(0, FLASH_END, UC_PROT_READ | UC_PROT_EXEC)
    core.mem_map(RAM_START, RAM_BYTES_MAX + 2 * _BUFFER_BYTES)
    core.mem_write(FLASH_START, image)
    core.mem_write(_CALLER, _CALLER_CODE)
    core.reg_write(UC_ARM_REG_FPEXC, _FPU_ON)
    return core


def _call(core: Uc, counter: CycleCounter, function: int, marks: list[int], *arguments: int) -> tuple[int, list[int]]:
    """Call a function; returns (its cycles, those when each address of `marks` was reached)."""
    reached: list[int] = []
    hooks = [
        core.hook_add(UC_HOOK_CODE, lambda _core, at, _size, _: reached.append(counter.cycles_at(at)), None, at, at)
        for at in [mark for mark in marks if mark] + [_CALLER + 2]
    ]
    for register, value in zip((UC_ARM_REG_R0, UC_ARM_REG_R1), arguments, strict=False):
        core.reg_write(register, value)
    core.reg_write(UC_ARM_REG_SP, _STACK)
    core.reg_write(UC_ARM_REG_R2, function | 1)
    counter.attach()
    _run(core, counter)
    counter.detach()
    for hook in hooks:
        core.hook_del(hook)
    if not marks or marks[-1]:
        return reached[-1], reached[:-1]
    return reached[-1], reached


def _run(core: Uc, counter: CycleCounter) -> None:
    """From the caller to behind its call; the counter stops the core where it wants to look at something."""
    at = _CALLER
    while at != _CALLER + 4:
        try:
            core.emu_start(at | 1, _CALLER + 4)
        except UcError as error:
            pc = core.reg_read(UC_ARM_REG_PC)
            raise BoardError(f"The model's code stops at pc 0x{pc:08x}: {error}.") from error
        if counter.failure:
            raise counter.failure
        counter.prepare()
        at = core.reg_read(UC_ARM_REG_PC)
