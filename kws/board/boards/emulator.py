"""An emulated nRF52840 in a process of its own; its flash is a file in the ignored store, and outlives it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import serial

from kws.board.boards.interface import BareMetal
from kws.board.boards.ports import opened
from kws.board.cycle_models import BOUNDS, TABLE
from kws.board.memory import FLASH_START
from kws.board.pdm import Speed
from kws.errors import BoardError
from kws.files import write_bytes
from kws.store import store_root
from kws.workspace import in_experiment


class EmulatorBoard(BareMetal):
    """See Board and this module. `folder` is where its flash lies, without it a folder of the store."""

    name = "emulator"
    cycles_are = "modelled"
    can_program = True
    bounds = BOUNDS

    def __init__(self, baud: int, folder: Path | None = None):
        self._baud = baud
        self.flash_file = (folder or _board_folder()) / "emulator.flash"
        self.elf_file = self.flash_file.with_suffix(".elf")  # names functions; not there for an image without one

    def program(self, image: Path) -> None:
        """Write the flash file."""
        elf = image.with_suffix(".elf")
        self.elf_file.unlink(missing_ok=True)
        write_bytes(self.flash_file, b"\xff" * FLASH_START + image.read_bytes())
        if elf.exists():
            write_bytes(self.elf_file, elf.read_bytes())

    @contextmanager
    def open(
        self, cycle_model: str = TABLE, microphone: Path | None = None, speed: Speed = "real"
    ) -> Iterator[serial.SerialBase]:
        """Start it; it ends with the block. `microphone`, `speed`: see kws.board.emulator.running_emulator."""
        from kws.board.emulator import running_emulator  # loads unicorn, which no other board needs

        self.refuse_empty_flash()
        elf = self.elf_file if self.elf_file.exists() else None
        with (
            running_emulator(
                self.flash_file, elf=elf, cycle_model=cycle_model, microphone=microphone, speed=speed
            ) as url,
            opened(url, self._baud, self.name) as port,
        ):
            yield port

    def refuse_empty_flash(self) -> None:
        """Raise BoardError where nothing was programmed yet."""
        if not self.flash_file.exists():
            raise BoardError(f"The emulated board's flash is empty ({self.flash_file}): run `dvc repro -f flash`.")


def _board_folder() -> Path:
    """In the ignored store; experiments that DVC runs side by side, each in a copy, have each a board of its own."""
    copy = Path.cwd().resolve()
    return (copy / ".kws" if in_experiment(copy) else store_root()) / "board"
