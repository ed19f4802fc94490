"""The board's post-processing against the host's, and both against floating-point softmax."""

import ctypes

import numpy as np
import pytest

from kws.board.protocol import CLASSES_MAX
from kws.board.reference import ONE, postprocess
from kws.fixed_point import softmax_factors

SCALES = [0.0039, 0.05, 0.25, 1.0, 4.0]


def board_postprocess(library: ctypes.CDLL, logits: np.ndarray, scale: float) -> tuple[np.ndarray, int]:
    """The C function, with guard values behind the probabilities."""
    table = np.array(softmax_factors(scale), dtype=np.uint32)
    probabilities = np.full(len(logits) + 4, 0xABCD, np.uint16)
    library.postprocess.restype = ctypes.c_uint32
    library.postprocess.argtypes = (ctypes.c_void_p, ctypes.c_uint32, ctypes.c_void_p, ctypes.c_void_p)
    label = library.postprocess(logits.ctypes.data, len(logits), table.ctypes.data, probabilities.ctypes.data)
    assert (probabilities[len(logits) :] == 0xABCD).all()
    return probabilities[: len(logits)], label


def cases() -> list[np.ndarray]:
    generator = np.random.default_rng(3)
    special = [[0], [127], [-128, 127], [127, -128], [5, 5, 5], [-128] * CLASSES_MAX, [127] * CLASSES_MAX]
    random = [generator.integers(-128, 128, generator.integers(1, CLASSES_MAX + 1)) for _ in range(60)]
    return [np.array(values, dtype=np.int8) for values in [*special, *random]]


@pytest.mark.parametrize("scale", SCALES)
def test_board_equals_host_and_softmax(firmware_library, scale):
    for logits in cases():
        probabilities, label = postprocess(logits, scale)
        found, found_label = board_postprocess(firmware_library, logits, scale)
        assert np.array_equal(found, probabilities) and found_label == label
        exponentials = np.exp((logits.astype(float) - logits.max()) * scale)
        assert np.abs(probabilities / ONE - exponentials / exponentials.sum()).max() <= 2 / ONE


def test_first_of_equal_logits_wins():
    assert postprocess(np.array([1, 9, 9, 9], np.int8), 0.1)[1] == 1


def test_one_class_is_certain():
    assert postprocess(np.array([-7], np.int8), 0.1)[0].tolist() == [ONE]


@pytest.mark.parametrize("logits", [np.zeros(0, np.int8), np.zeros((2, 4), np.int8), np.zeros(4, np.float32)])
def test_other_shapes_and_types_are_refused(logits):
    with pytest.raises(ValueError, match=r"\(K,\) int8"):
        postprocess(logits, 0.1)
