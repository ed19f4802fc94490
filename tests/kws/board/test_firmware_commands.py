"""What the firmware makes of each command, on its host port: refusals, frames, and what is done once."""

import zlib

import numpy as np
import pytest

from kws.board import protocol, replies
from kws.board.session import Session
from tests.support_board import HostBoard

TIMEOUT_S = 10.0


@pytest.fixture
def port(host_board):
    with host_board.open() as port:
        yield port


@pytest.fixture
def session(port):
    session = Session(port, TIMEOUT_S)
    session.handshake()
    return session


def say(port, command: bytes) -> str:
    """What the board answers to bytes, up to m-ready."""
    port.write(command)
    port.timeout = TIMEOUT_S
    return port.read_until(b"m-ready\r\n").decode()


REFUSED = [
    ("bogus", "unknown_command"),
    ("RUN", "unknown_command"),
    ("results", "unknown_command"),  # MLPerf's are not framed
    ("run now", "bad_argument"),
    ("run ", "bad_argument"),
    ("model", "bad_argument"),
    ("model x", "bad_argument"),
    ("model 4294967296", "bad_argument"),
    ("model 99999999999999999999", "bad_argument"),
    ("model ", "bad_argument"),
    ("model -1", "bad_argument"),
    ("model 1 2 3 4", "bad_argument"),
    ("describe 2", "bad_model"),
    ("audio 32000", "bad_argument"),
    ("audio 32000 xyz", "bad_argument"),
    ("audio 31998 00000000", "bad_size"),
    ("audio 0 00000000", "bad_size"),
    ("put 0 0 00000000", "bad_size"),
    ("put 0 4001 00000000", "bad_size"),
    ("put 31999 2 00000000", "bad_size"),
    ("put 4294967295 2 00000000", "bad_size"),
    ("put 0 4294967295 00000000", "bad_size"),
    ("features 1961 0", "bad_argument"),
    ("features 1960 1", "bad_argument"),
    ("samples 0 32001", "bad_argument"),
    ("\x01\x7f\x1b", "unknown_command"),
]


@pytest.mark.parametrize(("command", "code"), REFUSED)
def test_refused_commands_change_nothing(session, port, clips, command, code):
    session.upload(clips[2])
    before = session.run()
    error = say(port, protocol.frame(4_000_000_000, command).encode())
    lines = error.splitlines()
    assert lines[0] == f"e-[{code}]" and lines[-1] == protocol.READY
    with pytest.raises(replies.Refused):
        replies.parse("run", 4_000_000_000, lines[:-1])
    assert np.array_equal(session.output().logits, before.logits)
    assert np.array_equal(session.run().logits, before.logits)


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("hello", "unknown_command"),
        ("model 1", "unknown_command"),
        ("x" * 81, "command_too_long"),
        ("name" + " " * 5000, "command_too_long"),
        ("#1 run", "damaged"),
        ("#run", "damaged"),
        ("#", "damaged"),
        ("# ", "damaged"),
        ("#1  00000000", "damaged"),
        ("#1 run 00000000", "damaged"),
        ("#" + "1" * 100 + " run 00000000", "damaged"),
        (protocol.frame(1, "model 1").replace("model 1", "model 3")[:-1], "damaged"),
        (protocol.frame(1, "run").replace("#1", "#2")[:-1], "damaged"),
        (f"#x run {zlib.crc32(b'x run'):08x}", "damaged"),
        (f"#4294967296 run {zlib.crc32(b'4294967296 run'):08x}", "damaged"),
    ],
)
def test_what_has_no_sequence_number_is_answered_without_an_end(session, port, clips, command, code):
    session.upload(clips[2])
    before = session.run()
    assert say(port, f"{command}%".encode()) == f"e-[{code}]\r\nm-ready\r\n"
    assert np.array_equal(session.output().logits, before.logits)


@pytest.fixture
def fresh_port(port):
    """A board that has just said that it has started."""
    port.timeout = TIMEOUT_S
    assert port.read_until(b"m-ready\r\n") == b"m-init-done\r\nm-ready\r\n"
    return port


def test_line_ends_and_nul_within_commands_are_ignored(fresh_port):
    assert say(fresh_port, b"\r\n\0%%na\nm\0e\r\n%") == "m-name-dut-[host]\r\nm-ready\r\n"


def test_a_frame_begins_at_its_mark_whatever_stands_before(fresh_port):
    frame = protocol.frame(5, "hello").encode()
    said = say(fresh_port, b"nonsense" + b"x" * 200 + frame[:-3] + frame)
    assert "m-end-[5 " in said and "m-hello-[2 host 2]" in said


def test_a_board_that_was_not_greeted_does_nothing(fresh_port):
    said = say(fresh_port, protocol.frame(1, "model 1").encode())
    assert said.startswith("e-[no_session]") and "m-end-[1 " in said


def test_a_damaged_part_is_refused_and_leaves_no_clip(session, port, clips):
    session.upload(clips[0])
    data = clips[2].tobytes()[:400]
    frame = protocol.frame(2**31, f"put 0 400 {zlib.crc32(data):08x}").encode()
    assert say(port, frame + bytes([data[0] ^ 1]) + data[1:]).startswith("e-[damaged]")
    with pytest.raises(replies.Refused, match="no_audio"):
        session.run()
    session.upload(clips[2])
    session.run()


def test_parts_of_two_clips_are_no_clip(session, port, clips):
    session.upload(clips[0])
    data = clips[2].tobytes()[:400]
    assert "m-put-[0 400]" in say(port, protocol.frame(2**31, f"put 0 400 {zlib.crc32(data):08x}").encode() + data)
    whole = zlib.crc32(clips[0].tobytes())
    assert say(port, protocol.frame(2**31, f"audio 32000 {whole:08x}").encode()).startswith("e-[bad_crc]")
    with pytest.raises(replies.Refused, match="no_audio"):
        session.run()


@pytest.mark.parametrize("step", ["run", "classify", "time", "time_model"])
def test_what_computes_is_done_once_under_one_number(session, port, clips, step):
    session.upload(clips[4])
    session.run()
    frame = protocol.frame(4_000_000_000, step).encode()
    first = say(port, frame)
    assert say(port, frame) == first  # also the cycles, which are times of this machine
    again = say(port, protocol.frame(4_000_000_001, step).encode())
    assert ("m-cycles-" in first) == (again.partition("m-end")[0] != first.partition("m-end")[0])


def test_a_recording_is_made_once_under_one_number(host_program, tmp_path, clips):
    (tmp_path / "flash.bin").write_bytes(b"image")
    heard = tmp_path / "heard.raw"
    heard.write_bytes(clips[5].astype("<i2").tobytes())
    with HostBoard(host_program, tmp_path / "flash.bin", microphone=heard).open() as port:
        session = Session(port, TIMEOUT_S)
        session.handshake()
        frame = protocol.frame(4_000_000_000, "record").encode()
        first = say(port, frame)
        heard.write_bytes(clips[2].astype("<i2").tobytes())
        assert say(port, frame) == first
        assert np.array_equal(session.record(), clips[2])
