"""The nRF52840 port's own memcpy, memmove, memset and memcmp, compiled for this machine under other names."""

import ctypes
import random

import pytest

from kws.board.build import FIRMWARE, build_host_library

NAMES = ("memcpy", "memmove", "memset", "memcmp")


@pytest.fixture(scope="module")
def memory(tmp_path_factory) -> ctypes.CDLL:
    folder = tmp_path_factory.mktemp("memory")
    renamed = "".join(f"#define {name} port_{name}\n" for name in NAMES)
    source = folder / "port_memory.c"
    source.write_text(renamed + (FIRMWARE / "ports" / "nrf52840" / "memory.c").read_text())
    library = ctypes.CDLL(str(build_host_library(folder / "build", extra=[source])))
    for name in NAMES[:3]:
        getattr(library, f"port_{name}").restype = ctypes.c_void_p
    return library


def test_copy_move_and_set_at_every_alignment(memory):
    generator = random.Random(5)
    for _ in range(400):
        content = generator.randbytes(96)
        expected, buffer = bytearray(content), ctypes.create_string_buffer(content, 96)
        to, start, count = generator.randrange(33), generator.randrange(33), generator.randrange(60)
        base = ctypes.addressof(buffer)
        if generator.random() < 0.5:
            assert memory.port_memmove(*map(ctypes.c_void_p, (base + to, base + start)), ctypes.c_size_t(count))
            expected[to : to + count] = content[start : start + count]
        else:
            memory.port_memset(ctypes.c_void_p(base + to), 0x1A5, ctypes.c_size_t(count))
            expected[to : to + count] = b"\xa5" * count
        assert buffer.raw == bytes(expected)


def test_copy_between_buffers(memory):
    source = bytes(range(64))
    for to in range(4):
        for start in range(4):
            for count in (0, 1, 3, 4, 5, 31, 32):
                buffer = ctypes.create_string_buffer(64)
                memory.port_memcpy(ctypes.byref(buffer, to), source[start:], ctypes.c_size_t(count))
                assert buffer.raw == bytes(to) + source[start : start + count] + bytes(64 - to - count)


def test_compare(memory):
    def compare(a: bytes, b: bytes, count: int) -> int:
        return memory.port_memcmp(a, b, ctypes.c_size_t(count))

    assert compare(b"abcd", b"abce", 3) == 0
    assert compare(b"abcd", b"abce", 4) < 0 < compare(b"ab\xff", b"ab\x01", 3)
    assert compare(b"a", b"b", 0) == 0
