"""The board's SHA-256 against hashlib's."""

import ctypes
import hashlib
import random

import pytest

LENGTHS = [0, 1, 3, 55, 56, 57, 63, 64, 65, 119, 120, 127, 128, 129, 1000, 70001]


@pytest.mark.parametrize("length", LENGTHS)
def test_equals_hashlib(firmware_library, length):
    data = random.Random(length).randbytes(length)
    digest = ctypes.create_string_buffer(b"\x55" * 40, 40)
    firmware_library.sha256(data, ctypes.c_uint32(length), digest)
    assert digest.raw == hashlib.sha256(data).digest() + b"\x55" * 8
