"""nrf52840: pyocd driven through played-back exchanges, each failure one paragraph that says what to do."""

import json

import pytest

from kws.board.boards import Nrf52840Board
from kws.errors import BoardError
from tests.support_tools import play_back

PROBE = {
    "unique_id": "0240000034544e45001200018e3f0027a5a1000097969900",
    "info": "Arm DAPLink CMSIS-DAP",
    "board_vendor": None,
    "board_name": "Generic",
    "target": "cortex_m",
    "vendor_name": "Arm",
    "product_name": "DAPLink CMSIS-DAP",
}
OTHER = PROBE | {"unique_id": "E6614C311B8E6A24", "info": "Raspberry Pi Debug Probe (CMSIS-DAP)"}
NO_PROBE = "0000429 E No target device available [load_cmd]\n"


def probes(*boards: dict, **more) -> dict:
    """What `pyocd json --probes` writes."""
    listed = {"pyocd_version": "0.46.0", "version": {"major": 1, "minor": 1}, "status": 0, "boards": list(boards)}
    return {"out": json.dumps(listed | more, indent=4)}


WORKING = {"json": probes(PROBE), "flash": {}, "reset": {}}


@pytest.fixture
def board():
    return Nrf52840Board("loop://", 115200)


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "image.bin"
    path.write_bytes(b"\x01\x02\x03")
    return path


def refused(board, image) -> str:
    """The error, which names the board and is one paragraph."""
    with pytest.raises(BoardError) as raised:
        board.program(image)
    text = str(raised.value)
    assert text.startswith("flash.board is nrf52840") and "\n" not in text
    return text


def test_the_image_goes_to_the_applications_address_by_the_one_probe(board, image, tmp_path, monkeypatch):
    pyocd = play_back(tmp_path, "pyocd", WORKING, monkeypatch)
    board.program(image)
    probe = ["--uid", PROBE["unique_id"], "--target", "nrf52840", "--no-wait"]
    assert pyocd.asked() == [
        ["json", "--probes"],
        ["flash", *probe, "--base-address", "0x10000", "--format", "bin", str(image)],
        ["reset", *probe],
    ]


def test_without_a_port_nothing_is_programmed(image):
    assert "flash.port is null: set it to the serial port" in refused(Nrf52840Board(None, 115200), image)


def test_pyocd_is_not_installed(board, image, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "there is no pyocd to program it with: `python -m pip install pyocd`" in refused(board, image)


def test_no_probe(board, image, tmp_path, monkeypatch):
    pyocd = play_back(tmp_path, "pyocd", WORKING | {"json": probes()}, monkeypatch)
    assert "finds no debug probe: connect one" in refused(board, image)
    assert pyocd.asked() == [["json", "--probes"]]
    play_back(tmp_path, "pyocd", WORKING | {"json": probes(status=1, error="No USB backend found")}, monkeypatch)
    assert "It says: No USB backend found" in refused(board, image)


def test_two_probes(board, image, tmp_path, monkeypatch):
    play_back(tmp_path, "pyocd", WORKING | {"json": probes(PROBE, OTHER)}, monkeypatch)
    text = refused(board, image)
    assert "finds 2 debug probes" in text and OTHER["unique_id"] in text and "unplug all but" in text


def test_a_list_that_is_none(board, image, tmp_path, monkeypatch):
    play_back(tmp_path, "pyocd", WORKING | {"json": {"out": "Traceback ..."}}, monkeypatch)
    assert "is no list of probes: Traceback" in refused(board, image)


@pytest.mark.parametrize("verb", ["flash", "reset"])
def test_what_pyocd_says_of_a_failure_is_told(board, image, tmp_path, monkeypatch, verb):
    play_back(tmp_path, "pyocd", WORKING | {verb: {"status": 1, "err": NO_PROBE}}, monkeypatch)
    text = refused(board, image)
    assert f"`pyocd {verb}` fails: {NO_PROBE.strip()} Check the wires" in text


def test_a_probe_that_hangs_is_given_up(board, image, tmp_path, monkeypatch):
    monkeypatch.setattr("kws.board.boards.nrf52840._LIMIT_S", 0.5)
    play_back(tmp_path, "pyocd", WORKING | {"json": {"seconds": 30}}, monkeypatch)
    with pytest.raises(BoardError, match=r"took more than 0 s and was ended: unplug"):
        board.program(image)


def test_a_pyocd_that_does_not_start(board, image, tmp_path, monkeypatch):
    pyocd = play_back(tmp_path, "pyocd", WORKING, monkeypatch)
    (pyocd.folder / "pyocd").write_text("#!/nowhere/python\n")
    with pytest.raises(BoardError, match=r"cannot be started .*install it anew"):
        board.program(image)
