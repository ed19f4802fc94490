"""The emulated chip: what it makes of faulty programs, its UART's corner cases, instructions that wait."""

import re
from pathlib import Path

import pytest

from kws.board.faults import Symbols
from kws.board.machine import EmulatedBoard
from kws.errors import BoardError
from tests.support_emulator import ASSEMBLY_HEAD, C_HEAD, ScriptedLink, build, flash_content, lines


def fault_of(folder: Path, code: str, link: ScriptedLink | None = None) -> str:
    """What the board says of a program in assembly, with the names of its functions."""
    elf = build(folder, ASSEMBLY_HEAD + lines(code))
    with pytest.raises(BoardError) as raised:
        EmulatedBoard(flash_content(elf), link or ScriptedLink(), symbols=Symbols(elf.read_bytes())).run()
    return str(raised.value)


UART_ON = "mov r0, #0x2000; movt r0, #0x4000; mov r1, #8; str r1, [r0, #0x500]; "


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("mov r0, #0x30000000; ldr r1, [r0]", "pc 0x0001000c.*read of 0x30000000"),
        ("mov r0, #0x10000; str r0, [r0]", "pc 0x0001000c.*write to flash at 0x00010000"),
        ("mov r0, #0x60000000; orr r0, #1; bx r0", "jump to 0x60000000"),
        ("nop; udf #3", r"pc 0x0001000a.*undefined instruction .*udf #3"),
        ("svc #0", "supervisor call"),
        ("bkpt #0", "breakpoint"),
        ("mvn lr, #6; bx lr", "return from an exception"),
        ("mov r0, #0xA000; movt r0, #0x4000; ldr r1, [r0]", "pc 0x00010010.*0x4000a000, a peripheral that"),
        ("mov r0, #0x20; movt r0, #0x4000; str r1, [r0]", "write of 0x40000020, a register of CLOCK"),
        (UART_ON + "ldrb r1, [r0, #0x110]", "read of 1 bytes in UARTE0"),
        (UART_ON + "mov r2, #1; str r2, [r0, #0x548]; mov r1, #0x10000; str r1, [r0, #0x544]; str r2, [r0, #8]",
         "TXD.PTR 0x00010000 with 1 bytes is not in RAM.*EasyDMA"),
        (UART_ON + "mov r1, #0x10000; str r1, [r0, #0x538]; mov r1, #1; str r1, [r0]", "RXD.MAXCNT is 65536"),
        (UART_ON + "str r1, [r0, #0x304]", "UARTE0: interrupts"),
        ("mov r0, #0x2000; movt r0, #0x4000; mov r1, #1; str r1, [r0, #8]", "STARTTX while ENABLE is 0"),
        ("movw r0, #0x1000; movt r0, #0xE000; mov r1, #1; str r1, [r0]", "TRCENA"),
        ("movw r0, #0xED0C; movt r0, #0xE000; mov r1, #4; str r1, [r0]", "AIRCR .*key"),
    ],
)  # fmt: skip
def test_faults(tmp_path: Path, code: str, message: str) -> None:
    text = fault_of(tmp_path, code)
    assert text.startswith("The firmware stopped at pc 0x") and "Mend the firmware" in text
    assert re.search(message, text), text


def test_a_fault_names_the_function_only_with_an_elf(tmp_path: Path) -> None:
    elf = build(tmp_path, ASSEMBLY_HEAD + lines("nop; udf #3"))
    with pytest.raises(BoardError, match="with --elf the function is named"):
        EmulatedBoard(flash_content(elf), ScriptedLink()).run()
    assert "in reset+" in fault_of(tmp_path, "nop; udf #3; .size reset, . - reset")
    with pytest.raises(BoardError, match="ELF"):
        Symbols(b"no elf")


def test_waiting_instructions_do_not_hang(tmp_path: Path) -> None:
    assert "udf #1" in fault_of(
        tmp_path, "mov r0, #3; 1: wfi; wfe; sev; yield; subs r0, #1; bne 1b; wfe; udf #1", ScriptedLink(b"x")
    )


STOP_AND_SHORTS = (
    C_HEAD
    + """
static uint8_t data[64];
static uint32_t amounts[4];
void reset(void) {
  UART(0x500) = 8;
  UART(0x110) = 0; UART(0x144) = 0;
  UART(0x534) = (uint32_t)data; UART(0x538) = 10; UART(0x000) = 1;
  while (!UART(0x108)) {}                      /* RXDRDY: three bytes came */
  UART(0x004) = 1;                             /* STOPRX */
  while (!UART(0x110) || !UART(0x144)) {}
  amounts[0] = UART(0x53C);
  send(amounts, 4);
  send(data, amounts[0]);
  UART(0x110) = 0; UART(0x200) = 1u << 5;      /* ENDRX starts the next reception */
  UART(0x538) = 4; UART(0x000) = 1;
  while (!UART(0x110)) {}
  UART(0x110) = 0;
  send(data, 4);
  while (!UART(0x110)) {}
  send(data, 4);
  UART(0x02C) = 1;                             /* FLUSHRX: nothing is left in the FIFO */
  amounts[1] = UART(0x53C);
  send(amounts + 1, 4);
  for (;;) receive(data, 1);
}
"""
)


def test_stopping_and_chaining_receptions(tmp_path: Path) -> None:
    link = ScriptedLink(b"abc" + b"defghijk", piece_bytes=3, empty_polls=2)
    EmulatedBoard(flash_content(build(tmp_path, STOP_AND_SHORTS, ".c")), link).run()
    assert bytes(link.sent) == b"\x03\0\0\0" + b"abc" + b"defg" + b"hijk" + bytes(4)


def test_a_flash_without_an_image_is_refused() -> None:
    with pytest.raises(BoardError, match=r"holds no image.*Program the board first"):
        EmulatedBoard(b"", ScriptedLink()).run()
    with pytest.raises(BoardError, match="1048577 bytes"):
        EmulatedBoard(bytes((1 << 20) + 1), ScriptedLink())
