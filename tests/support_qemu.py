"""A generated model linked for qemu's mps2-an386, and the instructions of an inference, counted in any image.

An image is an ELF file with a model in it, found by its hash. `inference` calls the model's
functions by their addresses, on unicorn with nothing but memory: the same code counts alike, whatever its board.
"""

import shutil
import struct
from collections import Counter
from pathlib import Path

import numpy as np
from elftools.elf.elffile import ELFFile
from unicorn import UC_ARCH_ARM, UC_HOOK_BLOCK, UC_HOOK_INTR, UC_HOOK_MEM_WRITE, UC_MODE_MCLASS, UC_MODE_THUMB, Uc
from unicorn.arm_const import (
    UC_ARM_REG_LR,
    UC_ARM_REG_R0,
    UC_ARM_REG_R1,
    UC_ARM_REG_SP,
    UC_CPU_ARM_CORTEX_M4,
)

from kws.board import zig
from kws.board.build import FIRMWARE, _stage
from kws.board.cycles import decode
from kws.codegen import generate
from kws.files import replaced_folder, sha256

TICK_INSTRUCTIONS = 40  # a tick of SysTick at mps2-an386's 25 MHz; with -icount shift=0 an instruction takes 1 ns
_INCLUDES = ("-Iinclude", "-Isrc", "-Iport", "-Iport/include")
_END, _STACK, _INPUT, _LOGITS = 0x00700000, 0x20070000, 0x20078000, 0x2007C000  # past what either image takes

_UART0, _SYSTEM_CONTROL = 0x40004000, 0xE000E000


def build_mps2(tflite: bytes, folder: Path) -> tuple[Path, Path]:
    """Generate a model and link it for mps2-an386; returns (the ELF file, the folder of generated sources)."""
    generated, build = folder / "generated", folder / "mps2"
    generate([("model", tflite)], generated)
    with replaced_folder(build) as staged:
        files = sorted(path for path in generated.iterdir() if path.suffix in (".c", ".h", ".S"))
        _stage(staged, files, ("kernels*.c", "kernels*.S"), FIRMWARE / "ports" / "mps2_an386", None, 115200)
        nrf52840 = FIRMWARE / "ports" / "nrf52840"  # the C library's functions that compilers call
        shutil.copyfile(nrf52840 / "memory.c", staged / "port" / "memory.c")
        shutil.copytree(nrf52840 / "include", staged / "port" / "include", dirs_exist_ok=True)
        sources = sorted(
            path.relative_to(staged).as_posix() for path in staged.rglob("*") if path.suffix in (".c", ".S")
        )
        zig.compile_and_link(staged, sources, (*zig.BOARD_FLAGS, *_INCLUDES, "-T", "port/image.ld"), "image.elf")
    return build / "image.elf", generated


def input_of(size: int) -> np.ndarray:
    """The input that firmware/ports/mps2_an386/main.c makes: (size,) int8."""
    state, values = 1, []
    for _ in range(size):
        state = (state * 1103515245 + 12345) & 0xFFFFFFFF
        values.append(state >> 24)
    return np.array(values, np.uint8).view(np.int8)


def inference(elf_file: Path, tflite: bytes) -> tuple[bytes, int]:
    """(logits, instructions) of a model of the image on `input_of`, from the first instruction of its invoke on.

    Counted as qemu's -icount does: whole blocks, with the instructions whose condition fails. (unicorn calls a hook on
    instructions only for those that execute.)
    """
    core, code, start = _loaded(elf_file)
    digest = struct.pack("<I", start + code.index(sha256(tflite).encode() + b"\0"))
    place = next(at for at in range(0, len(code), 4) if code[at + 4 : at + 8] == digest)  # name, hash, ...
    input_bytes, classes, prepare, invoke = struct.unpack_from("<HHII", code, place + 8)
    core.mem_write(_INPUT, input_of(input_bytes).tobytes())
    _call(core, prepare)
    entered: Counter[tuple[int, int]] = Counter()
    core.hook_add(UC_HOOK_BLOCK, lambda _core, address, size, _: entered.update([(address, size)]))
    _call(core, invoke, _INPUT, _LOGITS)
    count = sum(
        times * len(decode(bytes(core.mem_read(address, size)), address)) for (address, size), times in entered.items()
    )
    return bytes(core.mem_read(_LOGITS, classes)), count


def boot(elf_file: Path) -> str:
    """What the image for mps2-an386 sends when it boots, up to its semihosting call; SysTick stands still."""
    core, code, _ = _loaded(elf_file)
    sent = bytearray()
    for page in (_UART0, _SYSTEM_CONTROL):
        core.mem_map(page, 0x1000)
    core.hook_add(UC_HOOK_MEM_WRITE, lambda *written: sent.append(written[4] & 0xFF), None, _UART0, _UART0)
    core.hook_add(UC_HOOK_INTR, lambda stopped, *_: stopped.emu_stop())
    core.mem_map(0x200F0000, 0x10000)
    stack, entry = struct.unpack_from("<II", code)
    core.reg_write(UC_ARM_REG_SP, stack)
    core.emu_start(entry, _END)
    return sent.decode()


def _loaded(elf_file: Path) -> tuple[Uc, bytes, int]:
    """A core with the image's bytes where they are when it runs, and the bytes of its code with their address."""
    core = Uc(UC_ARCH_ARM, UC_MODE_THUMB | UC_MODE_MCLASS)
    core.ctl_set_cpu_model(UC_CPU_ARM_CORTEX_M4)
    core.mem_map(0, 0x800000)
    core.mem_map(0x20000000, 0x80000)
    with elf_file.open("rb") as stream:
        loaded = [s for s in ELFFile(stream).iter_segments() if s["p_type"] == "PT_LOAD" and s["p_filesz"]]
        for segment in loaded:
            core.mem_write(segment["p_vaddr"], segment.data())
        return core, loaded[0].data(), loaded[0]["p_vaddr"]


def _call(core: Uc, function: int, *arguments: int) -> None:
    for register, value in zip((UC_ARM_REG_R0, UC_ARM_REG_R1), arguments, strict=False):
        core.reg_write(register, value)
    core.reg_write(UC_ARM_REG_SP, _STACK)
    core.reg_write(UC_ARM_REG_LR, _END | 1)
    core.emu_start(function | 1, _END)
