"""The sketch's port.cpp and microphone.cpp on this machine: a host that does not read, a silent microphone."""

import ctypes
import shutil

import numpy as np
import pytest

from kws.board.sketch import write_sketch
from kws.params import load_params
from tests.conftest import REPOSITORY
from tests.support_arduino import port_library
from tests.support_board import write_models

PATIENCE_MS = 1000


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("port")
    front_end = load_params(REPOSITORY / "params.yaml").front_end
    write_sketch(write_models(folder / "generated"), front_end, folder / "kws", 115200)
    return port_library(folder / "kws", folder)


@pytest.fixture
def port(built, tmp_path) -> ctypes.CDLL:
    """A library of its own for each test: the board has just started."""
    library = ctypes.CDLL(str(shutil.copyfile(built, tmp_path / "libport.so")))
    library.port_microseconds.restype = ctypes.c_uint64
    library.played_ms.restype = ctypes.c_ulong
    return library


def sent(port: ctypes.CDLL) -> bytes:
    """What has gone out since the last time."""
    buffer = ctypes.create_string_buffer(1 << 16)
    count = port.played_output(buffer)
    return buffer.raw[:count]


def write(port: ctypes.CDLL, data: bytes) -> int:
    """port_write, and how many milliseconds it took."""
    before = port.played_ms()
    port.port_write(data, len(data))
    return port.played_ms() - before


def test_all_goes_out_in_packets_that_are_never_full(port):
    data = bytes(range(256)) * 20
    write(port, data)
    assert sent(port) == data
    assert port.played_largest_packet() == 63  # a full one, of 64, would be held back


def test_a_host_that_does_not_read_stops_the_board_for_a_second_and_no_longer(port):
    port.play_room(100)
    assert PATIENCE_MS <= write(port, bytes(500)) <= PATIENCE_MS + 20
    assert len(sent(port)) == 100
    assert write(port, bytes(500)) < 5  # what follows is dropped at once
    assert sent(port) == b""


def test_a_host_that_speaks_again_is_answered_again(port):
    port.play_room(0)
    write(port, b"lost")
    port.play_room(1000)
    assert write(port, b"lost too") < 5 and sent(port) == b""
    asked, got = b"hello 1%", ctypes.create_string_buffer(8)
    port.play_input(asked, len(asked))
    port.port_read(got, 8)
    assert got.raw == asked
    write(port, b"heard")
    assert sent(port) == b"heard"


def test_without_a_host_nothing_waits(port):
    port.play_connection(0)
    assert write(port, bytes(5000)) < 5
    assert sent(port) == b""


def record(port: ctypes.CDLL, count: int = 16000) -> tuple[int, np.ndarray]:
    samples = np.full(count, 77, np.int16)
    return port.port_record(samples.ctypes.data_as(ctypes.c_void_p), count), samples


def test_a_recording_is_what_comes_after_the_microphone_has_settled(port):
    for _ in range(2):
        recorded, samples = record(port)
        assert recorded == 1 and np.array_equal(samples, np.arange(4000, 20000))


@pytest.mark.parametrize("blocks", [0, 3, 60])
def test_a_recording_that_fails_leaves_the_samples_as_they_were(port, blocks):
    port.play_microphone(blocks)  # none at all, silent before it has settled, silent in the middle
    recorded, samples = record(port)
    assert recorded == 0 and (samples == 77).all()


def test_more_than_the_ring_holds_is_refused(port):
    recorded, samples = record(port, 16385)
    assert recorded == 0 and (samples == 77).all()


def test_the_ring_keeps_order_over_its_end_and_counts_what_is_lost(port):
    assert port.microphone_start() == 1
    read, expected = np.zeros(5000, np.int16), 0
    for _ in range(20):
        while port.microphone_available() < 5000:
            port.millis()
        assert port.microphone_read(read.ctypes.data_as(ctypes.c_void_p), 5000) == 5000
        assert np.array_equal(read, np.arange(expected, expected + 5000).astype(np.int16))
        expected += 5000
    assert port.microphone_lost() == 0
    before = port.microphone_available()
    for _ in range(100):
        port.millis()
    assert port.microphone_available() == 16384
    assert port.microphone_lost() == before + 100 * 256 - 16384


def test_microseconds_never_go_back(port):
    for us, expected in ((5, 5), (4_000_000_000, 4_000_000_000), (10, 2**32 + 10), (9, 2 * 2**32 + 9)):
        port.play_microseconds(us)
        assert port.port_microseconds() == expected
