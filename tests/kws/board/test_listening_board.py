"""Listening on the emulated nRF52840 and on the host port: the same words as the host computes, at the same times."""

import time
from itertools import pairwise

import numpy as np
import pytest

from kws.audio import write_wav
from kws.board.boards.emulator import EmulatorBoard
from kws.board.build import build_host_program, build_image
from kws.board.flashing import flash
from kws.board.replies import Refused
from kws.board.replies_listening import Heard, Level
from kws.board.session import Session
from kws.codegen import generate
from kws.errors import BoardError
from kws.listening import ListenSettings, Word, heard
from kws.params import load_params
from kws.tflite.interpreter import reference_logits
from kws.tflite.reader import read_graph
from tests.conftest import REPOSITORY
from tests.support_board import HostBoard
from tests.support_listening import SECONDS, recording_samples
from tests.support_tflite import Conv, Dense, Reshape, build

TIMEOUT_S = 20.0
EASY = ListenSettings(strides=3, smoothing=2, threshold_q15=9000, suppression_ms=100)  # a random model is unsure


@pytest.fixture(scope="module")
def front_end():
    return load_params(REPOSITORY / "params.yaml").front_end


@pytest.fixture(scope="module")
def model() -> bytes:
    return build((49, 40, 1), [Conv(8, (10, 8), (2, 2)), Reshape((4000,)), Dense(4)], 19)  # it likes words


@pytest.fixture(scope="module")
def generated(model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("listen")
    entries = generate([("deployed", model)], folder / "generated")
    return folder / "generated", tuple(entry.tflite_sha256 for entry in entries)


@pytest.fixture(scope="module")
def board(generated, front_end, tmp_path_factory):
    folder = tmp_path_factory.mktemp("image")
    image = build_image(generated[0], front_end, folder / "build", 115200)
    board = EmulatorBoard(115200, folder)
    flash(board, image.bin, generated[1], TIMEOUT_S)
    return board


@pytest.fixture(scope="module")
def host_board(generated, front_end, tmp_path_factory):
    """The host port, with the recording as its microphone."""
    folder = tmp_path_factory.mktemp("host")
    program = build_host_program(generated[0], front_end, folder / "build")
    (folder / "flash").write_bytes(b"")
    (folder / "samples").write_bytes(recording_samples().astype("<i2").tobytes())
    return HostBoard(program, folder / "flash", microphone=folder / "samples")


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    path = tmp_path_factory.mktemp("wav") / "noise.wav"
    write_wav(path, recording_samples())
    return path


def listened(session: Session, settings: ListenSettings, until_ms: int) -> list:
    """All reports up to that time, then what `stop` says."""
    session.listen(settings)
    reports = []
    while not (reports and reports[-1].ms >= until_ms):
        reports.append(session.report())
    return [*reports, session.stop()]


def words(reports: list) -> list[Word]:
    return [Word(r.ms, r.label, r.score) for r in reports if isinstance(r, Heard) and r.ms <= SECONDS * 1000]


def on_host(model: bytes, front_end, settings: ListenSettings) -> list[Word]:
    scale = read_graph(model).outputs[0].quantization.scales[0]
    silence = np.zeros(16_000, np.int16)
    samples = np.concatenate([recording_samples(), silence])
    found = heard(samples, front_end, settings, lambda f: reference_logits(model, f), scale)
    return [word for word in found if word.ms <= SECONDS * 1000]


@pytest.mark.parametrize("settings", [EASY, ListenSettings(1, 1, 1, 0), ListenSettings(5, 8, 8500, 300)])
def test_the_board_hears_what_the_host_computes(board, recording, model, front_end, settings):
    with board.open(microphone=recording, speed="fast") as port:
        session = Session(port, TIMEOUT_S)
        session.handshake()
        reports = listened(session, settings, SECONDS * 1000)
    expected = on_host(model, front_end, settings)
    assert words(reports) == expected
    assert len(expected) > 1
    numbers = [report.number for report in reports if isinstance(report, Heard)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert reports[-1].words >= len(numbers)  # until the board heard of the end
    assert reports[-1].lost_samples == 0


def test_the_host_port_hears_the_same(host_board, model, front_end):
    with host_board.open() as port:
        session = Session(port, TIMEOUT_S)
        session.handshake()
        reports = listened(session, EASY, SECONDS * 1000)
    assert words(reports) == on_host(model, front_end, EASY)


def test_the_level_is_that_of_the_loudest_sample(board, recording):
    with board.open(microphone=recording, speed="fast") as port:
        session = Session(port, TIMEOUT_S)
        session.handshake()
        reports = listened(session, EASY, SECONDS * 1000)
    levels = [report for report in reports if isinstance(report, Level)]
    samples = np.abs(recording_samples().astype(int))
    assert len(levels) >= 8
    for before, after in pairwise(levels):
        if after.ms <= SECONDS * 1000:
            assert after.peak == samples[before.ms * 16 : after.ms * 16].max()


def test_at_real_rate_a_second_takes_a_second_and_nothing_is_lost(board, recording):
    with board.open(microphone=recording) as port:
        session = Session(port, TIMEOUT_S)
        session.handshake()
        started = time.monotonic()
        reports = listened(session, EASY, 2500)
        took_s = time.monotonic() - started
    assert took_s >= 2.4
    assert reports[-1].ms + reports[-1].lost_samples / 16 >= 2500


def test_after_listening_the_board_answers_commands(board, recording, front_end):
    clip = recording_samples()[:16_000]
    with board.open(microphone=recording, speed="fast") as port:
        session = Session(port, TIMEOUT_S)
        session.handshake()
        session.listen(EASY)
        port.write(b"\r\n%\0")  # nothing that begins a command: it goes on listening
        assert session.report() is not None
        assert session.handshake().models  # ends it as well
        session.listen(EASY)
        session.stop()
        with pytest.raises(Refused, match="no_audio"):
            session.run()
        session.upload(clip)
        assert session.run().label in range(4)


def test_a_recording_is_what_the_microphone_hears_behind_its_settling(board, recording):
    with board.open(microphone=recording, speed="fast") as port:
        session = Session(port, TIMEOUT_S)
        session.handshake()
        assert np.array_equal(session.record(), recording_samples()[4000:20_000])
        assert np.array_equal(session.record(), recording_samples()[4000:20_000])


def test_without_a_microphone_both_commands_are_refused_and_the_session_goes_on(board):
    with board.open() as port:
        session = Session(port, TIMEOUT_S)
        session.handshake()
        with pytest.raises(Refused, match="no_microphone"):
            session.listen(EASY)
        with pytest.raises(Refused, match="no_microphone"):
            session.record()
        assert session.stop().words == 0


def test_settings_out_of_range_are_refused(board, recording):
    with board.open(microphone=recording) as port:
        session = Session(port, TIMEOUT_S)
        session.handshake()
        for change in ({"strides": 0}, {"strides": 51}, {"smoothing": 9}, {"threshold_q15": 32769}):
            with pytest.raises(Refused, match="bad_argument"):
                session.listen(EASY._replace(**change))


def test_a_file_that_is_no_wav_ends_the_emulator_with_a_reason(board, tmp_path):
    (tmp_path / "a.wav").write_bytes(b"nothing")
    with pytest.raises(BoardError, match=r"a\.wav"), board.open(microphone=tmp_path / "a.wav") as port:
        session = Session(port, TIMEOUT_S)
        session.handshake()
        session.listen(EASY)
