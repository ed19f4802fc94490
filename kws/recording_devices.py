"""Microphones: the computer's, through the package sounddevice, and the board's, over serial.

Both give `take(seconds)`: (n,) int16 at 16 kHz. Each way in which there may be no microphone is an error of its own.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

import numpy as np

from kws.audio import CLIP_SAMPLES, SAMPLE_RATE_HZ, resample, to_int16
from kws.errors import BoardError, DataError
from kws.params import Flash

_OTHER_WAYS = "Or record with a phone and cut its recording into clips with --input FILE.wav."


class ComputerMicrophone:
    """An input of this computer.

    Args:
        device: its number or a part of its name, as `python -m sounddevice` lists them; None is the default one.

    Raises:
        DataError: no sounddevice, no PortAudio, no such input; with what to do.
    """

    def __init__(self, device: str | None = None):
        self._sound = _sounddevice()
        self._device = int(device) if device is not None and device.isdecimal() else device
        try:
            found = self._sound.query_devices(self._device, "input")
        except (ValueError, self._sound.PortAudioError) as error:
            which = "no microphone" if device is None else f"no input --device {device!r}"
            raise DataError(
                f"this computer has {which} ({_one_line(error)}): `python -m sounddevice` lists what there is; connect "
                f"one or allow this program to use it. {_OTHER_WAYS}"
            ) from None
        self._rate_hz = self._rate(round(found["default_samplerate"]))

    def take(self, seconds: float) -> np.ndarray:
        """Record now, at the device's own rate where it does not offer 16 kHz. Raises DataError where it fails."""
        count = round(seconds * self._rate_hz)
        try:
            recorded = self._sound.rec(count, self._rate_hz, channels=1, dtype="float32", device=self._device)
            self._sound.wait()
        except self._sound.PortAudioError as error:
            raise DataError(
                f"the microphone fails ({_one_line(error)}): is it still connected, and does no other program hold it? "
                f"{_OTHER_WAYS}"
            ) from None
        return to_int16(resample(recorded[:, 0].astype(np.float64) * 32768, self._rate_hz))

    def _rate(self, own_hz: int) -> int:
        try:
            self._sound.check_input_settings(
                device=self._device, channels=1, dtype="float32", samplerate=SAMPLE_RATE_HZ
            )
        except self._sound.PortAudioError:
            return own_hz
        return SAMPLE_RATE_HZ


class BoardMicrophone:
    """The microphone of a board with an open session; it records one second at a time."""

    def __init__(self, session):
        self._session = session

    def take(self, seconds: float) -> np.ndarray:
        """One second. Raises DataError for another length, BoardError where the board has no microphone."""
        if round(seconds * SAMPLE_RATE_HZ) != CLIP_SAMPLES:
            raise DataError(
                f"the board records one second at a time, not {seconds:g}: use --from microphone or --input."
            )
        return self._session.record()


@contextmanager
def board_microphone(flash: Flash, port: str | None) -> Iterator[BoardMicrophone]:
    """The board of params.yaml, or whatever board answers at `port`, a pyserial URL.

    Raises:
        BoardError: the board cannot be reached, or has no microphone.
    """
    from kws.board.boards import board_named
    from kws.board.replies import Refused
    from kws.board.session import Session

    if port is not None:
        flash = flash.model_copy(update={"board": "any", "port": port})
    board = board_named(flash)
    with board.open() as opened:
        session = Session(opened, flash.timeout_s)
        who = session.handshake()
        try:
            yield BoardMicrophone(session)
        except Refused as error:
            if error.code not in ("no_microphone", "unknown_command"):
                raise
            raise BoardError(
                f"the board {who.board!r} has no microphone that its firmware can use ({error}): record with the "
                f"computer's (--from microphone). {_OTHER_WAYS}"
            ) from None


def _sounddevice() -> ModuleType:
    try:
        import sounddevice
    except ImportError:
        raise DataError(
            "the computer's microphone needs the package sounddevice, which is not installed: `python -m pip install "
            f"sounddevice`. {_OTHER_WAYS}"
        ) from None
    except OSError as error:
        raise DataError(
            f"sounddevice does not find PortAudio ({_one_line(error)}): install it, on Debian and Ubuntu `apt install "
            f"libportaudio2`, on a Mac `brew install portaudio`. {_OTHER_WAYS}"
        ) from None
    return sounddevice


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
