"""Which convolutions get a frame, and how large it is."""

import pytest

from kws.codegen.cortex_m4.frames import frame_shape

TINY_CONV = ((10, 8), (2, 2), 1, (25, 20))


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
