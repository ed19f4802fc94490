"""nano33ble, arduino-cli and USB played back: the board is found, programmed, waited for, greeted, or it is said why.

Behind the port of the board that comes back runs the firmware's host port, with a file for its image.
"""

import json
from types import SimpleNamespace

import pytest
from serial.tools import list_ports

from kws.board.boards import Nano33BleBoard
from kws.board.flashing import ensure_image, flash
from kws.errors import BoardError
from tests.support_board import FIRST_SHA256, SECOND_SHA256, HostBoard
from tests.support_tools import play_back

SERIAL, OTHER_SERIAL = "0A1B2C3D4E5F6071", "FFEEDDCCBBAA9988"
MODELS = (FIRST_SHA256, SECOND_SHA256)
COMPILED = {
    "compiler_out": "",
    "compiler_err": "",
    "builder_result": {"build_path": "/build", "executable_sections_size": [{"name": "text", "size": 1}]},
    "upload_result": {},
    "success": True,
}
UPLOADED = {
    "stdout": "Device       : nRF52840-QIAA\nWrite 84088 bytes to flash (21 pages)\nDone in 3.365 seconds\n",
    "stderr": "",
    "updated_upload_port": {"address": "/dev/ttyACM1", "label": "/dev/ttyACM1", "protocol": "serial"},
}
NOT_INSTALLED = (
    "Error during build: Platform 'arduino:mbed_nano' not found: platform not installed\n"
    "Try running `arduino-cli core install arduino:mbed_nano`"
)
WORKING = {"compile": {"out": json.dumps(COMPILED, indent=2)}, "upload": {"out": json.dumps(UPLOADED, indent=2)}}
FAILED_UPLOAD = "Failed uploading: uploading error: exit status 1"


def failed_upload(stderr: str) -> dict:
    """What `arduino-cli upload --json` leaves where the uploader fails."""
    told = {"error": FAILED_UPLOAD, "output": {"stdout": "", "stderr": stderr}}
    return {"status": 1, "err": json.dumps(told, indent=2)}


class Usb:
    """What list_ports sees: boards by device, until a file that the played-back arduino-cli touches is there."""

    def __init__(self, monkeypatch, uploaded):
        self.before, self.after, self.uploaded = {"/dev/ttyACM0": (0x805A, SERIAL)}, {}, uploaded
        monkeypatch.setattr(list_ports, "comports", self.ports)

    def ports(self):
        listed = self.after if self.uploaded.exists() else self.before
        return [
            SimpleNamespace(device=device, vid=0x2341, pid=product, serial_number=number)
            for device, (product, number) in listed.items()
        ] + [SimpleNamespace(device="/dev/ttyUSB0", vid=0x0403, pid=0x6001, serial_number="FTDI")]


@pytest.fixture
def usb(tmp_path, monkeypatch):
    monkeypatch.setenv("KWS_STORE", str(tmp_path / "store"))
    return Usb(monkeypatch, tmp_path / "uploaded")


@pytest.fixture
def arduino_cli(tmp_path, usb, monkeypatch):
    """`arduino_cli(answers)` puts one onto the PATH that uploads at the second call, unless its answers differ."""

    def make(**answers):
        upload = WORKING["upload"] | {"touch": str(usb.uploaded)}
        return play_back(tmp_path, "arduino-cli", WORKING | {"upload": upload} | answers, monkeypatch)

    return make


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "sketch" / "kws" / "SHA256SUMS"
    path.parent.mkdir(parents=True)
    path.write_text("00  kws.ino\n")
    return path


def board(port: str | None = None, timeout_s: float = 3.0) -> Nano33BleBoard:
    return Nano33BleBoard(port, 115200, timeout_s)


def refused(image, port: str | None = None, timeout_s: float = 3.0) -> str:
    """The error, which names the board and is one paragraph."""
    with pytest.raises(BoardError) as raised:
        board(port, timeout_s).program(image)
    text = str(raised.value)
    assert text.startswith("flash.board is nano33ble") and "\n" not in text
    return text


def test_compiled_and_uploaded_to_the_board_that_usb_shows(usb, arduino_cli, image, tmp_path):
    cli, usb.after = arduino_cli(), {"/dev/ttyACM1": (0x805A, SERIAL)}
    board().program(image)
    build = str(tmp_path / "store" / "board" / "nano33ble")
    common = [str(image.parent), "--json", "--fqbn", "arduino:mbed_nano:nano33ble"]
    flags = "compiler.c.extra_flags=-O2 -ffp-contract=off -fno-math-errno"
    assert cli.asked() == [
        ["compile", *common, "--build-path", build, "--build-property", flags],
        ["upload", *common, "--input-dir", build, "--port", "/dev/ttyACM0", "--discovery-timeout", "10s"],
    ]


def test_flashed_and_greeted_under_its_new_name(usb, arduino_cli, image, host_program):
    arduino_cli()
    with HostBoard(host_program, image).running() as device:
        usb.after = {device: (0x805A, SERIAL), "/dev/ttyACM7": (0x805A, OTHER_SERIAL)}
        receipt = flash(board(SERIAL.lower()), image, MODELS, 5.0)
        assert receipt["board"] == "nano33ble" and receipt["image_bytes"] == image.stat().st_size
        assert not ensure_image(board(SERIAL), receipt, image, 5.0)


def test_a_port_that_was_named_may_be_another_after_the_upload(usb, arduino_cli, image, host_program):
    arduino_cli()
    with HostBoard(host_program, image).running() as device:
        usb.after = {device: (0x805A, SERIAL)}
        assert flash(board("/dev/ttyACM0"), image, MODELS, 5.0)["board"] == "nano33ble"


def test_an_upload_that_did_not_take_is_found_out_by_the_hash(usb, arduino_cli, image, host_program, tmp_path):
    arduino_cli()
    (tmp_path / "older").write_text("11  kws.ino\n")
    with HostBoard(host_program, tmp_path / "older").running() as device:
        usb.after = {device: (0x805A, SERIAL)}
        with pytest.raises(BoardError, match=r"nano33ble holds image [0-9a-f]{12} \(12 bytes\), not"):
            flash(board(), image, MODELS, 5.0)


def test_arduino_cli_is_not_installed(usb, image, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    text = refused(image)
    assert "there is no arduino-cli" in text and "arduino-cli core install arduino:mbed_nano" in text


def test_no_board(usb, arduino_cli, image):
    cli, usb.before = arduino_cli(), {}
    text = refused(image)
    assert "flash.port is null, but no Arduino Nano 33 BLE is connected" in text and "flash.board to emulator" in text
    assert cli.asked() == []  # not after minutes of compiling


def test_two_boards_and_none_named(usb, arduino_cli, image):
    arduino_cli()
    usb.before = {"/dev/ttyACM0": (0x805A, SERIAL), "/dev/ttyACM3": (0x015A, OTHER_SERIAL)}
    text = refused(image)
    assert "2 of them are connected (/dev/ttyACM0, serial number" in text and OTHER_SERIAL in text
    assert "set flash.port to the serial number" in text


@pytest.mark.parametrize("named", [OTHER_SERIAL, "/dev/ttyACM3"])
def test_the_one_of_two_that_is_named(usb, arduino_cli, image, named):
    usb.before = {
        "/dev/ttyACM0": (0x805A, SERIAL),
        "/dev/ttyACM3": (0x005A, OTHER_SERIAL),
    }  # it waits in its bootloader
    cli, usb.after = arduino_cli(), {"/dev/ttyACM0": (0x805A, SERIAL), "/dev/ttyACM4": (0x805A, OTHER_SERIAL)}
    board(named).program(image)
    assert cli.asked()[1][7:9] == ["--port", "/dev/ttyACM3"]


def test_another_board_than_the_one_named(usb, arduino_cli, image):
    arduino_cli()
    text = refused(image, port="NOBODY")
    assert "none of those connected is flash.port, 'NOBODY': there is /dev/ttyACM0" in text


def test_the_core_is_missing(usb, arduino_cli, image):
    failed = COMPILED | {"success": False, "builder_result": None, "error": NOT_INSTALLED}
    cli = arduino_cli(compile={"out": json.dumps(failed), "status": 1})
    text = refused(image)
    assert "`arduino-cli compile` fails: " in text and "platform not installed" in text
    assert text.endswith("Run `arduino-cli core update-index` and `arduino-cli core install arduino:mbed_nano`.")
    assert [call[0] for call in cli.asked()] == ["compile"]


def test_what_the_compiler_says_is_told(usb, arduino_cli, image):
    failed = COMPILED | {"success": False, "compiler_err": "src/port.cpp:7:1: error: 'NRF_NVMC' was not declared\n"}
    failed["error"] = "Error during build: exit status 1"
    arduino_cli(compile={"out": json.dumps(failed), "status": 1})
    assert "port.cpp:7:1: error: 'NRF_NVMC' was not declared Error during build: exit status 1" in refused(image)


def test_an_arduino_cli_that_is_too_old(usb, arduino_cli, image):
    arduino_cli(compile={"err": "Error: unknown flag: --json\n", "status": 1})
    assert "unknown flag: --json Bring arduino-cli up to date: 1.0" in refused(image)


def test_a_port_that_another_program_holds(usb, arduino_cli, image):
    said = (
        "Cannot perform port reset: 1200-bps touch: setting DTR to OFF: Serial port busy\nNo device found on ttyACM0\n"
    )
    arduino_cli(upload=failed_upload(said))
    text = refused(image)
    assert "Serial port busy No device found on ttyACM0 Failed uploading" in text
    assert "Another program holds the port: close serial monitors" in text and "flash.port" in text


def test_an_upload_that_fails(usb, arduino_cli, image):
    arduino_cli(upload=failed_upload("No device found on ttyACM0\n"))
    text = refused(image)
    assert f"`arduino-cli upload` fails: No device found on ttyACM0 {FAILED_UPLOAD}" in text
    assert "reset button twice" in text


def test_an_upload_that_hangs(usb, arduino_cli, image, monkeypatch):
    monkeypatch.setattr("kws.board.boards.nano33ble._UPLOAD_LIMIT_S", 0.5)
    arduino_cli(upload={"seconds": 30})
    with pytest.raises(BoardError, match="took more than 0 s and was ended: unplug the board"):
        board().program(image)


@pytest.mark.parametrize("after", [{}, {"/dev/ttyACM0": (0x005A, SERIAL)}, {"/dev/ttyACM0": (0x805A, OTHER_SERIAL)}])
def test_a_board_that_does_not_come_back(usb, arduino_cli, image, after):
    arduino_cli()
    usb.after = after  # gone, still in its bootloader, or another one in its place
    text = refused(image, timeout_s=1.0)
    assert f"(USB serial number {SERIAL}) did not come back within flash.timeout_s, 1 s: press its reset" in text


def test_a_board_without_a_serial_number_is_known_by_where_arduino_cli_saw_it(usb, arduino_cli, image):
    arduino_cli()
    usb.before, usb.after = {"/dev/ttyACM0": (0x805A, None)}, {"/dev/ttyACM1": (0x805A, None)}
    board().program(image)
    usb.after = {"/dev/ttyACM5": (0x805A, None)}
    usb.uploaded.unlink()
    assert "serial number unknown) did not come back" in refused(image, timeout_s=1.0)


def test_opening_says_what_is_wrong(usb):
    usb.before = {}
    with pytest.raises(BoardError, match="no Arduino Nano 33 BLE is connected"), board(timeout_s=0.1).open():
        pass
    usb.before = {"/dev/ttyACM0": (0x005A, SERIAL)}
    with pytest.raises(BoardError, match=r"stays in its bootloader: .*dvc repro -f flash"), board(timeout_s=0.1).open():
        pass
    usb.before = {"/dev/nowhere": (0x805A, SERIAL)}
    with pytest.raises(BoardError, match="its port '/dev/nowhere' cannot be opened"), board().open():
        pass
