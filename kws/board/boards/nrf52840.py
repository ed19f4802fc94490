"""A bare nRF52840: image.bin over SWD by pyocd, talked to over a USB-UART on its TX and RX pins."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import serial

from kws.board.boards.interface import BareMetal
from kws.board.boards.ports import opened, refuse_cycle_model
from kws.board.boards.tools import Answer, run_tool, shown, tool_path
from kws.board.cycle_models import TABLE
from kws.board.memory import FLASH_START
from kws.errors import BoardError

_INSTALL = (
    "`python -m pip install pyocd`, connect a debug probe to the board's SWD pads, and check it with `pyocd list`."
)
_LIMIT_S = 180.0
_TARGET = ("--target", "nrf52840")
_NO_WAIT = "--no-wait"  # without it pyocd waits for ever for a probe to be plugged in


class Nrf52840Board(BareMetal):
    """See Board and this module."""

    name = "nrf52840"
    cycles_are = "measured"
    can_program = True
    bounds = ()

    def __init__(self, port: str | None, baud: int):
        self._port, self._baud = port, baud

    def program(self, image: Path) -> None:
        """Write the application's part of flash; the bootloader below it stays."""
        if self._port is None:
            raise BoardError(
                "flash.board is nrf52840, but flash.port is null: set it to the serial port that is wired to P1.03 "
                "(TX) and P1.10 (RX), such as /dev/ttyUSB0 or socket://HOST:PORT. Without a board, set "
                "flash.board to emulator."
            )
        tool = tool_path("pyocd", self.name, _INSTALL)
        probe = ("--uid", _only_probe(tool), *_TARGET, _NO_WAIT)
        place = ("--base-address", hex(FLASH_START), "--format", "bin", str(image))
        _checked("flash", run_tool([tool, "flash", *probe, *place], self.name, _LIMIT_S))
        _checked("reset", run_tool([tool, "reset", *probe], self.name, _LIMIT_S))

    @contextmanager
    def open(self, cycle_model: str = TABLE) -> Iterator[serial.SerialBase]:
        """Open flash.port."""
        refuse_cycle_model(self.name, cycle_model)
        with opened(self._port, self._baud, self.name) as port:
            yield port


def _only_probe(tool: str) -> str:
    """The unique id of the one debug probe that is connected."""
    answer = _checked("json", run_tool([tool, "json", "--probes"], Nrf52840Board.name, _LIMIT_S))
    try:
        listed = json.loads(answer.out)
        probes = [(str(probe["unique_id"]), str(probe["info"])) for probe in listed["boards"]]
        trouble = listed.get("error", "")
    except (ValueError, KeyError, TypeError):
        raise BoardError(
            "flash.board is nrf52840, and `pyocd json --probes` answers what is no list of probes: "
            f"{shown(answer.out)} Bring pyocd up to date: `python -m pip install --upgrade pyocd`."
        ) from None
    if not probes:
        raise BoardError(
            "flash.board is nrf52840, but pyocd finds no debug probe: connect one to the board's SWD pads; `pyocd "
            f"list` shows it{f'. It says: {shown(trouble)}' if trouble else ''}."
        )
    if len(probes) > 1:
        names = "; ".join(f"{info} {uid}" for uid, info in probes)
        raise BoardError(
            f"flash.board is nrf52840, and pyocd finds {len(probes)} debug probes ({names}): unplug all but the one "
            "that is wired to the board."
        )
    return probes[0][0]


def _checked(verb: str, answer: Answer) -> Answer:
    if answer.status != 0:
        raise BoardError(
            f"flash.board is nrf52840, and `pyocd {verb}` fails: {shown(answer.err or answer.out)} Check the wires to "
            "SWDIO, SWCLK, GND and 3.3 V, that the board has power, and that no other debugger holds the probe "
            "(`pyocd list`); then run the stage again."
        )
    return answer
