"""Which convolutions get a frame, how large it is, and how large their functions become."""

import io

import pytest
from elftools.elf.elffile import ELFFile

from kws.board import zig
from kws.codegen.cortex_m4.assembly import source_text
from kws.codegen.cortex_m4.convolution import convolution
from kws.codegen.cortex_m4.frames import frame_shape

TINY_CONV = ((10, 8), (2, 2), 1, (25, 20))
SHAPES = [
    (*TINY_CONV, 8),
    (*TINY_CONV, 7),
    ((10, 4), (2, 4), 1, (25, 10), 64),
    ((1, 1), (1, 1), 64, (25, 10), 64),
    ((1, 1), (1, 1), 12, (25, 20), 12),
    ((3, 3), (1, 1), 4, (10, 9), 5),
    ((3, 3), (1, 2), 1, (4, 2), 1),
]


def test_tiny_convs_frame_by_hand():
    """58 rows of 19 steps and 4 words; the two first output rows begin 4 and 2 rows further down."""
    shape = frame_shape(*TINY_CONV, 8, pad_top=4)
    assert (shape.row_words, shape.step_words, shape.pitch_words) == (4, 1, 23)
    assert shape.frame_words == 58 * 23
    assert shape.skipped_rows == (4, 2)
    assert [frame_shape(*TINY_CONV, filters).functions for filters in (1, 2, 7)] == [(1,), (2,), (2, 1)]


@pytest.mark.parametrize(
    "shape",
    [
        ((3, 3), (1, 1), 1, (49, 40), 8),  # every other window begins in the middle of a word
        ((3, 3), (1, 3), 3, (10, 9), 8),
        ((10, 8), (2, 2), 64, (25, 20), 8),  # more weights than the table of a block holds
        ((10, 2), (1, 1), 40, (25, 20), 8),  # rows of the kernel lie too far apart
        ((1, 1), (1, 1), 2, (25, 20), 2000),  # places of the output lie too far apart
    ],
)
def test_windows_that_do_not_fit_are_left_to_portable_c(shape):
    assert frame_shape(*shape) is None


@pytest.mark.parametrize("arguments", SHAPES)
@pytest.mark.parametrize("details", [{}, {"exact_negative": True}, {"rectified_at": -90, "pad_top": 2}])
def test_code_is_as_large_as_estimated_within_a_tenth(tmp_path, arguments, details):
    shape = frame_shape(*arguments, **details)
    for filters in shape.functions:
        (tmp_path / "k.S").write_text(source_text([convolution(shape, filters)], ""))
        flags = (*zig.BOARD_FLAGS[:2], zig.BOARD_FLAGS[2], "-c")
        linked = ELFFile(io.BytesIO(zig.compile_and_link(tmp_path, ["k.S"], flags, "k.o").read_bytes()))
        size = linked.get_section_by_name(".text.kws_m4")["sh_size"]
        assert shape.code_bytes(filters) == pytest.approx(size, rel=0.1, abs=120)
