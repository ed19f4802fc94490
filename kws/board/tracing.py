"""Where the counted cycles go, while they are counted: by call stack and basic block, between two looks at the counter.

Goes in: the blocks that execute, with their cycles, and the places where the firmware reads the counter. Comes out: an
interval for each pair of neighbouring reads, whose rows add up to exactly what the firmware computes as the difference.

The call stack is followed by BL and BLX, which push, and by jumps back to a return address, which pop; a function that
is called by a plain branch in the end of another returns for both. What was called before counting began is not known.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from kws.board.cycles import Block, decode

_CALLS = ("bl", "blx")
_DIRECT = ("b", "cbz", "cbnz", "tbb", "tbh")  # jumps that stay in a function or leave it for good

# (call sites from the outermost on, address of the block)
Key = tuple[tuple[int, ...], int]


@dataclass
class Row:
    """What a block cost under one call stack: its end, how often it was entered, its cycles."""

    end: int
    executions: int = 0
    cycles: int = 0


@dataclass
class Interval:
    """Between two looks at the counter."""

    rows: dict[Key, Row] = field(default_factory=dict)

    @property
    def cycles(self) -> int:
        """All of its rows'."""
        return sum(row.cycles for row in self.rows.values())


def joined(intervals: Sequence[Interval]) -> Interval:
    """Neighbouring intervals as one."""
    whole = Interval()
    for interval in intervals:
        for key, row in interval.rows.items():
            sum_of = whole.rows.setdefault(key, Row(row.end))
            sum_of.executions += row.executions
            sum_of.cycles += row.cycles
    return whole


class Tracer:
    """Collects intervals from `start` to `stop`, which hands them to `done`."""

    def __init__(self, done: Callable[[list[Interval]], None]) -> None:
        self._done = done
        self.start()

    def start(self) -> None:
        """Counting begins; nothing is known of what ran before."""
        self._intervals = [Interval()]
        self._returns: list[int] = []
        self._sites: tuple[int, ...] = ()
        self._last_names: dict[int, str] = {}  # by the block's end
        self._block: Block | None = None
        self._row = Row(0)  # of the block that is being executed

    def stop(self) -> None:
        """Counting ends."""
        self._done(self._intervals)

    def enter(self, block: Block, cycles: int) -> None:
        """A block begins; `cycles` are its own and those of the jump to it, which belong to the block before."""
        if self._block is not None:
            self._row.cycles += cycles - block.cycles
            self._follow(self._block, block.address)
        self._block = block
        self._row = self._row_of(block)
        self._row.executions += 1
        self._row.cycles += block.cycles

    def add(self, cycles: int) -> None:
        """The block that is being executed costs more: an instruction under a condition, a wait for memory."""
        self._row.cycles += cycles

    def look(self, pc: int) -> None:
        """The instruction at pc, in this block, looks at the counter: what comes after belongs to the next interval."""
        self._intervals.append(Interval())
        if self._block is None:
            return
        after = self._block.cycles - self._block.before[pc]
        self._row.cycles -= after
        self._row = self._row_of(self._block)
        self._row.cycles += after

    def _row_of(self, block: Block) -> Row:
        return self._intervals[-1].rows.setdefault((self._sites, block.address), Row(block.end))

    def _follow(self, before: Block, successor: int) -> None:
        """Keep the call stack over the step from a block to its successor."""
        if not before.takes_branch(successor):
            return
        if before.end not in self._last_names:
            self._last_names[before.end] = decode(before.code, before.address)[-1].name
        name = self._last_names[before.end]
        if name in _CALLS:
            self._returns.append(before.end)
            self._sites = (*self._sites, before.end - 1)
        elif name not in _DIRECT and successor in self._returns:
            while self._returns.pop() != successor:
                pass
            self._sites = self._sites[: len(self._returns)]
