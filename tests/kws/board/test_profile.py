"""A profile by hand: functions, blocks and folded stacks of an interval, and the interval that a phase is."""

import pytest

from kws.board.profile import FunctionCost, interval_of_phase, profile_of
from kws.board.tracing import Interval, Row
from kws.errors import BoardError


class Named:
    """Symbols of two functions: outer at 0x100, inner at 0x200."""

    def function(self, address: int):
        return {1: (0x100, "outer"), 2: (0x200, "inner")}.get(address >> 8)

    def name(self, address: int) -> str:
        found = self.function(address)
        return f"{found[1]}+{address - found[0]:#x}" if found else ""


INTERVAL = Interval(
    {
        ((), 0x100): Row(0x110, 1, 10),
        ((0x10F,), 0x200): Row(0x208, 2, 40),
        ((0x10F,), 0x208): Row(0x210, 20, 60),
        ((0x10F, 0x20F), 0x200): Row(0x204, 1, 5),  # it calls itself
        ((), 0x900): Row(0x902, 3, 7),
        ((), 0x104): Row(0x110, 0, 0),
    }
)


@pytest.fixture
def profile():
    return profile_of(INTERVAL, Named())


def test_all_views_add_up(profile):
    assert profile.cycles == INTERVAL.cycles == 122
    assert sum(cost.self_cycles for cost in profile.functions()) == 122
    assert sum(block.cycles for block in profile.merged_blocks()) == 122
    assert sum(profile.stacks().values()) == 122
    assert sum(int(line.rsplit(" ", 1)[1]) for line in profile.folded().splitlines()) == 122


def test_functions_with_what_they_call_and_their_calls(profile):
    assert profile.functions() == [
        FunctionCost("inner", 105, 105, 3),  # what it costs through itself counts once
        FunctionCost("outer", 10, 115, 1),
        FunctionCost("0x00000900", 7, 7, 0),
    ]


def test_blocks_hottest_first_whoever_called_them(profile):
    first, second, *_ = profile.merged_blocks()
    assert (first.place, first.executions, first.cycles, first.size_bytes) == ("inner+0x8", 20, 60, 8)
    assert (second.place, second.executions, second.cycles, second.size_bytes) == ("inner+0x0", 3, 45, 8)


def test_folded_stacks(profile):
    assert profile.folded().splitlines() == [
        "0x00000900;0x00000900 7",
        "outer;inner;inner;inner+0x0 5",
        "outer;inner;inner+0x0 40",
        "outer;inner;inner+0x8 60",
        "outer;outer+0x0 10",
    ]


def test_the_interval_of_a_phase_is_the_one_with_its_cycles():
    intervals = [Interval(), INTERVAL, Interval({((), 1): Row(2, 1, 9)})]
    assert interval_of_phase(intervals, {"inference": 122, "postprocess": 9}, "inference") is INTERVAL
    with pytest.raises(BoardError, match=r"reports 5 cycles for inference, and 0 intervals .*\(0, 122, 9\)"):
        interval_of_phase(intervals, {"inference": 5}, "inference")
    with pytest.raises(BoardError, match="and 2 intervals"):
        interval_of_phase([INTERVAL, INTERVAL], {"inference": 122}, "inference")
