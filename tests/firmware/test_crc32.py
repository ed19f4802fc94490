"""The board's CRC-32 against zlib's."""

import ctypes
import zlib

from hypothesis import given
from hypothesis import strategies as st


def test_known_value(firmware_library):
    assert _crc(firmware_library, b"123456789") == 0xCBF43926  # the check value of CRC-32/ISO-HDLC


def test_equals_zlib_in_one_piece_and_in_two(firmware_library):
    @given(data=st.binary(max_size=300), cut=st.integers(0, 300))
    def check(data: bytes, cut: int) -> None:
        assert _crc(firmware_library, data) == zlib.crc32(data)
        assert _crc(firmware_library, data[cut:], _crc(firmware_library, data[:cut])) == zlib.crc32(data)

    check()


def _crc(library: ctypes.CDLL, data: bytes, start: int = 0) -> int:
    library.crc32_update.restype = ctypes.c_uint32
    return library.crc32_update(ctypes.c_uint32(start), data, ctypes.c_uint32(len(data)))
