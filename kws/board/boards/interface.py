"""What a board is to the host: something to build for, to program and to talk to.

A board that cannot be reached is an error; none stands in for another.
"""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import serial

from kws.board.cycle_models import TABLE
from kws.params import FrontEnd

IMAGE = "image.bin"  # in a build folder: the bytes of flash from 0x10000 on


class Board(Protocol):
    """A board.

    Attributes:
        name: as in flash.board.
        cycles_are: "modelled" or "measured".
        can_program: whether `program` can do anything; otherwise it raises.
        bounds: names of cycle models that `open` takes beside the default; none where cycles are measured.
        image_file: in a build folder, the file that `program` takes and whose SHA-256 the board reports.
    """

    name: str
    cycles_are: str
    can_program: bool
    bounds: tuple[str, ...]
    image_file: str

    def prepare(self, generated: Path, front_end: FrontEnd, build: Path) -> None:
        """Write what this board is programmed with beside image.bin, if that is not image.bin itself.

        Args:
            generated: the folder that kws.codegen.generate wrote.
            front_end: parameters of the front end's tables.
            build: the folder that kws.board.build.build_image filled.
        """

    def program(self, image: Path) -> None:
        """Put what image_file names onto the board and let it start; BoardError with what to do."""

    def open(self, cycle_model: str = TABLE) -> AbstractContextManager[serial.SerialBase]:
        """Context manager that gives an open pyserial port and closes it; BoardError with what to do."""


class BareMetal:
    """A board that runs image.bin as it is."""

    image_file = IMAGE

    def prepare(self, generated: Path, front_end: FrontEnd, build: Path) -> None:
        """See Board: there is nothing more to write."""
