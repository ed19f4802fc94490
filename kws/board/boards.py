"""The boards that `flash.board` names, behind one small interface: program it, open its port.

    board = board_named(params.flash)
    board.program(Path("build/image.bin"))
    with board.open() as port: ...

A board that cannot be reached is an error; none stands in for another.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import serial

from kws.board.cycle_models import BOUNDS, TABLE
from kws.board.memory import FLASH_START
from kws.errors import BoardError
from kws.files import write_bytes
from kws.params import Flash
from kws.store import store_root
from kws.workspace import in_experiment

_PROGRAM_LIMIT_S = 180


class Board(Protocol):
    """A board.

    Attributes:
        name: as in flash.board.
        cycles_are: "modelled" or "measured".
        can_program: whether `program` can do anything; otherwise it raises.
        bounds: names of cycle models that `open` takes beside the default; none where cycles are measured.
    """

    name: str
    cycles_are: str
    can_program: bool
    bounds: tuple[str, ...]

    def program(self, image: Path) -> None:
        """Write an image (bytes of flash from 0x10000 on) and let the board start it; BoardError with what to do."""

    def open(self, cycle_model: str = TABLE) -> "contextmanager[serial.SerialBase]":
        """Context manager that gives an open pyserial port and closes it; BoardError with what to do."""


class EmulatorBoard:
    """An emulated nRF52840 in a process of its own; its flash is a file in the ignored store, and outlives it."""

    name = "emulator"
    cycles_are = "modelled"
    can_program = True
    bounds = BOUNDS

    def __init__(self, baud: int, folder: Path | None = None):
        self._baud = baud
        self.flash_file = (folder or _board_folder()) / "emulator.flash"
        self._elf_file = self.flash_file.with_suffix(".elf")

    def program(self, image: Path) -> None:
        elf = image.with_suffix(".elf")  # of no use but to name the function in which a firmware fails
        self._elf_file.unlink(missing_ok=True)
        write_bytes(self.flash_file, b"\xff" * FLASH_START + image.read_bytes())
        if elf.exists():
            write_bytes(self._elf_file, elf.read_bytes())

    @contextmanager
    def open(self, cycle_model: str = TABLE) -> Iterator[serial.SerialBase]:
        from kws.board.emulator import running_emulator  # loads unicorn, which no other board needs

        if not self.flash_file.exists():
            raise BoardError(f"The emulated board's flash is empty ({self.flash_file}): run `dvc repro -f flash`.")
        elf = self._elf_file if self._elf_file.exists() else None
        with (
            running_emulator(self.flash_file, elf=elf, cycle_model=cycle_model) as url,
            _opened(url, self._baud) as port,
        ):
            yield port


def _board_folder() -> Path:
    """In the ignored store; experiments that DVC runs side by side, each in a copy, have each a board of its own."""
    copy = Path.cwd().resolve()
    return (copy / ".kws" if in_experiment(copy) else store_root()) / "board"


class Nrf52840Board:
    """A real nRF52840: programmed over SWD by pyocd, talked to over a serial port."""

    name = "nrf52840"
    cycles_are = "measured"
    can_program = True
    bounds = ()

    def __init__(self, port: str | None, baud: int):
        self._port, self._baud = port, baud

    def program(self, image: Path) -> None:
        if self._port is None:
            raise BoardError(
                "flash.board is nrf52840, but flash.port is null: set it to the serial port that is wired to P1.03 "
                "(TX) and P1.10 (RX), such as /dev/ttyUSB0 or socket://HOST:PORT. Without a board, set "
                "flash.board to emulator."
            )
        tool = shutil.which("pyocd")
        if tool is None:
            raise BoardError(
                "flash.board is nrf52840, but there is no pyocd to program it with: `python -m pip install pyocd`, "
                "connect a debug probe to the board's SWD pads, and check it with `pyocd list`."
            )
        if not json.loads(_pyocd(tool, "json", "--probes")).get("boards"):
            raise BoardError("pyocd finds no debug probe: connect one to the board's SWD pads; `pyocd list` shows it.")
        _pyocd(tool, "flash", "--target", "nrf52840", "--base-address", hex(FLASH_START), "--format", "bin", str(image))
        _pyocd(tool, "reset", "--target", "nrf52840")

    @contextmanager
    def open(self, cycle_model: str = TABLE) -> Iterator[serial.SerialBase]:
        _refuse_model(self, cycle_model)
        with _opened(self._port, self._baud) as port:
            yield port


class AnyBoard:
    """Whatever answers at a pyserial URL: a board with its own programmer, a relay. Never programmed from here."""

    name = "any"
    cycles_are = "measured"
    can_program = False
    bounds = ()

    def __init__(self, port: str | None, baud: int):
        self._port, self._baud = port, baud

    def program(self, image: Path) -> None:
        raise BoardError(
            f"flash.board is any, so nothing is programmed here: write {image} to the board's flash at "
            f"{FLASH_START:#x} with its own tool, or set flash.board to nrf52840 (SWD) or emulator."
        )

    @contextmanager
    def open(self, cycle_model: str = TABLE) -> Iterator[serial.SerialBase]:
        _refuse_model(self, cycle_model)
        with _opened(self._port, self._baud) as port:
            yield port


def board_named(flash: Flash) -> Board:
    """The board that params.yaml asks for.

    Raises:
        BoardError: an unknown name, with those that are known.
    """
    makers = {
        "emulator": lambda: EmulatorBoard(flash.baud),
        "nrf52840": lambda: Nrf52840Board(flash.port, flash.baud),
        "any": lambda: AnyBoard(flash.port, flash.baud),
    }
    if flash.board not in makers:
        raise BoardError(f"flash.board is {flash.board!r}; it is one of {', '.join(makers)}.")
    return makers[flash.board]()


def _refuse_model(board: Board, cycle_model: str) -> None:
    if cycle_model != TABLE:
        raise BoardError(f"{board.name} counts cycles itself: cycle models ({cycle_model}) are the emulator's.")


@contextmanager
def _opened(url: str | None, baud: int) -> Iterator[serial.SerialBase]:
    if url is None:
        raise BoardError("flash.port is null: set it to the board's port, any that pyserial opens (`pyserial-ports`).")
    try:
        port = serial.serial_for_url(url, baudrate=baud, exclusive=os.name == "posix" or None)
    except (serial.SerialException, ValueError, OSError) as error:
        raise BoardError(
            f"flash.port {url!r} cannot be opened ({error}): is the board connected, and does no other program hold "
            "the port? `pyserial-ports` lists what there is."
        ) from None
    with port:
        yield port


def _pyocd(tool: str, *arguments: str) -> str:
    try:
        result = subprocess.run(
            [tool, *arguments], capture_output=True, text=True, timeout=_PROGRAM_LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise BoardError(f"pyocd {arguments[0]} took more than {_PROGRAM_LIMIT_S} s: is the probe stuck?") from None
    if result.returncode != 0:
        raise BoardError(
            f"pyocd {arguments[0]} fails: {result.stderr.strip()[-600:]} Connect a debug probe to the board's SWD pads "
            "and check it with `pyocd list`."
        )
    return result.stdout
