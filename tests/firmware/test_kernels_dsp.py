"""kernels_dsp.h, which gives GCC the DSP instructions by ACLE's names: all that the kernels use, and right."""

import random
import re
import struct

import pytest

from kws.board.build import FIRMWARE
from kws.board.machine import EmulatedBoard
from kws.errors import BoardError
from tests.support_emulator import C_HEAD, ScriptedLink, build, flash_content

HEADER = FIRMWARE / "src" / "kernels_dsp.h"
OURS = re.compile(r"\b(__[a-z0-9]+)\(")
NOT_ACLE = ("__attribute__", "__asm", "__declspec")
CASES = 24


def test_it_has_every_intrinsic_that_the_kernels_use():
    defined = set(OURS.findall(HEADER.read_text())) - set(NOT_ACLE)
    assert len(defined) > 3
    for path in sorted((FIRMWARE / "src").glob("*.[ch]")):
        used = set(OURS.findall(path.read_text())) - set(NOT_ACLE)
        assert used <= defined, f"{path.name}: write {used - defined} in kernels_dsp.h for GCC"
        assert path == HEADER or "arm_acle.h" not in path.read_text()


def test_each_does_what_its_name_says(tmp_path):
    """Clang takes GCC's side of the header here, where inline assembly is the same."""
    generator = random.Random(3)
    words = [generator.getrandbits(32) for _ in range(3 * CASES)]
    source = f"""#undef __clang__
#include "{HEADER}"
{C_HEAD}
static const uint32_t words[] = {{{", ".join(f"{word}u" for word in words)}}};
void reset(void) {{
  uint32_t *result = (uint32_t *)0x20001000;
  for (int i = 0; i < {CASES}; i++) {{
    uint32_t a = words[3 * i], b = words[3 * i + 1], c = words[3 * i + 2];
    *result++ = __ror(a, 8);
    *result++ = (uint32_t)__sxtb16((int8x4_t)a);
    *result++ = (uint32_t)__sxtab16((int16x2_t)b, (int8x4_t)a);
    *result++ = (uint32_t)__sadd16((int16x2_t)a, (int16x2_t)b);
    *result++ = (uint32_t)__smlad((int16x2_t)a, (int16x2_t)b, (int32_t)c);
  }}
  __asm volatile("udf #1");
  for (;;) {{}}
}}
"""
    board = EmulatedBoard(flash_content(build(tmp_path, source, ".c")), ScriptedLink())
    with pytest.raises(BoardError, match="udf #1"):
        board.run()
    results = struct.unpack(f"<{5 * CASES}I", board.core.mem_read(0x20001000, 20 * CASES))
    expected = [value for i in range(CASES) for value in by_hand(*words[3 * i : 3 * i + 3])]
    assert list(results) == expected


def by_hand(a: int, b: int, c: int) -> list[int]:
    """What the five give for these words, in the order of the program."""

    def halves(word: int) -> tuple[int, ...]:
        return struct.unpack("<2h", struct.pack("<I", word))

    def word(low: int, high: int) -> int:
        return (low & 0xFFFF) | (high & 0xFFFF) << 16

    first, _, third, _ = struct.unpack("<4b", struct.pack("<I", a))
    (a0, a1), (b0, b1) = halves(a), halves(b)
    return [
        a >> 8 | (a & 0xFF) << 24,
        word(first, third),
        word(b0 + first, b1 + third),
        word(a0 + b0, a1 + b1),
        (c + a0 * b0 + a1 * b1) & 0xFFFFFFFF,
    ]
