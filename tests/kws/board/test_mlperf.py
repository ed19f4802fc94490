"""MLPerf Tiny's commands on both ports of the firmware, driven by a client that was written from the protocol alone."""

import re
import time

import numpy as np
import pytest

from kws.board.boards import EmulatorBoard
from kws.board.build import build_image
from kws.board.reference import postprocess
from kws.board.session import Session
from tests.mlperf_client import Client, DeviceError
from tests.support_board import OUTPUT_SCALE, host_features, sums

BYTES = 1960


@pytest.fixture(scope="module")
def image(generated_dir, front_end, tmp_path_factory):
    return build_image(generated_dir, front_end, tmp_path_factory.mktemp("image") / "build", 115200).bin


@pytest.fixture(params=["host", "emulator"])
def port(request, host_board, image, tmp_path):
    board = host_board
    if request.param == "emulator":
        board = EmulatorBoard(115200, tmp_path)
        board.program(image)
    with board.open() as port:
        port.timeout = 0.02
        yield port


@pytest.fixture
def client(port) -> Client:
    client = Client(port)
    client.started()
    return client


@pytest.fixture(scope="module")
def tensors() -> list[bytes]:
    generator = np.random.default_rng(3)
    return [bytes(BYTES), b"\x80" * BYTES, b"\x7f" * BYTES, *(generator.bytes(BYTES) for _ in range(3))]


def expected(tensor: bytes) -> list[float]:
    probabilities, _ = postprocess(sums(np.frombuffer(tensor, np.int8).reshape(49, 40)), OUTPUT_SCALE)
    return [(int(p) * 1000 + 16384 >> 15) / 1000 for p in probabilities]


def test_what_it_says_at_its_start(host_board):
    with host_board.open() as port:  # before its process starts
        assert Client(port).started() == ["m-init-done"]


def test_who_it_is(client):
    assert client.name() in ("host", "nrf52840")
    firmware, model = client.profile()
    assert re.fullmatch(r"ULPMark for tinyML Firmware V\d+\.\d+\.\d+", firmware) and model == "kws01"
    help_text = " ".join(client.ask("help"))
    for word in ("name", "timestamp", "profile", "help", "db", "infer", "results"):
        assert word in help_text


def test_its_clock_is_monotonic_and_counts_microseconds(client):
    before, started = client.timestamp_us(), time.monotonic()
    time.sleep(0.2)
    after, passed_us = client.timestamp_us(), (time.monotonic() - started) * 1e6
    assert 150_000 < after - before < passed_us + 50_000


def test_inputs_and_their_results(client, tensors):
    for tensor in tensors:
        client.load(tensor)
        assert client.loaded() == tensor
        warm_ups, count, took_us, results = client.infer("3 1")
        assert (warm_ups, count) == (1, 3) and took_us >= 0
        assert results == client.results() == expected(tensor)
    client.load(tensors[0], bytes_a_command=26)
    assert client.infer("1 0")[3] == expected(tensors[0])
    assert client.infer("")[:2] == (10, 1) and client.infer("2")[:2] == (10, 2)


def test_the_buffer_in_parts(client, tensors):
    client.load(tensors[4])
    assert client.loaded("20") == tensors[4][:20]
    assert client.loaded("20 100") == tensors[4][100:120]
    assert client.loaded("1 1959") == tensors[4][1959:]
    assert client.loaded("9999 1955") == tensors[4][1955:]
    assert client.ask("db print 5 1960") == [] and client.ask("db print 0") == []


def test_hex_digits_of_both_cases_and_bytes_beyond_the_announced(client):
    assert client.ask("db load 3") == ["m-[Expecting 3 bytes]"]
    assert client.ask("db aB") == []
    assert client.ask("db CdEf0102") == ["m-load-done"]
    assert client.loaded() == b"\xab\xcd\xef"


ERRORS = [
    "bogus",
    "NAME",
    "name it",
    "db",
    "db load",
    "db load 0",
    "db load -1",
    "db load x",
    "db load 1961",
    "db load 4294967296",
    "db load 99999999999999999999",
    "db load 5 5",
    "db abc",
    "db zz",
    "db 0g",
    "db 00 11",
    "db print x",
    "db print 1 1961",
    "db print 1 2 3",
    "infer 0",
    "infer -1",
    "infer x",
    "infer 1 -1",
    "infer 1 x",
    "infer 65536",
    "infer 1 1 1",
    "results now",
    "timestamp 1",
    "x" * 200,
]


def test_every_error_leaves_it_as_it_was(client, tensors):
    for before in ("results", "infer 1 0", "db 00"):
        with pytest.raises(DeviceError):
            client.ask(before)
    client.load(tensors[3])
    results = client.infer("1 0")[3]
    for command in ERRORS:
        with pytest.raises(DeviceError):
            client.ask(command)
        assert client.results() == results
    assert client.loaded() == tensors[3]
    client.ask("db load 4")
    client.ask("db 0102")
    for command in ("db load 0", "db load 1961", "db 030", "db 0x"):
        with pytest.raises(DeviceError):
            client.ask(command)
    assert client.ask("db 0304") == ["m-load-done"] and client.loaded() == b"\1\2\3\4"
    with pytest.raises(DeviceError):
        client.infer("1 0")  # the model takes more


def test_what_infer_takes_on_the_emulated_board_is_its_cycles(client, port, clips):
    if client.name() != "nrf52840":
        pytest.skip("this machine's clock")
    session = Session(port, 20.0)
    session.handshake()
    session.upload(clips[4])
    cycles = sum(session.time().cycles[phase] for phase in ("inference", "postprocess"))
    took = [client.infer("8 0")[2] for _ in range(2)]
    assert took[0] == pytest.approx(8 * cycles / 64, rel=0.02) and abs(took[0] - took[1]) <= 1


def test_both_kinds_of_commands_on_one_board(client, port, clips, front_end):
    session = Session(port, 20.0)
    session.handshake()
    session.upload(clips[4])
    output, tensor = session.run(), session.features()
    assert np.array_equal(tensor, host_features(clips[4], front_end))
    assert client.infer("1 0")[3] == client.results() == expected(tensor.tobytes())
    client.load(tensor.tobytes())
    assert client.infer("1 0")[3] == expected(tensor.tobytes())
    session.select_model(1)
    assert np.array_equal(session.run().logits, output.logits[::-1])
