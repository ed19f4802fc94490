"""The cycle counter on the emulated board, to the cycle."""

import struct
import time
from pathlib import Path

import pytest

from kws.board.counter import passes
from kws.board.machine import EmulatedBoard
from kws.errors import BoardError
from tests.support_emulator import (
    C_HEAD,
    COUNTING_HEAD,
    COUNTING_TAIL,
    ScriptedLink,
    between,
    build,
    flash_content,
    lines,
)


def test_conditions() -> None:
    n, z, c, v = 1 << 31, 1 << 30, 1 << 29, 1 << 28
    held = {1: z, 3: c, 5: n, 7: v, 9: c, 11: n | v, 13: 0}  # EQ HS MI VS HI GE GT
    broken = {1: 0, 3: 0, 5: 0, 7: 0, 9: c | z, 11: n, 13: z}
    for condition in held:
        assert passes(condition, held[condition]) and not passes(condition + 1, held[condition])
        assert not passes(condition, broken[condition]) and passes(condition + 1, broken[condition])


def run_to_udf(folder: Path, source: str, link: ScriptedLink | None = None, suffix: str = ".S") -> EmulatedBoard:
    """Run a program until its `udf #1`; its results are the words at the start of RAM."""
    board = EmulatedBoard(flash_content(build(folder, source, suffix)), link or ScriptedLink())
    with pytest.raises(BoardError, match="udf #1"):
        board.run()
    return board


def words(board: EmulatedBoard, count: int) -> list[int]:
    """The first words of RAM."""
    return list(struct.unpack(f"<{count}I", board.core.mem_read(0x20000000, 4 * count)))


# Code between two reads of CYCCNT -> its cycles; refill 2, one more for a wide target at an odd halfword.
COUNTED = {
    "nop": 1,
    "movs r2, #10; nop; 1: subs r2, #1; bne 1b": 1 + 1 + 10 * 2 + 9 * 2,
    "cmp r0, r0; it eq; ldreq r2, [r9]": 1 + 1 + 2,
    "cmp r0, r0; it ne; ldrne r2, [r9]": 1 + 1 + 1,
    "cmp r0, r0; itete ne; ldrne r2, [r9]; moveq r3, #1; udivne r2, r2, r3; udiveq r2, r2, r3": 1 + 1 + 1 + 1 + 1 + 7,
    "cmp r0, r0; itt eq; cmpeq r0, r9; ldreq r2, [r9]": 1 + 1 + 1 + 2,  # flags change in the IT: as if executed
    "bl leaf; nop": 1 + 2 + 1 + 2 + 1,
    "bl saves; nop": 1 + 2 + 3 + 3 + 2 + 1,
    "cmp r0, r0; bl may_return; nop": 1 + 1 + 2 + 1 + 1 + 2 + 1,
    "cmp r0, r9; bl may_return; nop": 1 + 1 + 2 + 1 + 1 + 1 + 2 + 1,  # returns by the second, unconditional bx
    "cmp r0, r0; bl pops; nop": 1 + 1 + 2 + 3 + 1 + 3 + 2 + 1,
    "cmp r0, r9; bl pops; nop": 1 + 1 + 2 + 3 + 1 + 1 + 3 + 2 + 1,
    "movs r2, #0; cbz r2, 1f; nop; .p2align 2; 1: nop": 1 + 1 + 2 + 1,
    "movs r2, #1; nop; tbb [pc, r2]; 2: .byte 0, (1f - 2b) / 2; 1: nop": 1 + 1 + 2 + 2 + 1,
    ".rept 3000; ldr r2, [r9]; .endr": 3000,  # cut by the core at page boundaries, and paired all the same
}
FUNCTIONS = """
.thumb_func
.p2align 2
leaf: bx lr
.thumb_func
.p2align 2
saves: push {r4, lr}
  pop {r4, pc}
.thumb_func
.p2align 2
may_return: it eq
  bxeq lr
  bx lr
.thumb_func
.p2align 2
pops: push {r4, lr}
  it eq
  popeq {r4, pc}
  pop {r4, pc}
"""


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """What the board's counter says of each piece of code in COUNTED, and of nothing at all."""
    pieces = "".join(between(piece) for piece in ("", *COUNTED))
    program = COUNTING_HEAD + pieces + COUNTING_TAIL + FUNCTIONS
    board = run_to_udf(tmp_path_factory.mktemp("counted"), program)
    return dict(zip(("", *COUNTED), words(board, len(COUNTED) + 1), strict=True))


@pytest.mark.parametrize("piece", COUNTED)
def test_the_counter_counts_exactly_what_lies_between_two_reads(counted: dict[str, int], piece: str) -> None:
    read = 2  # the first of the two reads
    assert counted[piece] == COUNTED[piece] + read


def test_switching_many_times_counts_the_same(tmp_path: Path) -> None:
    work = "movs r2, #10; nop; 1: ldr r3, [r9]; ldr r4, [r9]; subs r2, #1; bne 1b"
    off, on = "mov r11, #0; str r11, [r8]; .rept 7; udiv r3, r2, r1; .endr; ", "str r12, [r8]; "
    program = COUNTING_HEAD
    program += between(work) * 5 + (lines(off + on) + between(work)) * 5
    results = words(run_to_udf(tmp_path, program + COUNTING_TAIL), 10)
    assert set(results) == {2 + 1 + 1 + 10 * (2 + 1 + 1 + 1) + 9 * 2}


def test_the_counter_stands_still_while_off_and_can_be_set(tmp_path: Path) -> None:
    program = (
        COUNTING_HEAD
        + """
  mov r0, #0
  str r0, [r8, #4]      // CYCCNT = 0 while it runs
  nop
  nop
  str r0, [r8]          // off, after the store above and two nops
  nop
  ldr r1, [r8, #4]
  str r1, [r9], #4
  mvn r1, #0
  str r1, [r8, #4]      // the last value before it wraps, while off
  str r12, [r8]         // on again
  nop
  ldr r1, [r8, #4]
  str r1, [r9], #4
"""
    )
    assert words(run_to_udf(tmp_path, program + COUNTING_TAIL), 2) == [3, 1]


def test_code_that_changes_in_ram_while_the_counter_is_off_is_counted_anew(tmp_path: Path) -> None:
    call = "movw r7, #0x801; movt r7, #0x2000; blx r7; nop"

    def store(instruction: int) -> str:
        """Switch off and write four bytes of code and a return to 0x20000800."""
        words = (instruction & 0xFFFF, instruction >> 16, 0x4770)
        moves = (f"movw r6, #{word}; strh r6, [r5, #{2 * i}]" for i, word in enumerate(words))
        return lines("; ".join(["mov r11, #0", "str r11, [r8]", "mov r5, #0x20000000", "add r5, #0x800", *moves]))

    nops, divide, on = 0xBF00BF00, 0xF1F1FBB1, lines("str r12, [r8]")  # "nop; nop" and "udiv r1, r1, r1"
    program = COUNTING_HEAD + "".join(store(code) + on + between(call) for code in (nops, divide, nops))
    results = words(run_to_udf(tmp_path, program + COUNTING_TAIL), 3)
    around = 2 + 1 + 1 + (1 + 2) + (1 + 2) + 1
    assert results == [around + 2, around + 7, around + 2]


def test_the_counter_in_an_it_block_is_refused(tmp_path: Path) -> None:
    read = "cmp r0, r0; it eq; ldreq r1, [r8, #4]"
    start = "mov r1, #0; str r1, [r8]; cmp r0, r0; it eq; streq r12, [r8]; nop; b .+2; nop"
    for code in (read, start):
        board = EmulatedBoard(
            flash_content(build(tmp_path, COUNTING_HEAD + lines(code) + COUNTING_TAIL)), ScriptedLink()
        )
        with pytest.raises(BoardError, match="IT block"):
            board.run()


RECEIVE_WHILE_COUNTING = (
    C_HEAD
    + """
static uint8_t data[300];
void reset(void) {
  volatile uint32_t *result = (uint32_t *)0x20001000;
  UART(0x500) = 8;
  REG(0xE000EDFC) = 1u << 24;
  REG(0xE0001000) = 1;
  uint32_t before = REG(0xE0001004);
  receive(data, sizeof data);
  uint32_t sum = 0;
  for (int i = 0; i < 300; i++) sum += data[i] * i;
  result[1] = sum;
  result[0] = REG(0xE0001004) - before;
  __asm volatile("udf #1");
  for (;;) {}
}
"""
)


def test_cycles_do_not_depend_on_how_input_arrives(tmp_path: Path) -> None:
    data, seen = bytes(range(150)) * 2, set()
    for link in (ScriptedLink(data), ScriptedLink(data, 7), ScriptedLink(data, 1, empty_polls=5)):
        board = run_to_udf(tmp_path, RECEIVE_WHILE_COUNTING, link, ".c")
        cycles, total = struct.unpack("<II", board.core.mem_read(0x20001000, 8))
        assert total == sum(value * i for i, value in enumerate(data))
        seen.add(cycles)
    assert len(seen) == 1


def speed_source(counting: int, rounds: int) -> str:
    """Sums of products over 1000 bytes, `rounds` times: at least 5,000 instructions a round."""
    return (
        C_HEAD
        + f"""
int8_t a[1000], b[1000];
volatile int32_t sink;
__attribute__((noinline)) static int32_t dot(void) {{
  int32_t sum = 0;
#pragma clang loop unroll(disable)
  for (int i = 0; i < 1000; i++) sum += a[i] * b[i];
  return sum;
}}
void reset(void) {{
  REG(0xE000EDFC) = 1u << 24;
  REG(0xE0001000) = {counting};
  for (int i = 0; i < {rounds}; i++) {{
    sink = dot();
    __asm volatile("" ::: "memory");
  }}
  __asm volatile("udf #1");
  for (;;) {{}}
}}
"""
    )


@pytest.mark.parametrize(("counting", "rounds", "least_per_s"), [(1, 300, 4e6), (0, 10000, 5e7)])
def test_speed(tmp_path: Path, counting: int, rounds: int, least_per_s: float, record_property) -> None:
    board = EmulatedBoard(flash_content(build(tmp_path, speed_source(counting, rounds), ".c")), ScriptedLink())
    start = time.process_time()
    with pytest.raises(BoardError, match="udf #1"):
        board.run()
    per_s = rounds * 1000 * 5 / (time.process_time() - start)  # at least five instructions a product
    record_property("instructions_per_s", per_s)
    assert per_s > least_per_s  # an idle core gives some thirty million, and a billion
