"""Flashing and the receipt, on the host port: what is programmed, verified, and programmed again."""

import pytest

from kws.board.flashing import ensure_image, flash
from kws.errors import ArtifactError, BoardError
from kws.files import sha256
from tests.support_board import FIRST_SHA256, SECOND_SHA256

MODELS = (FIRST_SHA256, SECOND_SHA256)
TIMEOUT_S = 5.0


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "image.bin"
    path.write_bytes(b"an image" * 100)
    return path


@pytest.fixture
def receipt(host_board, image):
    return flash(host_board, image, MODELS, TIMEOUT_S)


def test_receipt(receipt, image):
    assert receipt["board"] == "host"
    assert receipt["image_sha256"] == sha256(image.read_bytes())
    assert receipt["image_bytes"] == 800
    assert receipt["models"][1] == {"name": "reversed", "tflite_sha256": SECOND_SHA256}


def test_a_board_that_keeps_another_image(host_board, image, monkeypatch):
    monkeypatch.setattr(host_board, "program", lambda image: None)
    with pytest.raises(BoardError, match=r"holds image e3b0c44298fc \(0 bytes\), not"):
        flash(host_board, image, MODELS, TIMEOUT_S)


def test_an_image_with_other_models(host_board, image):
    with pytest.raises(BoardError, match=r"carries sums .*reversed .*not the models"):
        flash(host_board, image, MODELS[:1], TIMEOUT_S)


def test_the_right_image_is_left_alone(host_board, image, receipt, capsys):
    assert not ensure_image(host_board, receipt, image, TIMEOUT_S)
    assert host_board.programmed == 1
    assert capsys.readouterr().err == ""


def test_another_image_is_replaced_and_said(host_board, image, receipt, tmp_path, capsys):
    other = tmp_path / "other.bin"
    other.write_bytes(b"another image")
    host_board.program(other)
    assert ensure_image(host_board, receipt, image, TIMEOUT_S)
    assert host_board.programmed == 3
    assert "Programming host again: host holds image" in capsys.readouterr().err
    assert not ensure_image(host_board, receipt, image, TIMEOUT_S)


def test_an_image_that_does_not_answer_is_replaced(host_board, image, receipt, monkeypatch, capsys):
    working = host_board.open
    tries = []

    def failing_once():
        tries.append(1)
        if len(tries) == 1:
            raise BoardError("no answer in time")
        return working()

    monkeypatch.setattr(host_board, "open", failing_once)
    assert ensure_image(host_board, receipt, image, TIMEOUT_S)
    assert "Programming host again: no answer in time" in capsys.readouterr().err


def test_a_board_that_is_not_programmed_from_here_says_how(host_board, image, receipt, tmp_path, monkeypatch):
    other = tmp_path / "other.bin"
    other.write_bytes(b"another image")
    host_board.program(other)
    monkeypatch.setattr(host_board, "can_program", False)
    with pytest.raises(BoardError, match=r"programs nothing: write .*image\.bin at 0x10000"):
        ensure_image(host_board, receipt, image, TIMEOUT_S)
    with pytest.raises(BoardError, match="programs nothing"):
        flash(host_board, image, MODELS, TIMEOUT_S)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": 0}, "schema 0, not 1"),
        ({"board": "emulator"}, r"of board emulator, flash\.board is host"),
        ({"image_sha256": "0" * 64}, "of image 000000000000, .*image.bin is"),
    ],
)
def test_receipts_that_do_not_belong(host_board, image, receipt, change, message):
    with pytest.raises(ArtifactError, match=f"{message}.*dvc repro -f flash"):
        ensure_image(host_board, receipt | change, image, TIMEOUT_S)
