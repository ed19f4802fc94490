"""Serial ports as the boards' files need them: opened with errors in words, and found by what USB says of them."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import serial
from serial.tools import list_ports

from kws.board.cycle_models import TABLE
from kws.errors import BoardError

_POLL_S = 0.2


@dataclass(frozen=True)
class UsbPort:
    """A serial port that is a USB device: its name (changes), vendor and product, serial number (stays; may be "")."""

    device: str
    vendor: int
    product: int
    serial_number: str


def refuse_cycle_model(board: str, cycle_model: str) -> None:
    """Raise BoardError where a board that counts its own cycles is asked to count them under a model."""
    if cycle_model != TABLE:
        raise BoardError(f"{board} counts cycles itself: cycle models ({cycle_model}) are the emulator's.")


@contextmanager
def opened(url: str | None, baud: int, board: str) -> Iterator[serial.SerialBase]:
    """An open port, closed at the end of the block.

    Raises:
        BoardError: no port is named, or it cannot be opened.
    """
    if url is None:
        raise BoardError(
            f"flash.board is {board}, but flash.port is null: set it to the board's port, any that pyserial opens "
            "(`pyserial-ports` lists what there is)."
        )
    try:
        port = serial.serial_for_url(url, baudrate=baud, exclusive=os.name == "posix" or None)
    except (serial.SerialException, ValueError, OSError) as error:
        raise BoardError(
            f"flash.board is {board}, and its port {url!r} cannot be opened ({error}): is the board connected, and "
            "does no other program hold the port? `pyserial-ports` lists what there is; flash.port names another."
        ) from None
    with port:
        yield port


def usb_ports(ids: frozenset[tuple[int, int]]) -> list[UsbPort]:
    """The ports of devices with one of these (vendor, product) ids, by name."""
    found = [
        UsbPort(port.device, port.vid, port.pid, port.serial_number or "")
        for port in list_ports.comports()
        if (port.vid, port.pid) in ids
    ]
    return sorted(found, key=lambda port: port.device)


def wait_for(look: Callable[[], UsbPort | None], deadline_s: float, settled_s: float = 0.5) -> UsbPort | None:
    """What `look` finds once it has found the same for settled_s, or None when that has not been by the deadline.

    A port that is about to go, or that the system has not finished setting up, is passed over that way.
    """
    deadline = time.monotonic() + deadline_s
    seen, since = None, 0.0
    while time.monotonic() < deadline:
        now = look()
        if now != seen:
            seen, since = now, time.monotonic()
        if seen is not None and time.monotonic() - since >= settled_s:
            return seen
        time.sleep(_POLL_S)
    return None
