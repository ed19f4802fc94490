"""What each switch of the cycle model adds, by instruction sequence, on the emulated board; the named models."""

import struct
from collections.abc import Mapping
from pathlib import Path

import pytest

from kws.board.cycle_models import BOUNDS, CYCLE_MODELS, LOWER, TABLE, UPPER, WAIT_STATES, CycleModel
from kws.board.machine import EmulatedBoard
from kws.errors import BoardError
from tests.support_emulator import COUNTING_HEAD, COUNTING_TAIL, ScriptedLink, between, build, flash_content, lines

REFILL_1, REFILL_3 = CycleModel(branch_refill_cycles=1), CycleModel(branch_refill_cycles=3)
FLOAT, ADDRESS = CycleModel(float_stall_cycles=1), CycleModel(address_stall_cycles=1)
DATA = CycleModel(flash_data_wait_cycles=3)
CONFLICT = CycleModel(ram_code_conflict_cycles=1)
PLAIN = CycleModel()

# Code between two reads of CYCCNT, section or table of ARM DDI 0439D -> cycles by model. A nop
# on either side keeps the reads from pairing. r9 points into RAM, r4 to flash.
SEQUENCES: dict[tuple[str, str], Mapping[CycleModel, int]] = {
    ("ldr r2, [r9]; ldr r3, [r9]", "3.3.2, pairs"): {PLAIN: 3, ADDRESS: 3, DATA: 3, CONFLICT: 3},
    ("str r9, [r9]; ldr r3, [r9]; ldr r3, [r3]", "3.3.2, address of a load's result"): {PLAIN: 5, ADDRESS: 5},
    ("add r2, r9, #4; ldr r3, [r2]", "3.3.2, address just computed"): {PLAIN: 3, ADDRESS: 4},
    ("mov r2, r9; ldm r2, {r3, r5, r6}", "3-1, 1 + N"): {PLAIN: 5, ADDRESS: 6, DATA: 5},
    ("add r2, r9, #64; stm r2, {r3, r5, r6}", "3-1, 1 + N"): {PLAIN: 5, CONFLICT: 5},
    ("smlad r2, r3, r5, r2; mla r2, r3, r5, r2; mul r2, r3, r2", "3-1 and 3-2, one each"): {PLAIN: 3, FLOAT: 3},
    ("smull r2, r3, r5, r6", "3-1, one on r0p1"): {PLAIN: 1},
    ("b 1f; .p2align 2; nop; 1: nop", "3-1, 1 + P"): {REFILL_1: 3, PLAIN: 4, REFILL_3: 5},
    ("b 1f; nop; 1: add.w r2, r3, r5", "3-1, P to a 32-bit target at a halfword"): {
        REFILL_1: 4, PLAIN: 5, REFILL_3: 5},
    ("cmp r9, r9; bne 1f; nop; 1: nop", "3-1, not taken"): {REFILL_1: 4, PLAIN: 4, REFILL_3: 4},
    ("cmp r9, r9; it ne; ldrne r2, [r9]", "3-1, note c"): {PLAIN: 3},
    ("movs r2, #0; nop; tbb [pc, r2]; 2: .byte (1f - 2b) / 2, 0; 1: nop", "3-1, 2 + P"): {
        REFILL_1: 6, PLAIN: 7, REFILL_3: 8},
    ("vldr s0, [r9]; vstr s0, [r9, #4]", "7-1 and 3-1 note b"): {PLAIN: 3, FLOAT: 3},
    ("vmul.f32 s0, s1, s2; vmul.f32 s3, s0, s2", "7-1, notes"): {PLAIN: 2, FLOAT: 3},
    ("vmul.f32 s0, s1, s2; vmla.f32 s0, s3, s5", "7-1, notes: an addend"): {PLAIN: 4, FLOAT: 4},
    ("vmul.f32 s0, s1, s2; vmla.f32 s3, s0, s5", "7-1, notes: a factor"): {PLAIN: 4, FLOAT: 5},
    ("vdiv.f32 s0, s1, s2", "7-1"): {PLAIN: 14, FLOAT: 14},
    ("udiv r2, r3, r3", "3-1, 2 to 12"): {CycleModel(divide_cycles=2): 2, PLAIN: 7, CycleModel(divide_cycles=12): 12},
    ("ldr r2, [r4]", "flash data: one word"): {PLAIN: 2, DATA: 5},
    ("ldrb r2, [r4]; ldrb r3, [r4, #1]", "flash data: no line is kept"): {PLAIN: 3, DATA: 9},
    ("ldm r4, {r2, r3, r5}", "flash data: each word"): {PLAIN: 4, DATA: 13},
    ("ldrd r2, r3, [r4]", "flash data: each word"): {PLAIN: 3, DATA: 9},
    # The core's IT state must not outlive the block: what follows is not predicated.
    ("cmp r9, r9; it eq; ldreq r2, [r4]; cmp r4, r9; bne 1f; nop; 1: bne 2f; nop; 2: nop", "flash data in IT"): {
        PLAIN: 12, DATA: 15, CONFLICT: 12},
    ("cmp r9, r9; it eq; ldreq r2, [r9]; cmp r4, r9; bne 1f; nop; 1: bne 2f; nop; 2: nop", "RAM data in IT"): {
        PLAIN: 12, DATA: 12, CONFLICT: 12},
}  # fmt: skip
MODELS = list(dict.fromkeys(model for expected in SEQUENCES.values() for model in expected))
FLASH_IN_R4 = lines("mov r4, #0x10000")
CACHE_ON = lines("movw r0, #0xE540; movt r0, #0x4001; mov r1, #1; str r1, [r0]")


def counts(folder: Path, program: str, number: int, model: CycleModel) -> list[int]:
    """What the counter gave for each piece of a program, without the read that opens it (2 cycles, alone)."""
    board = EmulatedBoard(flash_content(build(folder, program)), ScriptedLink(), model)
    with pytest.raises(BoardError, match="udf #1"):
        board.run()
    return [word - 2 for word in struct.unpack(f"<{number}I", board.core.mem_read(0x20000000, 4 * number))]


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> dict[CycleModel, dict[str, int]]:
    """Every sequence under every model."""
    folder = tmp_path_factory.mktemp("switches")
    return {
        model: {code: found - 2 for (code, _), found in zip(SEQUENCES, _all(folder, model), strict=True)}
        for model in MODELS
    }


def _all(folder: Path, model: CycleModel) -> list[int]:
    pieces = "".join(between(f"nop; {code}; nop") for code, _ in SEQUENCES)
    program = COUNTING_HEAD + FLASH_IN_R4 + pieces + COUNTING_TAIL
    return counts(folder, program, len(SEQUENCES), model)


@pytest.mark.parametrize(
    ("code", "model", "cycles"),
    [(code, model, cycles) for (code, _), expected in SEQUENCES.items() for model, cycles in expected.items()],
)
def test_a_sequence_under_a_switch(counted, code: str, model: CycleModel, cycles: int) -> None:
    assert counted[model][code] == cycles


LOOP = "movs r2, #8; .p2align 4; 1: nop; nop; nop; nop; nop; nop; subs r2, #1; bne 1b"  # a line of 16 bytes
LOOP_CYCLES = 1 + 8 * 8 + 7 * 2  # and a filling nop or more


def of_loop(folder: Path, cache_on: bool, model: CycleModel) -> int:
    program = COUNTING_HEAD + (CACHE_ON if cache_on else "") + ".p2align 4\n" + between(LOOP) + COUNTING_TAIL
    return counts(folder, program, 1, model)[0]


def test_a_loop_misses_once_and_then_hits(tmp_path: Path) -> None:
    plain, waits = of_loop(tmp_path, True, PLAIN), of_loop(tmp_path, True, CycleModel(flash_fetch_wait_cycles=3))
    assert plain >= LOOP_CYCLES
    assert (
        waits - plain == 3 * 2
    )  # the loop's line and the one behind it; the first round was fetched with the cache still off


@pytest.mark.parametrize(("cache_on", "modelled"), [(False, True), (True, False)])
def test_without_a_cache_every_word_waits_each_time(tmp_path: Path, cache_on: bool, modelled: bool) -> None:
    """Off by the chip's register, which is off after reset, or by the switch of the model."""
    model = CycleModel(flash_fetch_wait_cycles=3, instruction_cache=modelled)
    plain, waits = of_loop(tmp_path, cache_on, PLAIN), of_loop(tmp_path, cache_on, model)
    assert waits - plain == 3 * (7 * 4 + 4)  # the first round belongs to the block of the first read


# The accesses to RAM of code that was copied to RAM; r9 points into RAM, r4 to flash.
IN_RAM = {"ldr r2, [r9]; str r2, [r9]": 2, "ldr r2, [r4]; ldr r3, [r4]": 0, "nop; nop": 0}


@pytest.mark.parametrize("code", IN_RAM)
def test_code_in_ram_conflicts_with_its_data(tmp_path: Path, code: str) -> None:
    copy = """
  ldr r5, =piece
  movw r6, #0x0800
  movt r6, #0x2000
  mov r7, #8
1: ldr r0, [r5], #4
  str r0, [r6], #4
  subs r7, #1
  bne 1b
"""
    call = "movw r7, #0x801; movt r7, #0x2000; blx r7; nop"
    program = COUNTING_HEAD + FLASH_IN_R4 + copy + between(call) + COUNTING_TAIL
    program += "  .p2align 2\npiece:" + lines(code) + "  bx lr\n  .p2align 2\n  .space 32\n"
    (plain,), (conflict,) = (counts(tmp_path, program, 1, model) for model in (PLAIN, CONFLICT))
    assert conflict - plain == IN_RAM[code]


def test_models_are_ordered_for_every_sequence(tmp_path: Path) -> None:
    found = {name: _all(tmp_path, CYCLE_MODELS[name]) for name in CYCLE_MODELS}
    again = _all(tmp_path, CYCLE_MODELS[UPPER])
    assert found[UPPER] == again
    for lower, table, waiting, upper in zip(*(found[n] for n in (LOWER, TABLE, WAIT_STATES, UPPER)), strict=True):
        assert lower <= table <= waiting <= upper


def test_the_named_models() -> None:
    assert tuple(CYCLE_MODELS) == (TABLE, *BOUNDS)
    assert CYCLE_MODELS[TABLE] == CycleModel() and not CYCLE_MODELS[TABLE].charges_memory
    assert not CYCLE_MODELS[LOWER].charges_memory and CYCLE_MODELS[WAIT_STATES].charges_memory


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"flash_data_wait_cycles": -1}, "flash_data_wait_cycles is -1"),
        ({"cache_ways": 3}, "cache_ways is one of"),
        ({"divide_cycles": 13}, "2 to 12"),
    ],
)
def test_bad_switches_are_refused(wrong: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        CycleModel(**wrong)
