"""kws.recording_devices with the firmware's host port: a file for a microphone, and none."""

import numpy as np
import pytest

from kws.errors import BoardError
from kws.params import Flash
from kws.recording_devices import board_microphone
from tests.support_board import HostBoard

FLASH = Flash(board="any", port="loop://", baud=115200, timeout_s=10.0)


def test_takes_come_from_the_board(host_program, tmp_path, clips, monkeypatch):
    (tmp_path / "flash.bin").write_bytes(b"image")
    (tmp_path / "heard.raw").write_bytes(clips[3].astype("<i2").tobytes())
    board = HostBoard(host_program, tmp_path / "flash.bin", microphone=tmp_path / "heard.raw")
    monkeypatch.setattr("kws.board.boards.board_named", lambda flash: board)
    with board_microphone(FLASH, None) as microphone:
        for _ in range(2):
            np.testing.assert_array_equal(microphone.take(1.0), clips[3])


def test_a_board_without_a_microphone_is_an_error_in_words(host_board, monkeypatch):
    monkeypatch.setattr("kws.board.boards.board_named", lambda flash: host_board)
    with (
        pytest.raises(BoardError, match=r"'host' has no microphone that its firmware can use.*no_microphone.*--input"),
        board_microphone(FLASH, None) as microphone,
    ):
        microphone.take(1.0)
