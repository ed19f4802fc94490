"""The boards that flash.board names: how each is programmed and opened, and what is said where it cannot be."""

import sys
from pathlib import Path

import pytest

from kws.board.boards import board_named
from kws.errors import BoardError
from kws.params import Flash


def flash(board: str, port: str | None = None) -> Flash:
    return Flash.model_construct(board=board, port=port, baud=115200, timeout_s=5.0)


@pytest.fixture
def image(tmp_path) -> Path:
    path = tmp_path / "image.bin"
    path.write_bytes(b"\x01\x02\x03")
    return path


@pytest.fixture
def fake_pyocd(tmp_path, monkeypatch):
    """A pyocd that writes down its arguments and answers `json` with the given text; gives the file of arguments."""

    def make(boards: str, status: int = 0) -> Path:
        folder = tmp_path / "bin"
        folder.mkdir()
        said = tmp_path / "arguments"
        script = folder / "pyocd"
        script.write_text(
            f"#!{sys.executable}\nimport sys\n"
            f"open({str(said)!r}, 'a').write(' '.join(sys.argv[1:]) + '\\n')\n"
            f"print('{{\"boards\": [{boards}]}}')\nprint('no flash here', file=sys.stderr)\n"
            f"sys.exit({status} if sys.argv[1] == 'flash' else 0)\n"
        )
        script.chmod(0o755)
        monkeypatch.setenv("PATH", str(folder))
        return said

    return make


def test_an_unknown_name_gets_the_known_ones():
    with pytest.raises(BoardError, match="'stm32'; it is one of emulator, nrf52840, any"):
        board_named(flash("stm32"))


def test_what_their_cycles_are():
    assert {name: board_named(flash(name, "loop://")).cycles_are for name in ("emulator", "nrf52840", "any")} == {
        "emulator": "modelled",
        "nrf52840": "measured",
        "any": "measured",
    }


def test_programming_the_emulator_writes_its_flash_file(image, tmp_path, monkeypatch):
    monkeypatch.setenv("KWS_STORE", str(tmp_path / "store"))
    board_named(flash("emulator")).program(image)
    content = (tmp_path / "store" / "board" / "emulator.flash").read_bytes()
    assert content == b"\xff" * 0x10000 + b"\x01\x02\x03"


def test_an_emulator_without_a_program(tmp_path, monkeypatch):
    monkeypatch.setenv("KWS_STORE", str(tmp_path / "store"))
    with pytest.raises(BoardError, match=r"flash is empty .*dvc repro -f flash"), board_named(flash("emulator")).open():
        pass


def test_nrf52840_without_port_tool_or_probe(image, monkeypatch, tmp_path, fake_pyocd):
    with pytest.raises(BoardError, match=r"flash\.port is null: set it to"):
        board_named(flash("nrf52840")).program(image)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BoardError, match="pip install pyocd"):
        board_named(flash("nrf52840", "loop://")).program(image)
    fake_pyocd("")
    with pytest.raises(BoardError, match="finds no debug probe"):
        board_named(flash("nrf52840", "loop://")).program(image)


def test_nrf52840_is_programmed_at_the_applications_address(image, fake_pyocd):
    said = fake_pyocd("1")
    board_named(flash("nrf52840", "loop://")).program(image)
    assert said.read_text().splitlines() == [
        "json --probes",
        f"flash --target nrf52840 --base-address 0x10000 --format bin {image}",
        "reset --target nrf52840",
    ]


def test_nrf52840_that_refuses_to_be_programmed(image, fake_pyocd):
    fake_pyocd("1", status=3)
    with pytest.raises(BoardError, match=r"pyocd flash fails: no flash here .*pyocd list"):
        board_named(flash("nrf52840", "loop://")).program(image)


def test_any_is_never_programmed(image):
    with pytest.raises(BoardError, match=r"flash\.board is any, so nothing is programmed.*0x10000"):
        board_named(flash("any", "loop://")).program(image)


@pytest.mark.parametrize("name", ["nrf52840", "any"])
def test_ports(name):
    with board_named(flash(name, "loop://")).open() as port:
        port.write(b"x")
        assert port.read(1) == b"x"
    assert not port.is_open
    with pytest.raises(BoardError, match=r"flash\.port is null"), board_named(flash(name)).open():
        pass
    for url in ("/dev/nowhere", "nosuch://thing", "socket://127.0.0.1:1"):
        with pytest.raises(BoardError, match=f"'{url}' cannot be opened"), board_named(flash(name, url)).open():
            pass
