"""The boards that flash.board names: their names, what they promise, and the emulator's and `any`'s own ways."""

import pytest

from kws.board.boards import board_named
from kws.errors import BoardError
from kws.params import Flash

NAMES = ("emulator", "nano33ble", "nrf52840", "any")


def flash(board: str, port: str | None = None) -> Flash:
    return Flash.model_construct(board=board, port=port, baud=115200, timeout_s=5.0)


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "image.bin"
    path.write_bytes(b"\x01\x02\x03")
    return path


def test_an_unknown_name_gets_the_known_ones():
    with pytest.raises(BoardError, match="'stm32'; it is one of emulator, nano33ble, nrf52840, any"):
        board_named(flash("stm32"))


def test_what_they_promise():
    boards = [board_named(flash(name, "loop://")) for name in NAMES]
    assert tuple(board.name for board in boards) == NAMES
    assert [board.cycles_are for board in boards] == ["modelled", "measured", "measured", "measured"]
    assert [board.can_program for board in boards] == [True, True, True, False]
    assert [len(board.bounds) for board in boards] == [3, 0, 0, 0]
    assert [board.image_file for board in boards] == ["image.bin", "sketch/kws/SHA256SUMS", "image.bin", "image.bin"]


def test_params_know_them_and_which_need_a_port():
    for name in NAMES:
        assert Flash(board=name, port="loop://", baud=115200, timeout_s=5.0).board == name
    assert Flash(board="nano33ble", port=None, baud=115200, timeout_s=5.0).port is None  # found by its USB ids
    for name in ("nrf52840", "any"):
        with pytest.raises(ValueError, match=f"board is {name} but port is null"):
            Flash(board=name, port=None, baud=115200, timeout_s=5.0)


def test_programming_the_emulator_writes_its_flash_file(image, tmp_path, monkeypatch):
    monkeypatch.setenv("KWS_STORE", str(tmp_path / "store"))
    board_named(flash("emulator")).program(image)
    content = (tmp_path / "store" / "board" / "emulator.flash").read_bytes()
    assert content == b"\xff" * 0x10000 + b"\x01\x02\x03"


def test_an_emulator_without_a_program(tmp_path, monkeypatch):
    monkeypatch.setenv("KWS_STORE", str(tmp_path / "store"))
    with pytest.raises(BoardError, match=r"flash is empty .*dvc repro -f flash"), board_named(flash("emulator")).open():
        pass


def test_any_is_never_programmed(image):
    with pytest.raises(BoardError, match=r"flash\.board is any, so nothing is programmed.*0x10000"):
        board_named(flash("any", "loop://")).program(image)


@pytest.mark.parametrize("name", ["nano33ble", "nrf52840", "any"])
def test_a_board_that_counts_its_cycles_takes_no_cycle_model(name):
    with pytest.raises(BoardError, match=rf"{name} counts cycles itself"), board_named(flash(name)).open("upper"):
        pass
