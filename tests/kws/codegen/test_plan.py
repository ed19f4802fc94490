"""Memory plans: no two blocks that live at once overlap, by brute force; chains take what no plan can undercut."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kws.codegen.plan import ALIGNMENT_BYTES, Block, Plan, plan, smallest_bytes


@st.composite
def blocks(draw) -> list[Block]:
    """Up to 12 blocks over up to 10 steps, some of them scratch."""
    found = []
    for _ in range(draw(st.integers(0, 12))):
        first, size = draw(st.integers(0, 9)), draw(st.integers(1, 40))
        scratch = draw(st.booleans())
        found.append(Block(size, first, first if scratch else draw(st.integers(first, 9)), scratch))
    return found


def overlapping(blocks: list[Block], found: Plan) -> list[tuple[int, int, int]]:
    """(byte, block, block) where two blocks hold the same byte in the same step."""
    held: dict[tuple[int, int], int] = {}
    clashes = []
    for number, (block, offset) in enumerate(zip(blocks, found.offsets, strict=True)):
        for step in range(block.first, block.last + 1):
            for byte in range(offset, offset + block.size_bytes):
                other = held.setdefault((step, byte), number)
                if other != number:
                    clashes.append((byte, other, number))
    return clashes


@settings(max_examples=200, deadline=None)
@given(blocks())
def test_blocks_that_live_at_once_do_not_overlap(found):
    planned = plan(found)
    assert overlapping(found, planned) == []
    assert all(offset % ALIGNMENT_BYTES == 0 for offset in planned.offsets)
    ends = [offset + block.size_bytes for block, offset in zip(found, planned.offsets, strict=True)]
    assert max(ends, default=0) <= planned.arena_bytes
    assert smallest_bytes(found) <= planned.arena_bytes
    assert plan(found) == planned


def test_the_check_sees_an_overlap():
    pair = [Block(8, 0, 1), Block(8, 1, 2)]
    assert overlapping(pair, Plan((0, 4), 12)) == [(4, 0, 1), (5, 0, 1), (6, 0, 1), (7, 0, 1)]
    assert overlapping([Block(8, 0, 0), Block(8, 1, 1)], Plan((0, 0), 8)) == []


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 500), st.integers(0, 500)), min_size=1, max_size=20))
def test_a_chain_takes_its_largest_step(sizes):
    """Outputs that live for two steps, with scratch beside some."""
    chain = [Block(size, step, step + 1) for step, (size, _) in enumerate(sizes)]
    scratch = [Block(room, step, step, scratch=True) for step, (_, room) in enumerate(sizes) if room]
    found = plan([*chain, *scratch])
    assert found.arena_bytes == smallest_bytes([*chain, *scratch])
    assert overlapping([*chain, *scratch], found) == []


@pytest.mark.parametrize(
    ("found", "arena_bytes"),
    [
        ([], 0),
        ([Block(5, 0, 0)], 8),
        ([Block(100, 0, 4), Block(40, 0, 1), Block(60, 1, 2), Block(40, 2, 3), Block(60, 3, 4)], 200),  # a residual
        ([Block(12, 0, 1), Block(20, 1, 2), Block(8, 2, 3), Block(16, 3, 4)], 32),
    ],
)
def test_arenas_by_hand(found, arena_bytes):
    assert plan(found).arena_bytes == arena_bytes
