"""The board's ears: a session with a board whose microphone is its own, or a recording that the emulated one hears.

`ensure_deployed` comes first: an experiment that was applied, or taken back, changes the workspace and not the board.
"""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kws.audio import read_audio, write_wav
from kws.board.boards import EmulatorBoard, board_named
from kws.board.flashing import ensure_image
from kws.board.listening import listening
from kws.board.pdm import Speed
from kws.board.replies import Refused
from kws.board.session import Session
from kws.deployment import benchmark_image
from kws.errors import BoardError
from kws.features import SAMPLE_RATE_HZ
from kws.listening import ListenSettings
from kws.listening_display import Display
from kws.params import Flash, Listen


def ensure_deployed(flash: Flash, workspace: Path) -> None:
    """Make sure that the board of params.yaml holds what the workspace's flash stage put on it.

    Nothing is done where that stage's results are not there, as in a fresh clone.

    Raises:
        ArtifactError: the receipt is of another board.
        BoardError: the board cannot be reached, or holds another image and is not programmed from here.
    """
    receipt, board = workspace / "metrics" / "flash.json", board_named(flash)
    image = benchmark_image(workspace / "artifacts" / "flash", board)
    if receipt.exists() and image.exists():
        ensure_image(board, json.loads(receipt.read_text()), image, flash.timeout_s)


@contextmanager
def open_ears(flash: Flash, port: str | None, wav: Path | None, speed: Speed) -> Iterator[tuple[Session, int | None]]:
    """A session with the board of params.yaml, or the one at `port`, and how many ms of sound the recording has.

    Args:
        wav: any recording; the emulated board hears it at 16 kHz.

    Raises:
        BoardError: a real board is given a recording, the emulated one none, or the board cannot be reached.
    """
    if port is not None:
        flash = flash.model_copy(update={"board": "any", "port": port})
    board = board_named(flash)
    if isinstance(board, EmulatorBoard):
        if wav is None:
            raise BoardError("The emulated board has no microphone of its own: give it a recording, --wav FILE.")
        samples = read_audio(wav)
        with tempfile.TemporaryDirectory() as folder:
            heard = Path(folder) / "microphone.wav"
            write_wav(heard, samples)
            with board.open(microphone=heard, speed=speed) as opened, greeted(opened, flash.timeout_s) as session:
                yield session, len(samples) * 1000 // SAMPLE_RATE_HZ
        return
    if wav is not None:
        raise BoardError(f"--wav is for the emulated board; {flash.board} hears with its own microphone.")
    with board.open() as opened, greeted(opened, flash.timeout_s) as session:
        yield session, None


@contextmanager
def greeted(port, timeout_s: float) -> Iterator[Session]:
    """A session behind its handshake; a board without a microphone is named."""
    session = Session(port, timeout_s)
    who = session.handshake()
    try:
        yield session
    except Refused as error:
        if error.code not in ("no_microphone", "unknown_command"):
            raise
        raise BoardError(f"the board {who.board!r} has no microphone that its firmware can use ({error}).") from None


def listen_live(session: Session, listen: Listen, display: Display, end_ms: int | None) -> None:
    """Show what is heard until end_ms of sound or Ctrl-C."""
    try:
        with listening(session, ListenSettings.of(listen)) as ear:
            for report in ear:
                if end_ms is not None and report.ms > end_ms:
                    break
                display.show(report)
    except KeyboardInterrupt:
        pass
    display.end(ear)
