"""Sessions with the firmware itself, on its host port; boards that misbehave are in test_session_errors.py."""

import zlib

import numpy as np
import pytest

from kws.board import protocol, replies
from kws.board.reference import postprocess
from kws.board.session import Session
from kws.errors import BoardError
from tests.support_board import FIRST_SHA256, OUTPUT_SCALE, SECOND_SHA256, HostBoard, host_features, sums

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


def test_handshake(session):
    who = session.handshake()
    assert (who.board, who.clock_hz, who.cycle_unit) == ("host", 1_000_000_000, "nanoseconds")
    assert [(m.name, m.tflite_sha256, m.classes) for m in who.models] == [
        ("sums", FIRST_SHA256, 4),
        ("reversed", SECOND_SHA256, 4),
    ]


@pytest.mark.parametrize("pty", [False, True])
def test_clips_models_and_outputs_equal_the_host(host_program, tmp_path, front_end, clips, pty):
    with HostBoard(host_program, tmp_path / "none", pty).open() as port:
        session = Session(port, TIMEOUT_S)
        session.handshake()
        for samples in clips:
            expected = host_features(samples, front_end)
            session.select_model(0)
            session.upload(samples)
            output = session.run()
            assert np.array_equal(session.features(), expected)
            probabilities, label = postprocess(sums(expected), OUTPUT_SCALE)
            assert np.array_equal(output.logits, sums(expected)) and output.label == label
            assert np.array_equal(output.probabilities, probabilities)
            session.select_model(1)
            other = session.classify()
            assert np.array_equal(other.logits, sums(expected)[::-1]) and other.model == 1
            assert np.array_equal(session.output().logits, other.logits)


def test_timing_leaves_the_clips_features_and_output(session, clips):
    session.upload(clips[4])
    output, features = session.run(), session.features()
    timing = session.time()
    assert tuple(timing.cycles) == protocol.PHASES and min(timing.cycles.values()) > 0
    assert np.array_equal(timing.output.logits, output.logits)
    assert np.array_equal(session.features(), features)
    short = session.time_model()
    assert tuple(short.cycles) == protocol.MODEL_PHASES
    assert np.array_equal(short.output.logits, output.logits)


def test_a_recording_from_the_boards_microphone_is_its_clip(host_program, tmp_path, front_end, clips):
    (tmp_path / "flash.bin").write_bytes(b"image")
    (tmp_path / "heard.raw").write_bytes(clips[5].astype("<i2").tobytes())
    with HostBoard(host_program, tmp_path / "flash.bin", microphone=tmp_path / "heard.raw").open() as port:
        session = Session(port, TIMEOUT_S)
        session.handshake()
        np.testing.assert_array_equal(session.record(), clips[5])
        session.run()
        np.testing.assert_array_equal(session.features(), host_features(clips[5], front_end))


def test_a_board_without_a_microphone_says_so_and_keeps_its_clip(session, clips):
    session.upload(clips[4])
    output = session.run()
    with pytest.raises(replies.Refused, match="no microphone") as refused:
        session.record()
    assert refused.value.code == "no_microphone"
    np.testing.assert_array_equal(session.run().logits, output.logits)


def test_order_of_steps_is_enforced(session, clips):
    for step, code in (
        (session.run, "no_audio"),
        (session.time, "no_audio"),
        (session.classify, "no_features"),
        (session.time_model, "no_features"),
        (session.features, "no_features"),
        (session.output, "no_output"),
    ):
        with pytest.raises(replies.Refused, match=r"/dev/.*command") as refused:
            step()
        assert refused.value.code == code
    session.upload(clips[0])
    session.run()
    session.upload(clips[1])  # features of the clip before are not those of this one
    with pytest.raises(replies.Refused, match="no_features"):
        session.features()


def test_a_model_that_is_not_there_leaves_the_one_that_is(session, clips):
    session.upload(clips[3])
    output = session.run()
    with pytest.raises(replies.Refused, match="bad_model"):
        session.select_model(2)
    assert np.array_equal(session.output().logits, output.logits)


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("bogus", "unknown_command"),
        ("HELLO 1", "unknown_command"),
        ("run now", "bad_argument"),
        ("run ", "bad_argument"),
        ("hello", "bad_argument"),
        ("hello x", "bad_argument"),
        ("hello 4294967296", "bad_argument"),
        ("hello 99999999999999999999", "bad_argument"),
        ("hello ", "bad_argument"),
        ("model -1", "bad_argument"),
        ("model 1 2 3", "bad_argument"),
        ("audio 32000", "bad_argument"),
        ("audio 32000 xyz", "bad_argument"),
        ("audio 31998 00000000", "bad_size"),
        ("audio 0 00000000", "bad_size"),
        ("audio 4294967295 00000000", "bad_size"),
        ("x" * 65, "command_too_long"),
        ("hello 1" + " " * 5000, "command_too_long"),
        ("\x01\x7f\x1b", "unknown_command"),
    ],
)
def test_refused_commands_change_nothing(session, port, clips, command, code):
    session.upload(clips[2])
    before = session.run()
    port.write(f"{command}%".encode())
    error = port.read_until(b"m-ready\r\n").decode()
    assert error == f"e-[{code}: {protocol.ERRORS[code]}]\r\nm-ready\r\n"
    assert np.array_equal(session.output().logits, before.logits)
    assert np.array_equal(session.run().logits, before.logits)


def test_line_ends_and_nul_within_commands_are_ignored(port):
    port.write(b"\r\n\0%%hel\nlo\0 1\r\n%")
    assert b"m-hello-[1 1 host]\r\n" in port.read_until(b"m-crc")


def test_a_damaged_upload_is_refused_and_leaves_no_clip(session, port, clips):
    session.upload(clips[0])
    data = clips[2].tobytes()
    port.write(f"audio {len(data)} {zlib.crc32(data):08x}%".encode())
    assert b"m-send-[32000]" in port.read_until(b"m-ready\r\n")
    port.write(bytes([data[0] ^ 1]) + data[1:])
    assert port.read_until(b"m-ready\r\n").startswith(b"e-[bad_crc")
    with pytest.raises(replies.Refused, match="no_audio"):
        session.run()
    session.upload(clips[2])
    session.run()


@pytest.mark.parametrize("left", [b"audio 32000 0%" + b"\x55" * 777, b"audio 320", b"run%run%hello 1%", b"\xff" * 999])
def test_whatever_a_session_left_behind_the_next_one_gets_into_step(port, clips, front_end, left):
    port.write(left)
    session = Session(port, 2.0)
    session.handshake()
    session.upload(clips[4])
    assert np.array_equal(session.run().logits, sums(host_features(clips[4], front_end)))


def test_uploads_of_another_kind_are_mistakes_of_the_caller(session):
    for samples in (np.zeros(15999, np.int16), np.zeros((1, 16000), np.int16), np.zeros(16000, np.float32)):
        with pytest.raises(ValueError, match="a clip is"):
            session.upload(samples)


def test_reset_starts_again(session, clips):
    session.upload(clips[0])
    session.select_model(1)
    assert session.reset().board == "host"
    with pytest.raises(replies.Refused, match="no_audio"):
        session.run()


def test_transcript_is_the_same_each_time(host_board, clips):
    def talk() -> str:
        with host_board.open() as port:
            session = Session(port, TIMEOUT_S)
            session.handshake()
            session.upload(clips[3])
            session.run()
            with pytest.raises(replies.Refused):
                session.select_model(7)
        return session.transcript.text()

    text = talk()
    assert text == talk()
    assert "> (32000 bytes, crc32 " in text and "> run%\n< m-output-[0 " in text and "< e-[bad_model: " in text
    assert text.startswith("> %hello 1%\n< m-hello-[1 1 host]\n")


def test_a_transcript_replays(host_board, clips):
    with host_board.open() as port:
        session = Session(port, TIMEOUT_S)
        session.handshake()
        session.upload(clips[3])
        output = session.run()
    said = session.transcript.text().split("> run%\n")[1]
    lines = [line.removeprefix("< ") for line in said.splitlines()]
    assert lines.pop() == protocol.READY
    assert np.array_equal(replies.output(replies.parse("run", lines)).logits, output.logits)


def test_nothing_goes_out_before_a_handshake(port):
    with pytest.raises(BoardError, match="handshake"):
        Session(port, 1.0).run()


def test_a_port_that_goes_away(session, port):
    port.close()
    with pytest.raises(BoardError, match="still connected"):
        session.run()
