"""Whatever answers at a pyserial URL: a board with its own programmer, a relay. Never programmed from here."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import serial

from kws.board.boards.interface import BareMetal
from kws.board.boards.ports import opened, refuse_cycle_model
from kws.board.cycle_models import TABLE
from kws.board.memory import FLASH_START
from kws.errors import BoardError


class AnyBoard(BareMetal):
    """See Board and this module."""

    name = "any"
    cycles_are = "measured"
    can_program = False
    bounds = ()

    def __init__(self, port: str | None, baud: int):
        self._port, self._baud = port, baud

    def program(self, image: Path) -> None:
        """Always refused."""
        raise BoardError(
            f"flash.board is any, so nothing is programmed here: write {image} to the board's flash at "
            f"{FLASH_START:#x} with its own tool, or set flash.board to nano33ble (USB), nrf52840 (SWD) or emulator."
        )

    @contextmanager
    def open(self, cycle_model: str = TABLE) -> Iterator[serial.SerialBase]:
        """Open flash.port."""
        refuse_cycle_model(self.name, cycle_model)
        with opened(self._port, self._baud, self.name) as port:
            yield port
