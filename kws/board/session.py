"""A conversation with a board: commands out, checked and typed answers in.

    with board.open() as port:
        session = Session(port, timeout_s=20)
        print(session.handshake())
        session.upload(samples)
        print(session.run().label)

A command that gets no right answer is repeated (kws/board/exchange.py). Where that does not help, the error names the
port, the command and what came back, and the session then wants a new handshake: an answer is never taken for that of
another command, an output never for that of another model or clip.
"""

import secrets
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import serial

from kws.board import protocol, replies
from kws.board.exchange import TRIES, Exchange, Unanswered
from kws.board.replies import Handshake, Output, Timing
from kws.board.serial_lines import Gone, Late, SerialLines, Transcript
from kws.board.session_listening import ListeningCommands
from kws.errors import BoardError
from kws.features import SAMPLE_RATE_HZ

_PART_BYTES_MIN = 100  # an exchange of fewer bytes is mostly frame
_PART_TRIES = 2  # then smaller parts are tried
_UPLOADS = 3  # a part that was sent twice may have arrived whole, been answered, and then in pieces
_OUTSIDE = 1 << 31  # sequence numbers from here on are none of a session's commands
_ADVICE = (
    "Is this the board's port, is the board powered, does it hold this firmware (`dvc repro -f flash`), and is "
    "flash.baud the rate that its image was built for?"
)


class Session(ListeningCommands):
    """One open port.

    Args:
        port: open pyserial port; its time-outs are set here.
        timeout_s: how long a command may take, transfer and counting of cycles apart.
        transcript: to go on with an earlier one.
    """

    def __init__(self, port: serial.SerialBase, timeout_s: float, transcript: Transcript | None = None):
        self.transcript = transcript or Transcript()
        self._port = SerialLines(port, self.transcript)
        self._exchange = Exchange(self._port, timeout_s, self.transcript)
        self._timeout_s = timeout_s
        self._in_step = False
        self._models: dict[int, str] = {}  # index -> tflite_sha256
        self._part_bytes = protocol.UPLOAD_BYTES_MAX
        self._model: int | None = None  # what this session has put on the bench
        self._clip_crc32: str | None = None

    @property
    def exchanges(self) -> int:
        """How many framed commands were asked."""
        return self._exchange.exchanges

    @property
    def repeats(self) -> int:
        """How often a command had to be sent again."""
        return self._exchange.repeats

    def handshake(self) -> Handshake:
        """Bring the board into step, whatever went before, and ask who it is."""
        self._in_step = False
        self._model = self._clip_crc32 = None
        self._get_into_step()
        self._exchange.begin()
        with self._context("hello"):
            hello = self._exchange.ask("hello")
            described = [self._exchange.ask(f"describe {i}") for i in range(replies.check_version(hello))]
            who = replies.handshake(hello, described)
        self._models = {model.index: model.tflite_sha256 for model in who.models}
        self._in_step = True
        return who

    def select_model(self, index: int) -> None:
        """Put a model of the image on the bench; clip and features stay. A model that is not there is refused."""
        fields = self._ask(f"model {index}")
        with self._context("model"):
            if fields != [("selected", {"index": index, "tflite_sha256": self._models.get(index)})]:
                raise BoardError(f"asked for model {index}, the board has selected {fields}")
        self._model = index

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

        def put(offset: int, count: int, tries: int) -> None:
            part = data[offset : offset + count]
            words = f"put {offset} {count} {zlib.crc32(part):08x}"
            self._same(self._ask(words, part, tries), [("put", {"offset": offset, "bytes": count})])

        crc = f"{zlib.crc32(data):08x}"
        for attempt in range(_UPLOADS):
            self._in_parts(len(data), put)
            try:
                found = self._ask(f"audio {len(data)} {crc}")
                break
            except replies.Refused as refused:
                if refused.code != "bad_crc" or attempt == _UPLOADS - 1:
                    raise
        self._same(found, [("audio", {"bytes": len(data), "crc32": crc})])
        self._clip_crc32 = crc

    def record(self) -> np.ndarray:
        """One second from the board's microphone, (N,) int16; it is then the clip. Refused where there is none."""
        recorded = self._ask("record", takes_s=2 * protocol.CLIP_SAMPLES / SAMPLE_RATE_HZ)
        with self._context("record"):
            self._clip_crc32 = replies.recorded(recorded)
        data = self._fetch("samples", protocol.AUDIO_BYTES)
        with self._context("record"):
            if f"{zlib.crc32(data):08x}" != self._clip_crc32:
                raise BoardError("the samples are not those that were recorded")
        return np.frombuffer(data, dtype="<i2").astype(np.int16)

    def run(self) -> Output:
        """Features of the clip, then the selected model; not timed."""
        return self._own(self._value("run", replies.output))

    def classify(self) -> Output:
        """The selected model on the features that are there; not timed."""
        return self._own(self._value("classify", replies.output))

    def time(self) -> Timing:
        """As `run`, with the cycle counter on; all of protocol.PHASES."""
        return self._timing("time", protocol.PHASES)

    def time_model(self) -> Timing:
        """As `classify`, with the cycle counter on; protocol.MODEL_PHASES."""
        return self._timing("time_model", protocol.MODEL_PHASES)

    def features(self) -> np.ndarray:
        """The features that are there: (T, F) int8."""
        data = self._fetch("features", protocol.FEATURE_BYTES)
        return np.frombuffer(data, dtype=np.int8).reshape(protocol.FRAMES, protocol.BANDS)

    def output(self) -> Output:
        """The last output once more."""
        return self._own(self._value("output", replies.output))

    def reset(self) -> Handshake:
        """Start the board again and greet it: the first model, no clip."""
        self._check_in_step("reset")
        with self._context("reset"):
            for _ in range(TRIES):
                self._start_again()
                if self._has_forgotten_us():
                    break
            else:
                raise BoardError("the board does not start again")
        return self.handshake()

    def _start_again(self) -> None:
        deadline = time.monotonic() + self._timeout_s
        try:
            self._exchange.tell("reset")
            while protocol.READY not in self._port.line(deadline):
                pass
        except Late:
            return  # the lines of the start may be what was lost
        except Gone:
            self._port.reopen(self._timeout_s)

    def _has_forgotten_us(self) -> bool:
        try:
            self._exchange.ask("describe 0")
        except replies.Refused as refused:
            return refused.code == "no_session"
        return False

    def _timing(self, command: str, phases: tuple[str, ...]) -> Timing:
        timing = self._value(command, lambda parsed: replies.timing(parsed, phases), self._timeout_s)
        self._own(timing.output)
        return timing

    def _own(self, output: Output) -> Output:
        """An output of the model and the clip that this session put there."""
        with self._context("output"):
            if self._model not in (None, output.model):
                raise BoardError(f"the output is of model {output.model}, selected was {self._model}")
            self._check_clip(output.input_crc32)
        return output

    def _check_clip(self, crc32: str) -> None:
        if self._clip_crc32 not in (None, crc32):
            raise BoardError(f"what came is of the clip with checksum {crc32}, uploaded was {self._clip_crc32}")

    def _fetch(self, word: str, total: int) -> bytes:
        """All bytes of what the board has, in parts."""
        parts: list[bytes] = []

        def fetch(offset: int, count: int, tries: int) -> None:
            parsed = self._ask(f"{word} {offset} {count}", tries=tries)
            with self._context(word):
                crc32, data = replies.part(parsed, word, offset, count)
                self._check_clip(crc32)
            parts.append(data)

        self._in_parts(total, fetch)
        return b"".join(parts)

    def _in_parts(self, total: int, move: Callable[[int, int, int], None]) -> None:
        """Call move(offset, count, tries) for each part; after a part that does not get through in halves of it."""
        offset = 0
        while offset < total:
            count = min(self._part_bytes, total - offset)
            smallest = count <= _PART_BYTES_MIN
            try:
                move(offset, count, TRIES if smallest else _PART_TRIES)
            except Unanswered:
                if smallest:
                    raise
                self._part_bytes, self._in_step = count // 2, True
            else:
                offset += count

    def _value(self, command: str, read, takes_s: float = 0.0):
        parsed = self._ask(command, takes_s=takes_s)
        with self._context(command):
            return read(parsed)

    def _same(self, found: list[replies.Line], expected: list[replies.Line]) -> None:
        with self._context(expected[0][0]):
            if found != expected:
                raise BoardError(f"the board has received {found}, not {expected}")

    def _ask(self, command: str, payload: bytes = b"", tries: int = TRIES, takes_s: float = 0.0) -> list[replies.Line]:
        word = command.split()[0]
        self._check_in_step(word)
        with self._context(word):
            return self._exchange.ask(command, payload, tries, takes_s)

    def _check_in_step(self, word: str) -> None:
        if not self._in_step:
            raise self._told(word, "call handshake() first: there was none yet, or an answer went astray")

    def _get_into_step(self) -> None:
        """Greet under a number that no earlier command can have had, until the board answers to it.

        What is said until then differs from time to time, so the transcript keeps it only when it leads nowhere.
        """
        attempts = Transcript()
        exchange = Exchange(self._port, self._timeout_s, attempts)
        try:
            self._greet(exchange)
        except BoardError as error:
            self.transcript.add(attempts)
            raise self._told("hello", f"{error}. {_ADVICE}") from None

    def _greet(self, exchange: Exchange) -> None:
        greeting = lambda: exchange.ask("hello", sequence=_OUTSIDE | secrets.randbits(31))  # noqa: E731
        try:
            greeting()
        except Unanswered:
            exchange.fill(protocol.UPLOAD_BYTES_MAX)
            greeting()
        except Gone:
            self._port.reopen(self._timeout_s)
            greeting()

    @contextmanager
    def _context(self, command: str) -> Iterator[None]:
        """Adds port and command to an error; all but a refusal leave the session out of step."""
        try:
            yield
        except replies.Refused as error:
            if error.code == "no_session":
                self._in_step = False
                raise self._told(command, "the board has started again in the middle of the session") from None
            error.args = self._told(command, str(error)).args
            raise
        except BoardError as error:
            self._in_step = False
            raise self._told(command, str(error), type(error)) from None

    def _told(self, command: str, what: str, kind: type[BoardError] = BoardError) -> BoardError:
        place = f" (line {len(self.transcript)} of the transcript)" if len(self.transcript) else ""
        return kind(f"{self._port.name}, command {command!r}: {what}{place}")
