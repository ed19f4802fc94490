"""The whole road on the emulated nRF52840: .tflite -> C -> image -> flash -> serial session, equal to the host's."""

import os
import re
import signal
import time

import numpy as np
import pytest

from kws.board import emulator, protocol
from kws.board.benchmark import Clip, HostModel, measure
from kws.board.boards import board_named
from kws.board.build import build_image
from kws.board.emulator import running_emulator
from kws.board.flashing import ensure_image, flash
from kws.board.replies import Refused
from kws.board.session import Session
from kws.codegen import generate
from kws.errors import BoardError
from kws.params import Flash
from kws.tflite.interpreter import reference_logits
from kws.tflite.reader import read_graph
from tests.support_board import host_features
from tests.support_tflite import Conv, Dense, Reshape, build

TIMEOUT_S = 20.0
BAUD = 115200


def tiny_conv(filters: int, bits: int, seed: int, zeros: float = 0.0) -> bytes:
    conv = Conv(filters, (10, 8), (2, 2), bits=bits, zeros=zeros)
    layers = [conv, Reshape((500 * filters,)), Dense(4, bits=bits, zeros=zeros)]
    return build((49, 40, 1), layers, seed)


@pytest.fixture(scope="module")
def models() -> dict[str, bytes]:
    """Plain, packed and sparse weights take different ways through the firmware; the third one is of another size."""
    return {
        "deployed": tiny_conv(8, 8, 1),
        "three_bits": tiny_conv(8, 3, 2),
        "smaller": tiny_conv(3, 8, 3),
        "sparse": tiny_conv(8, 8, 4, zeros=0.9),
    }


@pytest.fixture(scope="module")
def host_models(models, image) -> list[HostModel]:
    def host_model(name: str, tflite: bytes, sha256: str) -> HostModel:
        scale = read_graph(tflite).outputs[0].quantization.scales[0]
        return HostModel(name, sha256, lambda f: reference_logits(tflite, f[None])[0], scale)

    return [host_model(name, models[name], sha256) for name, sha256 in image[1].items()]


@pytest.fixture(scope="module")
def image(models, front_end, tmp_path_factory):
    """The image, and the hash of each model in it."""
    folder = tmp_path_factory.mktemp("whole")
    generated = generate(list(models.items()), folder / "generated")
    image = build_image(folder / "generated", front_end, folder / "build", BAUD)
    return image, {entry.name: entry.tflite_sha256 for entry in generated}


@pytest.fixture(scope="module")
def other_image(generated_dir, front_end, tmp_path_factory):
    """An image of other models."""
    return build_image(generated_dir, front_end, tmp_path_factory.mktemp("other") / "build", BAUD)


@pytest.fixture
def board(tmp_path, monkeypatch):
    monkeypatch.setenv("KWS_STORE", str(tmp_path))
    return board_named(Flash(board="emulator", port=None, baud=BAUD, timeout_s=TIMEOUT_S))


@pytest.fixture
def receipt(board, image) -> dict:
    return flash(board, image[0].bin, tuple(image[1].values()), TIMEOUT_S)


def test_every_clip_and_model_equals_the_host_and_time_stands_still(
    board, receipt, image, host_models, clips, front_end
):
    labelled = [Clip(f"clip {i}", samples, i % 4) for i, samples in enumerate(clips)]

    def whole_session():
        with board.open() as port:
            session = Session(port, TIMEOUT_S)
            assert session.handshake().image_sha256 == image[0].sha256 == receipt["image_sha256"]
            runs = measure(session, labelled, lambda s: host_features(s, front_end), host_models, 3, 1)
        return runs, session.transcript.text()

    runs, transcript = whole_session()
    assert [run.mismatches.total() for run in runs] == [0, 0, 0, 0]
    assert len({tuple(run.labels) for run in runs}) > 1  # the models differ, so a mix-up would have shown
    again, transcript_again = whole_session()
    assert [[t.cycles for t in run.timings] for run in runs] == [[t.cycles for t in run.timings] for run in again]
    assert transcript == transcript_again
    deployed = runs[0].timings[0].cycles
    assert deployed["inference"] > 336_000 / 2  # a Cortex-M4 does two MACs a cycle at most
    assert runs[2].timings[0].cycles["inference"] < 0.6 * deployed["inference"]
    assert deployed["preprocess_stride"] < deployed["preprocess"] / 10
    assert deployed["preprocess_stride"] < deployed["preprocess_window"] < deployed["preprocess"] / 10


def test_what_a_cut_session_leaves_in_the_uart(board, receipt, clips, front_end):
    with board.open() as port:
        for left in (
            protocol.frame(1, "hello").encode() + protocol.frame(2, "put 0 4000 00000000").encode() + b"\x00\xff" * 999,
            b"#3 time 0%#1 run",
            b"%%\r\nname%help%",
        ):
            port.write(left)
            session = Session(port, 2.0)
            session.handshake()
            session.upload(clips[3])
            session.run()
            assert np.array_equal(session.features(), host_features(clips[3], front_end))


def test_the_emulated_board_has_no_microphone_and_stays_in_step(board, receipt, clips, front_end):
    with board.open() as port:
        session = Session(port, TIMEOUT_S)
        session.handshake()
        session.upload(clips[3])
        with pytest.raises(Refused, match="no microphone"):
            session.record()
        session.run()
        assert np.array_equal(session.features(), host_features(clips[3], front_end))


def test_over_tcp_and_through_a_reset(board, receipt, image, clips):
    flash_file = board.flash_file
    with running_emulator(flash_file, tcp=True) as url:
        other = board_named(Flash(board="any", port=url, baud=BAUD, timeout_s=TIMEOUT_S))
        with other.open() as port:
            session = Session(port, TIMEOUT_S)
            session.handshake()
            session.upload(clips[5])
            before = session.time()
            assert session.reset().image_sha256 == image[0].sha256
            session.upload(clips[5])
            after = session.time()
    assert before.cycles == after.cycles and tuple(after.cycles) == protocol.PHASES
    assert np.array_equal(before.output.logits, after.output.logits)


@pytest.mark.skipif(os.name != "posix", reason="no signals here")
def test_a_board_that_is_killed_in_the_middle_of_a_benchmark(
    board, receipt, host_models, clips, front_end, monkeypatch
):
    processes, ports = [], []
    start = emulator._start
    monkeypatch.setattr(emulator, "_start", lambda *words: processes.append(start(*words)) or processes[-1])
    labelled = [Clip(f"clip {i}", samples, i % 4) for i, samples in enumerate(clips[:3])]

    def benchmark(features):
        with board.open() as port:
            ports.append(port.port)
            session = Session(port, 3.0)
            session.handshake()
            return measure(session, labelled, features, host_models, 1, 1)

    def killing(samples):
        if samples is labelled[1].samples:
            processes[-1].send_signal(signal.SIGKILL)
        return host_features(samples, front_end)

    started = time.monotonic()
    with pytest.raises(BoardError) as raised:
        benchmark(killing)
    assert time.monotonic() - started < 30
    assert re.search(r"ended by SIGKILL: run the stage again.*/dev/\S+, command 'put': cannot ", str(raised.value))
    assert processes[-1].returncode == -signal.SIGKILL
    taken = os.openpty()  # the name of the port that is gone
    try:
        runs = benchmark(lambda samples: host_features(samples, front_end))
    finally:
        os.close(taken[0])
        os.close(taken[1])
    assert [run.mismatches.total() for run in runs] == [0, 0, 0, 0]
    assert len(processes) == 2 and ports[0] != ports[1]


def test_another_image_on_the_board_is_found_out_and_replaced(other_image, board, receipt, image, capsys):
    assert not ensure_image(board, receipt, image[0].bin, TIMEOUT_S)
    board.program(other_image.bin)
    assert ensure_image(board, receipt, image[0].bin, TIMEOUT_S)
    assert f"holds image {other_image.sha256[:12]}" in capsys.readouterr().err
    board.flash_file.unlink()
    assert ensure_image(board, receipt, image[0].bin, TIMEOUT_S)


def test_garbage_on_the_flash_is_an_error_in_words(board, receipt, image, tmp_path):
    garbage = tmp_path / "garbage.bin"
    garbage.write_bytes(bytes(1000))
    board.program(garbage)
    started = time.monotonic()
    assert ensure_image(board, receipt, image[0].bin, 3.0)
    assert time.monotonic() - started < 20
