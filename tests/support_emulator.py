"""Programs of a few lines for the emulated board, compiled for each test run, and a link that needs no process."""

import subprocess
import sys
from pathlib import Path

from kws.board.elf import flash_image
from kws.board.memory import FLASH_START

LINKER_SCRIPT = """
MEMORY { FLASH (rx): ORIGIN = 0x10000, LENGTH = 0xF0000
         RAM (rwx): ORIGIN = 0x20000000, LENGTH = 0x40000 }
ENTRY(reset)
SECTIONS {
  .text : { KEEP(*(.vectors)) *(.text .text.*) *(.rodata .rodata.*) } > FLASH
  .bss (NOLOAD) : { *(.bss .bss.*) } > RAM
  /DISCARD/ : { *(.ARM.*) }
}
"""

ASSEMBLY_HEAD = """
.syntax unified
.cpu cortex-m4
.fpu fpv4-sp-d16
.thumb
.section .vectors,"a"
.word 0x20040000
.word reset
.text
.thumb_func
.type reset, %function
.global reset
reset:
"""

# r8 is DWT, r9 walks over the results in RAM. The counter is switched on.
COUNTING_HEAD = (
    ASSEMBLY_HEAD
    + """
  movw r0, #0xEDFC
  movt r0, #0xE000
  mov r1, #0x01000000
  str r1, [r0]
  movw r8, #0x1000
  movt r8, #0xE000
  mov r9, #0x20000000
  mov r12, #1
  str r12, [r8]
"""
)

COUNTING_TAIL = """
  udf #1
"""


def lines(code: str) -> str:
    """Assembly from instructions on one line, with `; ` between them."""
    return "\n".join(["", *code.split("; "), ""])


def between(code: str) -> str:
    """Two reads of CYCCNT with code between them, from a word-aligned place on; the difference goes to [r9]."""
    return f"""
  .p2align 2
  ldr.w r10, [r8, #4]
  {lines(code)}
  ldr.w r11, [r8, #4]
  sub r11, r11, r10
  str r11, [r9], #4
"""


C_HEAD = """
#include <stdint.h>
#define REG(a) (*(volatile uint32_t *)(a))
#define UART(offset) REG(0x40002000 + (offset))
void reset(void);
__attribute__((section(".vectors"), used)) static void *const vectors[2] = {(void *)0x20040000, (void *)reset};
void *memset(void *to, int value, unsigned bytes) {
  for (volatile uint8_t *p = to; bytes--;) *p++ = (uint8_t)value;
  return to;
}
static inline void send(const void *data, uint32_t bytes) {
  UART(0x120) = 0; UART(0x544) = (uint32_t)data; UART(0x548) = bytes; UART(0x008) = 1;
  while (!UART(0x120)) {}
}
static inline void receive(void *data, uint32_t bytes) {
  UART(0x110) = 0; UART(0x534) = (uint32_t)data; UART(0x538) = bytes; UART(0x000) = 1;
  while (!UART(0x110)) {}
  __asm volatile("" ::: "memory");
}
"""


def build(folder: Path, source: str, suffix: str = ".S") -> Path:
    """Compile one program; returns its ELF file."""
    (folder / f"program{suffix}").write_text(source)
    (folder / "program.ld").write_text(LINKER_SCRIPT)
    elf = folder / "program.elf"
    target = ["-target", "thumb-freestanding-eabihf", "-mcpu=cortex_m4+vfp4d16sp", "-O2", "-nostdlib"]
    flags = ["-fno-sanitize=undefined", "-Wl,-e,reset", "-T", "program.ld", "-o", elf.name]
    command = [sys.executable, "-m", "ziglang", "cc", *target, *flags, f"program{suffix}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return elf


def flash_content(elf: Path) -> bytes:
    """The flash file of a board with this program."""
    return b"\xff" * FLASH_START + flash_image(elf.read_bytes())


class ScriptedLink:
    """A line on which `incoming` arrives in pieces, with empty polls between them, and which then ends."""

    def __init__(self, incoming: bytes = b"", piece_bytes: int = 1 << 16, empty_polls: int = 0) -> None:
        self.incoming, self.sent = bytearray(incoming), bytearray()
        self.piece_bytes, self.empty_polls, self.polls = piece_bytes, empty_polls, 0

    def read(self, bytes_max: int, timeout_s: float | None) -> bytes:
        """See kws.board.link.Link."""
        self.polls += 1
        if timeout_s is not None and self.polls % (self.empty_polls + 1):
            return b""
        if not self.incoming:
            raise EOFError
        size = min(bytes_max, self.piece_bytes)
        data = bytes(self.incoming[:size])
        del self.incoming[:size]
        return data

    def write(self, data: bytes) -> None:
        """See kws.board.link.Link."""
        self.sent += data

    def wait(self, timeout_s: float) -> None:
        """See kws.board.link.Link."""
        if not self.incoming:
            raise EOFError
