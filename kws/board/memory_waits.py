"""What memory adds to the cycles of the table: flash behind its instruction cache, and code in RAM beside its data.

Goes in: the blocks that execute, in order, and whether NVMC's ICACHECNF has the cache on. Comes out: cycles to wait.
The nRF52840's cache serves fetches only. Its size, ways and lines are assumed
(docs/cycle_model.md). It is taken to be empty when counting starts: nothing is known of what ran before.
"""

from collections.abc import Callable

from kws.board.cycle_models import CycleModel
from kws.board.memory import FLASH_END, RAM_START

CACHE_BYTES = 2048
_WORD = 4


class InstructionCache:
    """Set-associative, the line used longest ago makes room."""

    def __init__(self, ways: int, line_bytes: int) -> None:
        self.line_bytes = line_bytes
        self._ways = ways
        self._sets: list[list[int]] = [[] for _ in range(CACHE_BYTES // (ways * line_bytes))]

    def clear(self) -> None:
        """Hold nothing."""
        for lines in self._sets:
            lines.clear()

    def misses(self, address: int, size: int) -> int:
        """Fetch `size` bytes of code: how many of their lines were not held; they are now."""
        first, last = address // self.line_bytes, (address + size - 1) // self.line_bytes
        return sum(not self._holds(line) for line in range(first, last + 1))

    def _holds(self, line: int) -> bool:
        lines = self._sets[line % len(self._sets)]
        held = line in lines
        if held:
            lines.remove(line)
        elif len(lines) == self._ways:
            lines.pop(0)
        lines.append(line)
        return held


class MemoryWaits:
    """Waits of one core under a model."""

    def __init__(self, model: CycleModel, cache_enabled: Callable[[], bool]) -> None:
        self._model, self._enabled = model, cache_enabled
        self._cache = InstructionCache(model.cache_ways, model.cache_line_bytes)
        self._in_ram = False

    def restart(self) -> None:
        """Nothing is known of what the cache holds."""
        self._cache.clear()
        self._in_ram = False

    def enter(self, address: int, size: int) -> int:
        """Cycles to wait for the code of a block."""
        self._in_ram = address >= RAM_START
        if address >= FLASH_END or not self._model.flash_fetch_wait_cycles:
            return 0
        if self._model.instruction_cache and self._enabled():
            return self._model.flash_fetch_wait_cycles * self._cache.misses(address, size)
        self._cache.clear()
        words = (address + size - 1) // _WORD - address // _WORD + 1
        return self._model.flash_fetch_wait_cycles * words

    def access(self, address: int, size: int) -> int:
        """Cycles to wait for an access to `size` bytes in flash or RAM by the block entered last."""
        if address < FLASH_END:
            return self._model.flash_data_wait_cycles
        conflict = self._model.ram_code_conflict_cycles if self._in_ram else 0
        return conflict + self._model.unaligned_data_cycles * more_accesses(address, size)


def more_accesses(address: int, size: int) -> int:
    """Into how many an unaligned access is split, but one: 3.3.2, a word at an odd address into byte, half and byte."""
    if address % size == 0:
        return 0
    return 2 if size == _WORD and address % 2 else 1
