"""The instruction cache and the waits, by hand."""

import pytest

from kws.board.cycle_models import CycleModel
from kws.board.memory_waits import CACHE_BYTES, InstructionCache, MemoryWaits

RAM, FLASH = 0x20000800, 0x10000


def test_lines_that_were_fetched_are_held() -> None:
    cache = InstructionCache(ways=2, line_bytes=16)
    assert [cache.misses(0x10000, 16), cache.misses(0x10000, 16), cache.misses(0x1000E, 4)] == [1, 0, 1]
    cache.clear()
    assert cache.misses(0x1000E, 4) == 2


def test_the_line_used_longest_ago_makes_room() -> None:
    cache, way = InstructionCache(ways=2, line_bytes=16), CACHE_BYTES // 2
    a, b, c = 0x10000, 0x10000 + way, 0x10000 + 2 * way
    assert [cache.misses(place, 2) for place in (a, b, a, c, a, b)] == [1, 1, 0, 1, 0, 1]


def test_direct_mapped_lines_throw_each_other_out() -> None:
    cache = InstructionCache(ways=1, line_bytes=4)
    assert [cache.misses(place, 2) for place in (0, CACHE_BYTES, 0, 4, 0)] == [1, 1, 1, 1, 0]


def test_switching_the_cache_off_empties_it() -> None:
    on = True
    waits = MemoryWaits(CycleModel(flash_fetch_wait_cycles=3), lambda: on)
    assert [waits.enter(FLASH, 16), waits.enter(FLASH, 16)] == [3, 0]
    on = False
    assert waits.enter(FLASH, 16) == 3 * 4
    on = True
    assert waits.enter(FLASH, 16) == 3


def test_data_waits_by_where_it_lies_and_where_code_runs() -> None:
    waits = MemoryWaits(CycleModel(flash_data_wait_cycles=2, ram_code_conflict_cycles=1), lambda: True)
    assert waits.enter(FLASH, 16) == 0
    assert (waits.access(FLASH, 4), waits.access(RAM, 4)) == (2, 0)
    assert waits.enter(RAM, 16) == 0
    assert (waits.access(FLASH, 4), waits.access(RAM, 4)) == (2, 1)
    waits.restart()
    assert waits.access(RAM, 4) == 0


@pytest.mark.parametrize(
    ("offset", "size", "more"),
    [(0, 4, 0), (2, 4, 1), (1, 4, 2), (3, 4, 2), (0, 2, 0), (2, 2, 0), (1, 2, 1), (3, 1, 0)],
)
def test_unaligned_data_is_split(offset: int, size: int, more: int) -> None:
    """DDI 0439D, section 3.3.2: a word at an odd address is a byte, a half and a byte, at an even one two halves."""
    waits = MemoryWaits(CycleModel(unaligned_data_cycles=1), lambda: True)
    assert waits.access(RAM + offset, size) == more
    assert MemoryWaits(CycleModel(), lambda: True).access(RAM + offset, size) == 0
