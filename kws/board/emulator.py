"""The emulated board as a process behind a serial port.

    python -m kws.board.emulator FLASH_FILE [--tcp] [--elf IMAGE.elf] [--cycle-model NAME] [--trace FILE]
        [--microphone WAV [--speed fast]]

Goes in: a flash file (raw, from address 0, up to 1 MiB, the rest erased); programming the board is writing that file.
Comes out: one line on stdout, the URL that pyserial opens (the path of a pseudo-terminal; `socket://127.0.0.1:PORT`
where there are none, or with --tcp). The board then runs until stdin closes, SIGTERM or SIGINT comes, or the parent
dies: status 0. When the firmware cannot go on, the reason is on stderr and the status is 1. With --trace, FILE says
where the cycles of the last counted run went (kws/board/trace_file.py).
"""

import argparse
import contextlib
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, get_args

from kws.board.cycle_models import CYCLE_MODELS, TABLE
from kws.board.faults import Symbols
from kws.board.link import open_link
from kws.board.machine import EmulatedBoard
from kws.board.pdm import Speed
from kws.board.trace_file import write_trace
from kws.board.tracing import Tracer
from kws.errors import BoardError

READY_TIMEOUT_S = 60.0
_END_TIMEOUT_S = 5.0
_PARENT_POLL_S = 1.0


@contextmanager
def running_emulator(
    flash_file: Path,
    tcp: bool = False,
    elf: Path | None = None,
    cycle_model: str = TABLE,
    trace: Path | None = None,
    microphone: Path | None = None,
    speed: Speed = "real",
) -> Iterator[str]:
    """Yield the URL of an emulated board that runs what flash_file holds; it ends with the block, whatever happens.

    `cycle_model` is a name of CYCLE_MODELS (kws/board/cycle_models.py); `trace` is a file that is written anew whenever
    the firmware switches its cycle counter off. `microphone` is a WAV file that it hears, from its beginning whenever
    it starts its microphone, at `speed` (kws/board/pdm.py); without one it has none.

    Raises:
        BoardError: the board does not start, or the firmware could not go on; in a block that failed for want of
            answers this is the cause that counts.
    """
    with tempfile.TemporaryFile() as complaints:
        options = [*(["--tcp"] if tcp else []), "--cycle-model", cycle_model, "--speed", speed]
        for name, path in (("--elf", elf), ("--trace", trace), ("--microphone", microphone)):
            options += [name, str(path)] if path else []
        process = _start([str(flash_file), *options], complaints)
        try:
            yield _ready_line(process)
        except Exception as error:
            if problem := _end(process, complaints):
                raise BoardError(f"{problem} What was under way: {error}") from error
            raise
        else:
            if problem := _end(process, complaints):
                raise BoardError(problem)
        finally:
            _end(process, complaints)


def _start(arguments: list[str], complaints: IO[bytes]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "kws.board.emulator", *arguments]
    package_parent = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, (package_parent, os.environ.get("PYTHONPATH"))))
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=complaints,
        env=os.environ | {"PYTHONPATH": path},
        start_new_session=True,  # Ctrl-C is for the parent, who ends the board in good order
    )


def _ready_line(process: subprocess.Popen[bytes]) -> str:
    lines: list[bytes] = []
    reader = threading.Thread(target=lambda: lines.append(process.stdout.readline()), daemon=True)
    reader.start()
    reader.join(READY_TIMEOUT_S)
    line = lines[0] if lines else b""
    if not line.endswith(b"\n"):
        raise BoardError(
            f"The emulated board did not start within {READY_TIMEOUT_S:.0f} s: try again, with less going on."
        )
    return line.decode().strip()


def _end(process: subprocess.Popen[bytes], complaints: IO[bytes]) -> str:
    """Make sure the process is gone; returns what it complained about if it ended by itself with an error."""
    with contextlib.suppress(OSError):
        process.stdin.close()  # the sign to end
    try:
        process.wait(_END_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return ""
    process.stdout.close()
    complaints.seek(0)
    text = complaints.read().decode(errors="replace").strip()
    if process.returncode < 0:
        name = signal.Signals(-process.returncode).name
        return f"The emulated board's process was ended by {name}: run the stage again."
    return (text or f"The emulator ended with status {process.returncode}.") if process.returncode else ""


def _end_with_stdin(parent: int) -> None:
    """Wait in a thread for the end of stdin or of the parent, then end at once: the core may be busy for ever."""
    while True:
        try:
            if os.name == "posix" and not select.select([0], [], [], _PARENT_POLL_S)[0]:
                if os.getppid() != parent:  # another child of the parent may hold our stdin open
                    _leave()
            elif not os.read(0, 1024):
                _leave()
        except OSError:
            _leave()


def _leave() -> None:
    sys.stderr.flush()
    os._exit(0)


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m kws.board.emulator", description="An emulated nRF52840 board.")
    parser.add_argument("flash_file", type=Path, help="raw content of the flash, from address 0")
    parser.add_argument("--tcp", action="store_true", help="a TCP socket instead of a pseudo-terminal")
    parser.add_argument("--elf", type=Path, help="the image's ELF file, to name functions when the firmware fails")
    parser.add_argument("--cycle-model", choices=CYCLE_MODELS, default=TABLE, help="what the cycle counter charges")
    parser.add_argument("--trace", type=Path, help="write here where the cycles of the last counted run went")
    parser.add_argument("--microphone", type=Path, help="a WAV file (16 kHz, mono, 16 bits) that the microphone hears")
    parser.add_argument("--speed", choices=get_args(Speed), default="real", help="at which it hears it (real)")
    options = parser.parse_args(arguments)
    _end_on_signals_and_stdin()
    try:
        link = open_link(options.tcp)
        model, symbols = CYCLE_MODELS[options.cycle_model], Symbols(options.elf and _read(options.elf))
        tracer = Tracer(lambda intervals: write_trace(options.trace, intervals)) if options.trace else None
        board = EmulatedBoard(
            _read(options.flash_file), link, model, symbols, tracer, options.microphone, options.speed
        )
        print(link.url, flush=True)
        board.run()
    except BoardError as error:
        print(error, file=sys.stderr, flush=True)
        return 1
    return 0


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BoardError(f"Cannot read {path} ({error.strerror}): program the board first (stage flash).") from error


def _end_on_signals_and_stdin() -> None:
    signals = {signal.SIGTERM, signal.SIGINT}
    if hasattr(signal, "pthread_sigmask"):  # Python's own handlers would wait until the core comes to a stop
        signal.pthread_sigmask(signal.SIG_BLOCK, signals)  # before the threads: they inherit it
        threading.Thread(target=lambda: (signal.sigwait(signals), _leave()), daemon=True).start()
    threading.Thread(target=_end_with_stdin, args=(os.getppid(),), daemon=True).start()


if __name__ == "__main__":
    sys.exit(main())
