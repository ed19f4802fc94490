"""Where the cycles of one phase went: an interval of a trace and the image's symbols -> functions, blocks, call stacks.

    profile = profile_of(interval, Symbols(elf))
    profile.functions()  # hottest first
    profile.folded()     # text that flamegraph.pl, inferno and speedscope read

Every view adds up to the interval's cycles exactly.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kws.board.faults import Symbols
from kws.board.tracing import Interval
from kws.errors import BoardError


@dataclass(frozen=True)
class Block:
    """A basic block under one call stack.

    Attributes:
        stack: names of the functions, the outermost first, the block's own last.
        place: `function+0x12`.
        address: of its first instruction.
        size_bytes: of its code.
        executions: how often it was entered.
        cycles: its own, with the jump at its end and what it waited for.
    """

    stack: tuple[str, ...]
    place: str
    address: int
    size_bytes: int
    executions: int
    cycles: int

    @property
    def function(self) -> str:
        """The function that it is part of."""
        return self.stack[-1]


@dataclass(frozen=True)
class FunctionCost:
    """A function: cycles of its own blocks, the same with all that it called, and how often its first block ran."""

    name: str
    self_cycles: int
    total_cycles: int
    calls: int


@dataclass(frozen=True)
class Profile:
    """Blocks of one interval, hottest first."""

    blocks: tuple[Block, ...]

    @property
    def cycles(self) -> int:
        """All of them."""
        return sum(block.cycles for block in self.blocks)

    def functions(self) -> list[FunctionCost]:
        """By cycles of their own, hottest first."""
        own, total, calls = defaultdict(int), defaultdict(int), defaultdict(int)
        for block in self.blocks:
            own[block.function] += block.cycles
            calls[block.function] += block.executions if block.place.endswith("+0x0") else 0
            for name in set(block.stack):
                total[name] += block.cycles
        costs = [FunctionCost(name, own[name], total[name], calls[name]) for name in total]
        return sorted(costs, key=lambda cost: (-cost.self_cycles, -cost.total_cycles, cost.name))

    def merged_blocks(self) -> list[Block]:
        """Each block once, whoever called it; hottest first. Their `stack` is the function alone."""
        merged: dict[int, Block] = {}
        for block in self.blocks:
            before = merged.get(block.address)
            executions = block.executions + (before.executions if before else 0)
            cycles = block.cycles + (before.cycles if before else 0)
            size_bytes = max(block.size_bytes, before.size_bytes if before else 0)
            merged[block.address] = Block((block.function,), block.place, block.address, size_bytes, executions, cycles)
        return sorted(merged.values(), key=lambda block: (-block.cycles, block.address))

    def stacks(self) -> dict[tuple[str, ...], int]:
        """Cycles by call stack, with the block as the innermost frame; none without cycles."""
        found: dict[tuple[str, ...], int] = defaultdict(int)
        for block in self.blocks:
            found[(*block.stack, block.place)] += block.cycles
        return {stack: cycles for stack, cycles in sorted(found.items()) if cycles}

    def folded(self) -> str:
        """A line `outermost;..;innermost cycles` for each call stack."""
        return "".join(f"{';'.join(stack)} {cycles}\n" for stack, cycles in self.stacks().items())


def profile_of(interval: Interval, symbols: Symbols) -> Profile:
    """An interval with names. What lies in no function keeps its address for a name."""
    blocks = [
        Block(
            stack=(*(_function(site, symbols) for site in sites), _function(address, symbols)),
            place=symbols.name(address) or f"0x{address:08x}",
            address=address,
            size_bytes=row.end - address,
            executions=row.executions,
            cycles=row.cycles,
        )
        for (sites, address), row in interval.rows.items()
        if row.cycles or row.executions
    ]
    return Profile(tuple(sorted(blocks, key=lambda block: (-block.cycles, block.address, block.stack))))


def _function(address: int, symbols: Symbols) -> str:
    found = symbols.function(address)
    return found[1] if found else f"0x{address:08x}"


def interval_of_phase(intervals: Sequence[Interval], cycles: Mapping[str, int], phase: str) -> Interval:
    """The interval of a phase, known by the cycles that the firmware reports for it.

    Args:
        intervals: of the counted run.
        cycles: phase -> count, as the board's reply to the same run has it.
        phase: one of them.

    Raises:
        BoardError: no interval, or not one alone, has the phase's cycles.
    """
    same = [interval for interval in intervals if interval.cycles == cycles[phase]]
    if len(same) != 1:
        raise BoardError(
            f"The board reports {cycles[phase]} cycles for {phase}, and {len(same)} intervals of its trace have as "
            f"many ({', '.join(str(interval.cycles) for interval in intervals)}): look at kws/board/tracing.py."
        )
    return same[0]
