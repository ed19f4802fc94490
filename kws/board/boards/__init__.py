"""The boards that `flash.board` names, a file each, behind one small interface (kws/board/boards/interface.py).

    board = board_named(params.flash)
    board.program(Path("build/image.bin"))
    with board.open() as port: ...

What each needs, and which of them were never run on hardware: docs/boards.md.
"""

from kws.board.boards.any import AnyBoard
from kws.board.boards.emulator import EmulatorBoard
from kws.board.boards.interface import Board
from kws.board.boards.nano33ble import Nano33BleBoard
from kws.board.boards.nrf52840 import Nrf52840Board
from kws.errors import BoardError
from kws.params import Flash

__all__ = ["AnyBoard", "Board", "EmulatorBoard", "Nano33BleBoard", "Nrf52840Board", "board_named"]


def board_named(flash: Flash) -> Board:
    """The board that params.yaml asks for.

    Raises:
        BoardError: an unknown name, with those that are known.
    """
    makers = {
        "emulator": lambda: EmulatorBoard(flash.baud),
        "nano33ble": lambda: Nano33BleBoard(flash.port, flash.baud, flash.timeout_s),
        "nrf52840": lambda: Nrf52840Board(flash.port, flash.baud),
        "any": lambda: AnyBoard(flash.port, flash.baud),
    }
    if flash.board not in makers:
        raise BoardError(f"flash.board is {flash.board!r}; it is one of {', '.join(makers)}.")
    return makers[flash.board]()
