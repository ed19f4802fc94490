"""Ports: opened, refused in words, found by USB ids, and waited for."""

import os
from types import SimpleNamespace

import pytest
from serial.tools import list_ports

from kws.board.boards import board_named
from kws.board.boards.ports import UsbPort, usb_ports, wait_for
from kws.errors import BoardError
from kws.params import Flash


def flash(board: str, port: str | None = None) -> Flash:
    return Flash.model_construct(board=board, port=port, baud=115200, timeout_s=5.0)


@pytest.mark.parametrize("name", ["nrf52840", "any"])
def test_a_url_is_opened_and_closed(name):
    with board_named(flash(name, "loop://")).open() as port:
        port.write(b"x")
        assert port.read(1) == b"x"
    assert not port.is_open


@pytest.mark.parametrize("name", ["nrf52840", "any"])
def test_what_cannot_be_opened_is_named(name):
    with (
        pytest.raises(BoardError, match=rf"flash\.board is {name}, but flash\.port is null"),
        board_named(flash(name)).open(),
    ):
        pass
    for url in ("/dev/nowhere", "nosuch://thing", "socket://127.0.0.1:1"):
        with (
            pytest.raises(BoardError, match=rf"flash\.board is {name}, and its port '{url}' cannot be opened"),
            board_named(flash(name, url)).open(),
        ):
            pass


def test_a_port_that_another_session_holds():
    master, slave = os.openpty()
    try:
        with (
            board_named(flash("any", os.ttyname(slave))).open(),
            pytest.raises(BoardError, match=r"cannot be opened .*no other program hold the port"),
            board_named(flash("any", os.ttyname(slave))).open(),
        ):
            pass
    finally:
        os.close(master)
        os.close(slave)


def test_usb_ports_are_those_with_the_ids_by_name(monkeypatch):
    found = [
        SimpleNamespace(device="/dev/ttyACM1", vid=0x2341, pid=0x805A, serial_number="B"),
        SimpleNamespace(device="/dev/ttyS0", vid=None, pid=None, serial_number=None),
        SimpleNamespace(device="/dev/ttyUSB0", vid=0x0403, pid=0x6001, serial_number="FTDI"),
        SimpleNamespace(device="/dev/ttyACM0", vid=0x2341, pid=0x005A, serial_number=None),
    ]
    monkeypatch.setattr(list_ports, "comports", lambda: found)
    ports = usb_ports(frozenset({(0x2341, 0x805A), (0x2341, 0x005A)}))
    assert ports == [UsbPort("/dev/ttyACM0", 0x2341, 0x005A, ""), UsbPort("/dev/ttyACM1", 0x2341, 0x805A, "B")]


def test_waiting_passes_over_a_port_that_goes_again(monkeypatch):
    monkeypatch.setattr("kws.board.boards.ports._POLL_S", 0.01)
    old, new = UsbPort("/dev/a", 1, 2, "S"), UsbPort("/dev/b", 1, 2, "S")
    seen = iter([old, old, None, None, new])
    assert wait_for(lambda: next(seen, new), 5.0, settled_s=0.1) == new
    assert wait_for(lambda: None, 0.05) is None
    assert wait_for(lambda: old, 5.0, settled_s=0) == old
