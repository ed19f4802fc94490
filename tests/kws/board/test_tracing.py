"""The trace of counted code: every interval adds up to what the firmware counts, each cycle under its call stack."""

import re
import struct

import pytest

from kws.board.cycle_models import CYCLE_MODELS
from kws.board.faults import Symbols
from kws.board.machine import EmulatedBoard
from kws.board.trace_file import read_trace, write_trace
from kws.board.tracing import Interval, Row, Tracer
from kws.errors import BoardError
from tests.kws.board.test_counter import COUNTED, FUNCTIONS
from tests.support_emulator import COUNTING_HEAD, ScriptedLink, between, build, flash_content

NESTED = """
.global outer
.type outer, %function
.thumb_func
.p2align 2
outer: push {r4, lr}
  bl inner
  bl inner
  b.w last
.size outer, . - outer
.global inner
.type inner, %function
.thumb_func
.p2align 2
inner: movs r4, #5
1: subs r4, #1
  bne 1b
  cmp r0, r0
  it eq
  ldreq r3, [r9]
  bx lr
.size inner, . - inner
.global last
.type last, %function
.thumb_func
.p2align 2
last: nop
  pop {r4, pc}
.size last, . - last
"""


def traced(tmp_path, pieces, functions: str, model: str = "table", switch_off: bool = True):
    """Run pieces between two looks at the counter: its results, the intervals, and the image's symbols."""
    off = "mov r11, #0\n str r11, [r8]\n" if switch_off else ""
    program = COUNTING_HEAD + "".join(map(between, pieces)) + f"{off} udf #1\n" + functions
    elf = build(tmp_path, program)
    runs: list[list[Interval]] = []
    board = EmulatedBoard(flash_content(elf), ScriptedLink(), CYCLE_MODELS[model], tracer=Tracer(runs.append))
    with pytest.raises(BoardError, match="udf #1"):
        board.run()
    results = struct.unpack(f"<{len(pieces)}I", board.core.mem_read(0x20000000, 4 * len(pieces)))
    return list(results), runs, Symbols(elf.read_bytes())


@pytest.mark.parametrize("model", CYCLE_MODELS)
def test_every_interval_adds_up_to_the_counters_difference(tmp_path, model):
    results, runs, _ = traced(tmp_path, list(COUNTED), FUNCTIONS, model)
    (intervals,) = runs
    between_looks = intervals[
        2::2
    ]  # before: up to the switch and up to the first look; then, by turns, those asked for
    assert [interval.cycles for interval in between_looks[: len(results)]] == results
    assert all(row.executions >= 0 and row.cycles >= 0 for interval in intervals for row in interval.rows.values())


def test_counts_are_the_same_with_and_without_a_trace(tmp_path):
    results, _, _ = traced(tmp_path, list(COUNTED), FUNCTIONS)
    read = 2
    assert results == [cycles + read for cycles in COUNTED.values()]


def test_stacks_follow_calls_returns_and_branches_at_the_end(tmp_path):
    results, runs, symbols = traced(tmp_path, ["bl outer; nop"], NESTED)
    interval = next(interval for interval in runs[0] if interval.cycles == results[0])

    def name(address: int) -> str:
        return re.sub(r"\+.*", "", symbols.name(address)) or "caller"

    cycles: dict[tuple[str, ...], int] = {}
    for (sites, block), row in interval.rows.items():
        stack = (*map(name, sites), name(block))
        cycles[stack] = cycles.get(stack, 0) + row.cycles
    taken, missed = 3, 1
    loop = 1 + 5 * 1 + 4 * taken + missed  # movs, subs, bne
    inner = loop + 1 + 1 + 2 + taken + 1  # cmp, it, ldreq, bx to a wide instruction at an odd halfword
    assert cycles == {
        ("caller",): 2 + taken + 1,  # the look, bl, nop
        ("caller", "outer"): 3 + 3 * taken,  # push, bl, bl, b.w
        ("caller", "outer", "inner"): 2 * inner,
        ("caller", "last"): 1 + 3 + 2,  # nop, pop, its refill: branched to, so `outer` is no longer there
    }
    executions = {name(block): row.executions for (_, block), row in interval.rows.items() if name(block) == "last"}
    assert executions == {"last": 1}


def test_each_run_of_the_counter_is_a_trace_of_its_own(tmp_path):
    switch = "mov r11, #0; str r11, [r8]; nop; str r12, [r8]"
    _, runs, _ = traced(tmp_path, ["nop; nop", switch, "nop"], "")
    assert len(runs) == 2
    _, runs, _ = traced(tmp_path, ["nop"], "", switch_off=False)
    assert runs == []  # it is still counting


def test_a_file_keeps_a_trace(tmp_path):
    intervals = [Interval(), Interval({((1, 2), 3): Row(9, 4, 50), ((), 3): Row(9, 1, 7)})]
    write_trace(tmp_path / "trace.json", intervals)
    assert read_trace(tmp_path / "trace.json") == intervals
    with pytest.raises(BoardError, match="has traced nothing"):
        read_trace(tmp_path / "none.json")
    (tmp_path / "trace.json").write_text('{"schema": 9}')
    with pytest.raises(BoardError, match=r"has schema 9, not 1: trace again"):
        read_trace(tmp_path / "trace.json")
