"""A conversation with a board: commands out, checked and typed answers in.

    with board.open() as port:
        session = Session(port, timeout_s=20)
        print(session.handshake())
        session.upload(samples)
        print(session.run().label)

An answer that is late, damaged or not to the point raises BoardError with the port, the command and what came back, and
the session then wants a new handshake: an answer is never taken for that of another command.
"""

import secrets
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import serial

from kws.board import protocol, replies
from kws.board.replies import Handshake, Output, Timing
from kws.board.serial_lines import SerialLines, Transcript
from kws.errors import BoardError
from kws.features import SAMPLE_RATE_HZ

_FIRST_TRY_S = 3.0  # a board in its command loop answers within a fraction of that
_QUIET_S = 0.2
_COUNT = 1  # what the greeting that counts is numbered
_ADVICE = (
    "Is this the board's port, is the board powered, does it hold this firmware (`dvc repro -f flash`), and is "
    "flash.baud the rate that its image was built for?"
)
_FAULT = protocol.ERROR_OPEN + "fault"


class Session:
    """One open port.

    Args:
        port: open pyserial port; its time-outs are set here.
        timeout_s: how long a command may take, transfer apart.
        transcript: to go on with an earlier one.
    """

    def __init__(self, port: serial.SerialBase, timeout_s: float, transcript: Transcript | None = None):
        self.transcript = transcript or Transcript()
        self._port = SerialLines(port, self.transcript)
        self._timeout_s = timeout_s
        self._in_step = False
        self._models: dict[int, str] = {}  # index -> tflite_sha256

    def handshake(self) -> Handshake:
        """Bring the board into step, whatever went before, and ask who it is."""
        self._in_step = False
        self._get_into_step()
        with self._context("hello"):
            who = replies.handshake(self._hello(_COUNT, self._timeout_s))
        self._models = {model.index: model.tflite_sha256 for model in who.models}
        self._in_step = True
        return who

    def select_model(self, index: int) -> None:
        """Put a model of the image on the bench; clip and features stay. A model that is not there is refused."""
        fields = self._ask(f"model {index}")
        with self._context("model"):
            if fields != [("selected", {"index": index, "tflite_sha256": self._models.get(index)})]:
                raise BoardError(f"asked for model {index}, the board has selected {fields}")

    def upload(self, samples: np.ndarray) -> None:
        """Send a clip.

        Args:
            samples: (N,) int16, N = 16000, at 16 kHz.

        Raises:
            ValueError: another shape or type.
            BoardError: it did not arrive as sent.
        """
        if samples.shape != (protocol.CLIP_SAMPLES,) or samples.dtype != np.int16:
            raise ValueError(f"a clip is ({protocol.CLIP_SAMPLES},) int16, not {samples.shape} {samples.dtype}")
        data = samples.astype("<i2").tobytes()
        crc = f"{zlib.crc32(data):08x}"
        self._ask(f"audio {len(data)} {crc}")
        with self._context("audio"):
            self._port.write(data, self._timeout_s, note=f"({len(data)} bytes, crc32 {crc})")
            parsed = self._reply("audio", self._timeout_s + self._port.transfer_s(len(data)))
            if parsed != [("audio", {"bytes": len(data), "crc32": crc})]:
                raise BoardError(f"the board has received {parsed}")

    def record(self) -> np.ndarray:
        """One second from the board's microphone, (N,) int16; it is then the clip. Refused where there is none."""
        self._send("record")
        recording_s = protocol.CLIP_SAMPLES / SAMPLE_RATE_HZ
        sending_s = self._port.transfer_s(3 * protocol.AUDIO_BYTES)  # two digits a byte, and what is around them
        with self._context("record"):
            return replies.samples(self._reply("record", self._timeout_s + recording_s + sending_s))

    def run(self) -> Output:
        """Features of the clip, then the selected model; not timed."""
        return self._value("run", replies.output)

    def classify(self) -> Output:
        """The selected model on the features that are there; not timed."""
        return self._value("classify", replies.output)

    def time(self) -> Timing:
        """As `run`, with the cycle counter on; all of protocol.PHASES."""
        return self._value("time", lambda parsed: replies.timing(parsed, protocol.PHASES))

    def time_model(self) -> Timing:
        """As `classify`, with the cycle counter on; protocol.MODEL_PHASES."""
        return self._value("time_model", lambda parsed: replies.timing(parsed, protocol.MODEL_PHASES))

    def features(self) -> np.ndarray:
        """The features that are there: (T, F) int8."""
        return self._value("features", replies.features)

    def output(self) -> Output:
        """The last output once more."""
        return self._value("output", replies.output)

    def reset(self) -> Handshake:
        """Start the board again and greet it: the first model, no clip."""
        self._send("reset")
        self._in_step = False
        with self._context("reset"):
            deadline = time.monotonic() + self._timeout_s
            while self._port.line(deadline) != protocol.STARTED:
                pass
        return self.handshake()

    def _value(self, command: str, read):
        parsed = self._ask(command)
        with self._context(command):
            return read(parsed)

    def _ask(self, command: str) -> list[replies.Line]:
        word = command.split()[0]
        self._send(command)
        with self._context(word):
            return self._reply(word, self._timeout_s)

    def _send(self, command: str) -> None:
        if not self._in_step:
            raise self._told(command, "call handshake() first: there was none yet, or an answer went astray")
        with self._context(command):
            self._port.write(f"{command}{protocol.COMMAND_END}".encode(), self._timeout_s)

    def _reply(self, word: str, timeout_s: float) -> list[replies.Line]:
        return replies.parse(word, self._lines(time.monotonic() + timeout_s))

    def _lines(self, deadline: float) -> list[str]:
        """Lines up to the one that says the board is ready."""
        lines: list[str] = []
        while protocol.READY not in (line := self._port.line(deadline)):
            if line.startswith(_FAULT):
                raise BoardError(f"the firmware has stopped: {line}")
            lines.append(line)
        return lines

    def _get_into_step(self) -> None:
        """Greet with a number that no earlier session can have used, until the board echoes it.

        What is said until then differs from time to time, so the transcript keeps it only when it leads nowhere.
        """
        attempts = Transcript()
        self._port.transcript = attempts
        try:
            self._greet()
        except BoardError as error:
            self.transcript.add(attempts)
            raise self._told("hello", f"{error}. {_ADVICE}") from None
        finally:
            self._port.transcript = self.transcript

    def _greet(self) -> None:
        for timeout_s in (min(_FIRST_TRY_S, self._timeout_s), self._timeout_s):
            try:
                self._hello(secrets.randbits(32), timeout_s)
                return
            except BoardError:
                self._end_unfinished_upload()
        self._hello(secrets.randbits(32), self._timeout_s)

    def _hello(self, count: int, timeout_s: float) -> list[replies.Line]:
        """Greet, and read replies until one to this greeting; what was left over from before is dropped."""
        end = protocol.COMMAND_END
        self._port.write(f"{end}hello {count}{end}".encode(), timeout_s)
        deadline = time.monotonic() + timeout_s
        while True:
            lines = self._lines(deadline)
            try:
                parsed = replies.parse("hello", lines)
            except BoardError:
                continue
            if any(word == "hello" and fields["count"] == count for word, fields in parsed):
                return parsed

    def _end_unfinished_upload(self) -> None:
        """As many line feeds as an upload has bytes, then the end of a command: see protocol.py."""
        filling = b"\n" * protocol.AUDIO_BYTES + protocol.COMMAND_END.encode()
        self._port.write(filling, self._timeout_s, note=f"({protocol.AUDIO_BYTES} line feeds)")
        self._port.discard_input(_QUIET_S, self._timeout_s)

    @contextmanager
    def _context(self, command: str) -> Iterator[None]:
        """Adds port and command to an error; all but a refusal leave the session out of step."""
        try:
            yield
        except replies.Refused as error:
            refused = replies.Refused(error.code, "")
            refused.args = (f"{self._port.name}, command {command!r}: {error}",)
            raise refused from None
        except BoardError as error:
            self._in_step = False
            raise self._told(command, str(error)) from None

    def _told(self, command: str, what: str) -> BoardError:
        return BoardError(f"{self._port.name}, command {command!r}: {what}")
