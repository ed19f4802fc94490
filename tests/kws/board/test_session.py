"""Sessions with the firmware itself, on its host port; boards that misbehave are in test_session_errors.py."""

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


def test_a_start_in_the_middle_of_a_session_does_not_pass_unseen(session, port, clips):
    session.upload(clips[0])
    port.write(protocol.frame(2**31, "reset").encode())
    with pytest.raises(BoardError, match=r"/dev/.*command 'run': the board has started again in the middle"):
        session.run()
    with pytest.raises(BoardError, match="handshake"):
        session.run()


UNFINISHED = protocol.frame(1, "hello").encode() + protocol.frame(2, "put 0 4000 00000000").encode()


@pytest.mark.parametrize("left", [UNFINISHED + b"\x55" * 777, b"#1 audio 320", b"name%help%#1 hello 1%", b"\xff" * 999])
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
    assert " (4000 bytes, crc32 " in text and " run " in text and "< e-[bad_model]" in text
    assert text.startswith(f"> {protocol.frame(1, 'hello')}\n< m-hello-[2 host 2]\n")


def test_a_transcript_replays(host_board, clips):
    with host_board.open() as port:
        session = Session(port, TIMEOUT_S)
        session.handshake()
        session.upload(clips[3])
        output, features = session.run(), session.features()
        with pytest.raises(replies.Refused):
            session.select_model(7)
        session.time()
    answers = replies.replay(session.transcript.text())
    commands = [command for command, _ in answers]
    assert commands == ["hello", "describe", "describe", *["put"] * 8, "audio", "run", "features", "model", "time"]
    said = dict(answers)
    assert np.array_equal(replies.output(said["run"]).logits, output.logits)
    assert replies.part(said["features"], "features", 0, 1960)[1] == features.tobytes()
    assert isinstance(said["model"], replies.Refused) and said["model"].code == "bad_model"
    assert replies.timing(said["time"], protocol.PHASES).output.label == output.label


def test_nothing_goes_out_before_a_handshake(port):
    with pytest.raises(BoardError, match="handshake"):
        Session(port, 1.0).run()


def test_a_port_that_goes_away(session, port):
    port.close()
    with pytest.raises(
        BoardError, match=r"/dev/.*command 'run': cannot .*still connected\?.*line \d+ of the transcript"
    ):
        session.run()
