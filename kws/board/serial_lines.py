"""A serial port as lines and bytes with deadlines, and the transcript of all that went over it."""

import time

import serial

from kws.board import protocol
from kws.errors import BoardError

_WAIT_S = 0.02  # how long one read may block; a deadline is kept to within this
_SHOWN_BYTES = 120
_LINE_BYTES_MAX = 16 * protocol.LINE_BYTES_MAX  # of lines that lost their ends
_REOPEN_S = 0.2


class Late(BoardError):
    """No line came by the deadline."""


class Gone(BoardError):
    """The port does not take or give bytes any more."""


class Transcript:
    """What was said, in order: `> command%`, `< line`, and a note for an upload. No times, so that it is repeatable."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def sent(self, text: str) -> None:
        self._lines.append(f"> {text}")

    def received(self, line: str) -> None:
        self._lines.append(f"< {line}")

    def add(self, other: "Transcript") -> None:
        self._lines += other._lines

    def __len__(self) -> int:
        return len(self._lines)

    def text(self) -> str:
        """All of it, a line each."""
        return "".join(line + "\n" for line in self._lines)


class SerialLines:
    """Lines in, bytes out, over any open pyserial port.

    Args:
        port: open; its time-outs are set here.
        transcript: what is said is added to it.
    """

    def __init__(self, port: serial.SerialBase, transcript: Transcript):
        self.name = str(port.port or port.name or "the serial port")
        self.transcript = transcript
        self._port = port
        self._buffer = bytearray()
        port.timeout = _WAIT_S

    def transfer_s(self, count: int) -> float:
        """How long `count` bytes take at the port's rate, ten bits a byte."""
        return count * 10 / self._port.baudrate

    def write(self, data: bytes, timeout_s: float, note: str | None = None) -> None:
        """Send bytes; the transcript gets the note, or the bytes as text.

        Raises:
            Gone: they do not go out within timeout_s and what the rate needs, or the port is gone.
        """
        self.transcript.sent(note or data.decode("ascii"))
        try:
            limit_s = timeout_s + self.transfer_s(len(data))
            if self._port.write_timeout is None or self._port.write_timeout < limit_s:
                self._port.write_timeout = limit_s
            self._port.write(data)  # not flushed: that may wait for ever for a device that takes nothing
        except (serial.SerialException, OSError) as error:
            raise Gone(f"cannot send ({error}); is the board still connected?") from None

    def line(self, deadline: float) -> str:
        """The next line, without its end and without NUL; where lines lost their ends, several in one.

        Args:
            deadline: in time.monotonic()'s seconds.

        Raises:
            Late: no line by then.
            Gone: the port is gone.
        """
        while b"\n" not in self._buffer and len(self._buffer) < _LINE_BYTES_MAX:
            if time.monotonic() > deadline:
                raise Late(f"no answer in time; what came last: {self._shown()}")
            self._buffer += self._read()
        raw, _, rest = bytes(self._buffer).partition(b"\n")
        self._buffer = bytearray(rest)
        text = raw.decode("latin-1").strip("\r\0")
        self.transcript.received(text if text.isprintable() else ascii(text))
        return text

    def reopen(self, timeout_s: float) -> None:
        """Close the port and open it again as soon as it is there: a board that starts may come back as a new device.

        Raises:
            Gone: it has not come back within timeout_s.
        """
        deadline = time.monotonic() + timeout_s
        self._buffer.clear()
        while True:
            try:
                self._port.close()
                self._port.open()
                return
            except (serial.SerialException, OSError) as error:
                if time.monotonic() > deadline:
                    raise Gone(f"the port has not come back within {timeout_s:g} s ({error})") from None
                time.sleep(_REOPEN_S)

    def discard_input(self, quiet_s: float, limit_s: float) -> None:
        """Read and drop whatever comes, until nothing has come for quiet_s, at most for limit_s."""
        self._buffer.clear()
        quiet_since = started = time.monotonic()
        while time.monotonic() - quiet_since < quiet_s and time.monotonic() - started < limit_s:
            if self._read():
                quiet_since = time.monotonic()

    def _read(self) -> bytes:
        try:
            return self._port.read(max(1, min(self._port.in_waiting, 4096)))
        except (serial.SerialException, OSError, TypeError) as error:  # TypeError: pyserial, of a port closed meanwhile
            raise Gone(f"cannot read ({error}); is the board still connected?") from None

    def _shown(self) -> str:
        return ascii(bytes(self._buffer[:_SHOWN_BYTES]).decode("latin-1")) if self._buffer else "nothing"
