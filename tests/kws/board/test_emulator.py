"""The emulated board as a process: its serial line, its end, and what it says when the firmware fails."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import serial

from kws.board.emulator import running_emulator
from kws.errors import BoardError
from tests.support_emulator import ASSEMBLY_HEAD, C_HEAD, build, flash_content, lines

REPOSITORY = Path(__file__).resolve().parents[3]

# Sends back what it receives: four bytes of length, then so many bytes, in blocks of up to 32 KiB. Length 0 resets the
# board, 1 makes it fault, 2 makes it busy for ever; after each boot it says hello.
ECHO = (
    C_HEAD
    + """
static uint8_t block[32768];
static uint32_t length, boots;
__attribute__((noinline)) static void fault(void) { REG(0x30000000) = 1; }
void reset(void) {
  REG(0x40000100) = 0;
  REG(0x40000000) = 1;
  while (!REG(0x40000100)) {}
  REG(0x4001E540) = 1;
  REG(0xE000ED88) |= 0xFu << 20;
  REG(0x50000808) = 1u << 3;
  UART(0x500) = 8;
  boots++;
  memset(block, 0, 6);
  block[0] = 'h'; block[1] = 'i'; block[2] = (uint8_t)boots;
  send(block, 3);
  for (;;) {
    receive(&length, 4);
    if (length == 0) REG(0xE000ED0C) = 0x05FA0004;
    if (length == 1) fault();
    if (length == 2) for (;;) __asm volatile("");
    while (length > 0) {
      uint32_t part = length < sizeof block ? length : sizeof block;
      receive(block, part);
      send(block, part);
      length -= part;
    }
  }
}
"""
)
HELLO = b"hi\xa6"  # RAM is not cleared: the count of boots starts from what lies there


@pytest.fixture(scope="module")
def echo_elf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The echo program."""
    return build(tmp_path_factory.mktemp("echo"), ECHO, ".c")


@pytest.fixture(scope="module")
def echo_flash(echo_elf: Path) -> Path:
    """A flash file with it."""
    flash_file = echo_elf.with_suffix(".flash")
    flash_file.write_bytes(flash_content(echo_elf))
    return flash_file


def open_port(url: str) -> serial.SerialBase:
    """As the host side opens a board."""
    return serial.serial_for_url(url, baudrate=115200, timeout=20, write_timeout=20)


def command(value: int) -> bytes:
    """Four bytes for the echo program."""
    return value.to_bytes(4, "little")


@pytest.mark.parametrize("tcp", [False, True])
def test_echo_of_100_kb_both_ways(echo_flash: Path, tcp: bool) -> None:
    data = random.Random(1).randbytes(100_000)
    with running_emulator(echo_flash, tcp=tcp) as url:
        assert url.startswith("socket://127.0.0.1:") == tcp
        with open_port(url) as port:
            writer = threading.Thread(target=lambda: port.write(command(len(data)) + data))
            writer.start()  # the board sends while more is to come: somebody must read
            echoed = port.read_until(data[-100:], size=len(data))
            if echoed.startswith(HELLO):
                echoed = echoed[len(HELLO) :] + port.read(len(HELLO))
            writer.join()
        assert echoed == data


@pytest.mark.parametrize("tcp", [False, True])
def test_a_client_can_come_again(echo_flash: Path, tcp: bool) -> None:
    with running_emulator(echo_flash, tcp=tcp) as url:
        for text in (b"first", b"second"):
            with open_port(url) as port:
                port.reset_input_buffer()
                port.write(command(len(text)) + text)
                assert port.read_until(text).endswith(text)


def test_a_reset_boots_again(echo_flash: Path) -> None:
    with running_emulator(echo_flash) as url, open_port(url) as port:
        port.write(command(1 << 2) + b"ping")
        assert port.read_until(b"ping").endswith(b"ping")
        port.write(command(0))
        assert port.read(3) == HELLO  # the same again: RAM was lost


def test_a_fault_is_named_with_its_function(echo_flash: Path, echo_elf: Path) -> None:
    with (
        pytest.raises(BoardError, match=r"pc 0x0001[0-9a-f]+ in fault\+.* write to 0x30000000") as raised,
        running_emulator(echo_flash, elf=echo_elf) as url,
        open_port(url) as port,
    ):
        port.write(command(1))
        time.sleep(0.2)
        port.read(1 << 10)
        raise TimeoutError("no answer")
    assert isinstance(raised.value.__cause__, Exception)


def test_an_error_of_the_caller_is_not_hidden(echo_flash: Path) -> None:
    with pytest.raises(ZeroDivisionError), running_emulator(echo_flash):
        raise ZeroDivisionError


def children() -> set[str]:
    """Processes of this one, zombies too."""
    listing = subprocess.run(["ps", "-o", "pid=,args=", "--ppid", str(os.getpid())], capture_output=True, text=True)
    return {line for line in listing.stdout.splitlines() if "emulator" in line or "defunct" in line}


@pytest.mark.skipif(sys.platform != "linux", reason="the options of ps")
def test_no_process_is_left_behind(echo_flash: Path) -> None:
    before = children()
    with running_emulator(echo_flash) as url:
        assert len(children() - before) == 1
        with open_port(url) as port:
            port.write(command(2))  # busy for ever: only the watching thread can end it
            time.sleep(0.1)
    assert children() == before


def start(flash_file: Path) -> subprocess.Popen[bytes]:
    """The command line, up to its first line."""
    words = [sys.executable, "-m", "kws.board.emulator", str(flash_file)]
    process = subprocess.Popen(words, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout.readline().strip()
    return process


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_it_with_status_0(echo_flash: Path, sign: signal.Signals) -> None:
    process = start(echo_flash)
    with process:  # closes the pipes
        process.send_signal(sign)
        assert process.wait(10) == 0


def test_it_ends_when_its_parent_dies(echo_flash: Path, tmp_path: Path) -> None:
    parent = f"""
import os, subprocess, sys
words = [sys.executable, "-m", "kws.board.emulator", {str(echo_flash)!r}]
board = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
board.stdout.readline()
print(board.pid, flush=True)
os._exit(1)
"""
    done = subprocess.run([sys.executable, "-c", parent], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    pid = int(done.stdout)
    deadline = time.monotonic() + 10
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_alive(pid)


def is_alive(pid: int) -> bool:
    """Whether there is such a process, a zombie that nobody waits for apart."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not (status.exists() and status.read_text().rsplit(")", 1)[1].split()[0] == "Z")


def test_a_missing_flash_file_is_an_error(tmp_path: Path) -> None:
    missing = running_emulator(tmp_path / "none.flash")
    with pytest.raises(BoardError, match=r"Cannot read .*program the board first"), missing:
        pytest.fail("there is no board")


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="times of another process are read from /proc")
def test_waiting_for_input_does_not_keep_the_host_busy(echo_flash: Path) -> None:
    process = start(echo_flash)
    with process:
        time.sleep(0.2)
        before = cpu_ticks(process.pid)
        time.sleep(1)
        used_s = (cpu_ticks(process.pid) - before) / os.sysconf("SC_CLK_TCK")
        process.terminate()
    assert used_s < 0.3


def cpu_ticks(pid: int) -> int:
    """Processor time of a process, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def test_the_command_line_reports_faults_with_status_1(tmp_path: Path) -> None:
    elf = build(tmp_path, ASSEMBLY_HEAD + lines("nop; udf #3; .size reset, . - reset"))
    flash_file = tmp_path / "board.flash"
    flash_file.write_bytes(flash_content(elf))
    words = [sys.executable, "-m", "kws.board.emulator", str(flash_file), "--elf", str(elf)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(words, cwd=REPOSITORY, **pipes) as process:
        complaint = process.stderr.read().decode()
        assert process.wait(20) == 1
    assert "in reset+0x2" in complaint and complaint.count("\n") == 1
