"""A memory plan: offsets in one arena for blocks of which some live at the same time, so that it stays small.

Where each block overlaps its neighbours in time alone, as in a chain of layers, blocks take turns at the two ends of
the arena, which is then as small as any plan can be. Otherwise blocks are placed first-fit in several orders, and the
smallest arena is taken (greedy by size first: Pisarchyk and Lee, Efficient Memory Management for Deep Neural Net
Inference, 2020).
"""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

ALIGNMENT_BYTES = 4  # so that a faster kernel may read words
_SHUFFLES = 100  # further orders that are tried where none of the greedy ones reaches the bound


@dataclass(frozen=True)
class Block:
    """Memory that is needed in steps first..last, both included; scratch is needed in one step."""

    size_bytes: int
    first: int
    last: int
    scratch: bool = False

    def meets(self, other: "Block") -> bool:
        """Whether both are needed in some step."""
        return self.first <= other.last and other.first <= self.last


@dataclass(frozen=True)
class Plan:
    """An offset for each block, multiples of ALIGNMENT_BYTES, and the size of it all."""

    offsets: tuple[int, ...]
    arena_bytes: int


def plan(blocks: Sequence[Block]) -> Plan:
    """The smallest plan found; the same blocks give the same plan."""
    bound = smallest_bytes(blocks)
    best = None
    for attempt in _attempts(blocks):
        found = attempt()
        if found and (best is None or found.arena_bytes < best.arena_bytes):
            best = found
        if best and best.arena_bytes == bound:
            break
    return best or Plan((), 0)


def smallest_bytes(blocks: Sequence[Block]) -> int:
    """What no plan can undercut: the most that is needed in one step."""
    steps = {block.first for block in blocks}
    needs = (sum(aligned(b.size_bytes) for b in blocks if b.first <= step <= b.last) for step in steps)
    return max(needs, default=0)


def aligned(size_bytes: int) -> int:
    """To whole words."""
    return -(-size_bytes // ALIGNMENT_BYTES) * ALIGNMENT_BYTES


def _attempts(blocks: Sequence[Block]) -> Iterable[Callable[[], Plan | None]]:
    yield lambda: _at_two_ends(blocks)
    numbers = range(len(blocks))
    by_size = sorted(numbers, key=lambda n: (-blocks[n].size_bytes, blocks[n].first))
    by_time = sorted(numbers, key=lambda n: (blocks[n].first, -blocks[n].size_bytes))
    by_life = sorted(numbers, key=lambda n: (blocks[n].first - blocks[n].last, -blocks[n].size_bytes))
    for order in (by_size, by_time, by_life):
        yield lambda order=order: _first_fit(blocks, order)
    generator = random.Random(0)
    for _ in range(_SHUFFLES):
        order = list(by_size)
        generator.shuffle(order)
        yield lambda order=order: _first_fit(blocks, order)


def _first_fit(blocks: Sequence[Block], order: Sequence[int]) -> Plan:
    """Each block in the lowest gap between those placed before it that live with it."""
    offsets: dict[int, int] = {}
    for number in order:
        taken = sorted((offsets[n], blocks[n].size_bytes) for n in offsets if blocks[n].meets(blocks[number]))
        at = 0
        for begin, size in taken:
            if at + blocks[number].size_bytes <= begin:
                break
            at = max(at, begin + aligned(size))
        offsets[number] = at
    end = max((offsets[n] + aligned(blocks[n].size_bytes) for n in offsets), default=0)
    return Plan(tuple(offsets[n] for n in range(len(blocks))), end)


def _at_two_ends(blocks: Sequence[Block]) -> Plan | None:
    """Blocks in turns at both ends, scratch between them; None where more than two blocks live at once, or scratch."""
    steps = [block.first for block in blocks if block.scratch]
    lasting = sorted((n for n, block in enumerate(blocks) if not block.scratch), key=lambda n: blocks[n].first)
    crowded = any(blocks[a].last >= blocks[b].first for a, b in zip(lasting, lasting[2:], strict=False))
    if crowded or len(set(steps)) < len(steps):
        return None
    arena_bytes = smallest_bytes(blocks)
    low = [blocks[n] for n in lasting[::2]]
    offsets = {n: arena_bytes - aligned(blocks[n].size_bytes) if turn % 2 else 0 for turn, n in enumerate(lasting)}
    for n, block in enumerate(blocks):
        if block.scratch:
            offsets[n] = max((aligned(other.size_bytes) for other in low if other.meets(block)), default=0)
    return Plan(tuple(offsets[n] for n in range(len(blocks))), arena_bytes)
