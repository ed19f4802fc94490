"""ds_cnn as this project exports it, of 8 and of 3 bits, on the emulated nRF52840: every logit is the host's."""

import pytest

from kws.board.benchmark import Clip, HostModel, measure
from kws.board.boards import board_named
from kws.board.build import build_image
from kws.board.flashing import flash
from kws.board.session import Session
from kws.codegen import generate
from kws.params import Flash
from kws.tflite.interpreter import reference_logits
from kws.tflite.reader import read_graph
from tests import support_conversion
from tests.support_board import host_features

TIMEOUT_S = 20.0
BAUD = 115200


@pytest.fixture(scope="module")
def models(converted) -> dict[str, bytes]:
    names = [f"ds_cnn_{bits}" for bits in support_conversion.DS_CNN_WIDTHS]
    return {name: (converted / f"{name}.tflite").read_bytes() for name in names}


def host_model(name: str, tflite: bytes, sha256: str) -> HostModel:
    scale = read_graph(tflite).outputs[0].quantization.scales[0]
    return HostModel(name, sha256, lambda features: reference_logits(tflite, features[None])[0], scale)


def test_every_clip_at_both_widths_equals_the_host(models, front_end, clips, tmp_path, monkeypatch):
    generated = generate(list(models.items()), tmp_path / "generated")
    image = build_image(tmp_path / "generated", front_end, tmp_path / "build", BAUD)
    host_models = [host_model(entry.name, models[entry.name], entry.tflite_sha256) for entry in generated]
    monkeypatch.setenv("KWS_STORE", str(tmp_path))
    board = board_named(Flash(board="emulator", port=None, baud=BAUD, timeout_s=TIMEOUT_S))
    flash(board, image.bin, tuple(model.tflite_sha256 for model in host_models), TIMEOUT_S)
    labelled = [Clip(f"clip {i}", samples, i % 4) for i, samples in enumerate(clips)]
    with board.open() as port:
        session = Session(port, TIMEOUT_S)
        session.handshake()
        runs = measure(session, labelled, lambda samples: host_features(samples, front_end), host_models, 2, 1)
    assert [run.mismatches.total() for run in runs] == [0, 0]
    assert all(run.timings[0].cycles["inference"] > entry.macs / 2 for run, entry in zip(runs, generated, strict=True))
