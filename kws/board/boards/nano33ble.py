"""An Arduino Nano 33 BLE (Sense) over USB: the sketch, built and uploaded by arduino-cli, which also resets the board.

The board goes away during an upload and comes back, maybe under another name, so it is known by its USB serial number.
What it reports as its image is the sketch's manifest: see kws/board/sketch.py.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import serial

from kws.board.boards.ports import UsbPort, opened, refuse_cycle_model, usb_ports, wait_for
from kws.board.boards.tools import Answer, run_tool, shown, tool_path
from kws.board.cycle_models import TABLE
from kws.board.sketch import C_FLAGS, MANIFEST, SKETCH, write_sketch
from kws.errors import BoardError
from kws.params import FrontEnd
from kws.store import store_root

FQBN = "arduino:mbed_nano:nano33ble"
_CORE = FQBN.rpartition(":")[0]
_IDS = frozenset((0x2341, product) for product in (0x005A, 0x805A, 0x015A, 0x025A))
_BOOTLOADER = 0x005A
_COMPILE_LIMIT_S = 900.0  # the first time it builds the whole core
_UPLOAD_LIMIT_S = 180.0
_INSTALL = (
    "install arduino-cli 1.0 or later (arduino.github.io/arduino-cli), then `arduino-cli core update-index` and "
    f"`arduino-cli core install {_CORE}`."
)


class Nano33BleBoard:
    """See Board and this module.

    Args:
        port: flash.port: null where only one such board is connected, otherwise its USB serial number or its port.
        baud: of no effect over USB.
        timeout_s: how long the board may take to come back.
    """

    name = "nano33ble"
    cycles_are = "measured"
    can_program = True
    bounds = ()
    image_file = f"{SKETCH}/{MANIFEST}"

    def __init__(self, port: str | None, baud: int, timeout_s: float):
        self._wanted, self._baud, self._timeout_s = port, baud, timeout_s

    def prepare(self, generated: Path, front_end: FrontEnd, build: Path) -> None:
        """Write the whole sketch folder."""
        write_sketch(generated, front_end, build / SKETCH, self._baud)

    def program(self, image: Path) -> None:
        """Compile and upload the sketch in whose folder the manifest lies, and wait until the board is back."""
        tool = tool_path("arduino-cli", self.name, _INSTALL)
        before = self._connected()
        build = store_root() / "board" / "nano33ble"
        flags = ("--build-property", f"compiler.c.extra_flags={' '.join(C_FLAGS)}")
        common = (str(image.parent), "--json", "--fqbn", FQBN)
        compiled = run_tool([tool, "compile", *common, "--build-path", str(build), *flags], self.name, _COMPILE_LIMIT_S)
        _refuse_failed("compile", compiled, _compile_advice)
        upload = [tool, "upload", *common, "--input-dir", str(build), "--port", before.device]
        uploaded = run_tool([*upload, "--discovery-timeout", "10s"], self.name, _UPLOAD_LIMIT_S)
        _refuse_failed("upload", uploaded, _upload_advice)
        self._wait_for_return(before, _updated_port(uploaded))

    @contextmanager
    def open(self, cycle_model: str = TABLE) -> Iterator[serial.SerialBase]:
        """Open the board's port, after waiting for a board that is just starting."""
        refuse_cycle_model(self.name, cycle_model)
        if wait_for(self._running, self._timeout_s, settled_s=0) is None:
            where = self._connected().device
            raise BoardError(
                f"flash.board is nano33ble, and the board at {where} stays in its bootloader: it holds no sketch. Run "
                "`dvc repro -f flash`."
            )
        with opened(self._connected().device, self._baud, self.name) as port:
            yield port

    def _connected(self) -> UsbPort:
        return chosen(usb_ports(_IDS), self._wanted)

    def _running(self) -> UsbPort | None:
        try:
            port = self._connected()
        except BoardError:
            return None
        return None if port.product == _BOOTLOADER else port

    def _wait_for_return(self, before: UsbPort, updated: str | None) -> None:
        def back() -> UsbPort | None:
            running = [port for port in usb_ports(_IDS) if port.product != _BOOTLOADER]
            same = [port for port in running if port.serial_number and port.serial_number == before.serial_number]
            named = [port for port in running if not before.serial_number and port.device in (updated, before.device)]
            return next(iter(same or named), None)

        port = wait_for(back, self._timeout_s)
        if port is None:
            raise BoardError(
                f"flash.board is nano33ble, and after the upload the board that was at {before.device} (USB serial "
                f"number {before.serial_number or 'unknown'}) did not come back within flash.timeout_s, "
                f"{self._timeout_s:g} s: press its reset button once and run `dvc repro -f flash`; on a slow computer "
                "raise flash.timeout_s."
            )
        if self._wanted is not None and self._wanted.upper() != port.serial_number.upper():
            self._wanted = port.device  # flash.port named a port, and the board may be at another one now


def chosen(ports: list[UsbPort], wanted: str | None) -> UsbPort:
    """The board that flash.port means: a USB serial number, a port's name, or null for the only one.

    Raises:
        BoardError: there is none, it is not that one, or there are several.
    """
    listed = "; ".join(f"{port.device}, serial number {port.serial_number or 'unknown'}" for port in ports)
    if not ports:
        raise BoardError(
            f"flash.board is nano33ble and flash.port is {wanted or 'null'}, but no Arduino Nano 33 BLE is connected: "
            "plug it in with a cable that carries data; where it stays away, press its reset button twice, quickly. "
            "Without a board, set flash.board to emulator."
        )
    if wanted is None and len(ports) > 1:
        raise BoardError(
            f"flash.board is nano33ble and flash.port is null, but {len(ports)} of them are connected ({listed}): set "
            "flash.port to the serial number of the one that is meant."
        )
    matching = [
        port for port in ports if wanted is None or wanted.upper() in (port.device.upper(), port.serial_number.upper())
    ]
    if not matching:
        raise BoardError(
            f"flash.board is nano33ble, and none of those connected is flash.port, {wanted!r}: there is {listed}. Name "
            "one by its serial number, or set flash.port to null where only one is connected."
        )
    return matching[0]


def _refuse_failed(verb: str, answer: Answer, advice) -> None:
    if answer.status != 0:
        said = _said(answer)
        raise BoardError(f"flash.board is nano33ble, and `arduino-cli {verb}` fails: {shown(said)} {advice(said)}")


def _said(answer: Answer) -> str:
    """What went wrong: of the JSON that arduino-cli writes the compiler's or the uploader's words, then its own."""
    for text in (answer.out, answer.err):
        try:
            told = json.loads(text)
            output = told.get("output") or {}
            return f"{told.get('compiler_err', '')} {output.get('stderr', '')} {told['error']}"
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
    return answer.err or answer.out


def _compile_advice(said: str) -> str:
    if "not installed" in said or "not found in any known index" in said:
        return f"Run `arduino-cli core update-index` and `arduino-cli core install {_CORE}`."
    if "unknown flag" in said:
        return "Bring arduino-cli up to date: 1.0 or later is needed."
    return f"The sketch lies in the flash stage's images; it is meant for {_CORE} 4.0 or later."


def _upload_advice(said: str) -> str:
    if "Cannot perform port reset" in said or "busy" in said.lower():
        return (
            "Another program holds the port: close serial monitors (on Linux ModemManager is one such program), check "
            "that you may open it (group dialout), and run the stage again; flash.port names another board."
        )
    return (
        "Press the board's reset button twice, quickly, so that it stays in its bootloader, and run the stage again; "
        "flash.port names another board."
    )


def _updated_port(answer: Answer) -> str | None:
    """Where arduino-cli last saw the board, if it says so."""
    try:
        return json.loads(answer.out)["updated_upload_port"]["address"]
    except (ValueError, KeyError, TypeError):
        return None
