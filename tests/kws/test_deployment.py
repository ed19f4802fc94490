"""`flash`: two images from the candidates, a receipt with sizes and errors of the estimate; the board is a stand-in."""

import json

import pytest

from kws import deployment
from kws.board.boards import Nano33BleBoard
from kws.board.boards.interface import BareMetal
from kws.conversion_manifest import Candidate, write_candidates
from kws.deployment import benchmark_image, deploy
from kws.errors import ArtifactError, BoardError
from kws.files import sha256
from tests.support_learning import params
from tests.support_tflite import Conv, Dense, Reshape, build


def tiny_conv(filters: int, bits: int) -> bytes:
    layers = [Conv(filters, (10, 8), (2, 2), bits=bits), Reshape((filters * 500,)), Dense(4, bits=bits)]
    return build((49, 40, 1), layers, seed=1)


BOARD = BareMetal()
FILES = {"deployed": tiny_conv(8, 3), "structured_750": tiny_conv(2, 8)}


@pytest.fixture(scope="module")
def deployed(tmp_path_factory):
    """The folder, the receipt, and what the board was asked to hold."""
    folder, asked = tmp_path_factory.mktemp("deployment"), []
    (folder / "candidates").mkdir()
    candidates = [
        Candidate(name, f"{name}.tflite", sha256(data), 8, 0, "qat", 0, True, 0.1) for name, data in FILES.items()
    ]
    write_candidates(folder / "candidates", FILES, candidates)
    estimate = {"deployed": {"flash_bytes_estimate": 40_000, "ram_bytes_estimate": 70_000}}
    (folder / "convert.json").write_text(json.dumps(estimate))

    def flash(board, image, hashes, timeout_s):
        asked.append((image, hashes, timeout_s))
        return {"board": "stand-in", "image_sha256": sha256(image.read_bytes())}

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KWS_STORE", str(folder / "store"))
        patch.setattr(deployment, "board_named", lambda flash_params: BOARD)
        patch.setattr(deployment, "flash", flash)
        receipt = deploy(folder / "candidates", folder / "convert.json", folder / "images", params())
    return folder, receipt, asked


def test_the_board_gets_the_image_with_every_model(deployed):
    folder, receipt, asked = deployed
    assert asked == [(benchmark_image(folder / "images", BOARD), tuple(map(sha256, FILES.values())), 20.0)]
    assert receipt["image_sha256"] == sha256(benchmark_image(folder / "images", BOARD).read_bytes())
    assert receipt["board"] == "stand-in"


def test_sizes_are_the_shipped_images(deployed):
    folder, receipt, _ = deployed
    shipped = (folder / "images" / deployment.SHIPPED / "image.bin").read_bytes()
    assert receipt["flash_bytes"] == len(shipped) and receipt["shipped_image_sha256"] == sha256(shipped)
    assert receipt["benchmark_flash_bytes"] == benchmark_image(folder / "images", BOARD).stat().st_size > len(shipped)
    assert receipt["weight_bytes"] == (640 * 3 + 7) // 8 + (16_000 * 3 + 7) // 8


def test_every_model_says_what_is_its_own(deployed):
    _, receipt, _ = deployed
    stored = {one["name"]: one for one in receipt["stored"]}
    assert list(stored) == list(FILES)
    for one in stored.values():  # biases, scales, softmax, name and hash, descriptions, calls
        assert one["weight_bytes"] + 128 + 64 < one["flash_bytes"] < one["weight_bytes"] + 700
    assert sum(one["flash_bytes"] for one in stored.values()) < receipt["benchmark_flash_bytes"]


def test_errors_of_the_estimate_are_signed_fractions(deployed):
    _, receipt, _ = deployed
    assert receipt["flash_estimate_error"] == pytest.approx((40_000 - receipt["flash_bytes"]) / receipt["flash_bytes"])
    assert receipt["ram_estimate_error"] == pytest.approx((70_000 - receipt["ram_bytes"]) / receipt["ram_bytes"])


def test_images_depend_on_the_candidates_alone(deployed, tmp_path, monkeypatch):
    folder, receipt, _ = deployed
    monkeypatch.setattr(deployment, "board_named", lambda flash_params: BOARD)
    monkeypatch.setattr(deployment, "flash", lambda *_: {"board": "stand-in", "image_sha256": receipt["image_sha256"]})
    assert deploy(folder / "candidates", folder / "convert.json", tmp_path / "images", params()) == receipt
    again, before = benchmark_image(tmp_path / "images", BOARD), benchmark_image(folder / "images", BOARD)
    assert again.read_bytes() == before.read_bytes()


def test_a_board_that_takes_something_else_gets_it_from_the_same_models(deployed, tmp_path, monkeypatch):
    folder, receipt, _ = deployed
    monkeypatch.setattr(deployment, "board_named", lambda flash_params: Nano33BleBoard(None, 115200, 1.0))
    monkeypatch.setattr(deployment, "flash", lambda board, image, hashes, timeout_s: {"programmed": image})
    nano = deploy(folder / "candidates", folder / "convert.json", tmp_path / "images", params())
    assert nano["programmed"].name == "SHA256SUMS" and nano["flash_bytes"] == receipt["flash_bytes"]
    assert "src/model_structured_750.c" in nano["programmed"].read_text()
    assert not (tmp_path / "images" / deployment.SHIPPED / "sketch").exists()


@pytest.mark.parametrize(
    ("board", "message"), [("nano33ble", "there is no arduino-cli"), ("nrf52840", "there is no pyocd")]
)
def test_a_real_board_that_is_not_there_is_an_error_and_nothing_stands_in(
    deployed, tmp_path, monkeypatch, board, message
):
    folder, *_ = deployed
    monkeypatch.undo()
    monkeypatch.setenv("KWS_STORE", str(folder / "store"))
    monkeypatch.setenv("PATH", str(tmp_path))
    wanted = params(flash={"board": board, "port": "/dev/nowhere"})
    with pytest.raises(BoardError, match=f"flash.board is {board}, but {message}"):
        deploy(folder / "candidates", folder / "convert.json", tmp_path / "images", wanted)
    assert not (folder / "store" / "board").exists()


def test_candidates_that_are_not_there_are_refused(tmp_path):
    with pytest.raises(ArtifactError, match="dvc repro convert"):
        deploy(tmp_path / "candidates", tmp_path / "convert.json", tmp_path / "images", params())
