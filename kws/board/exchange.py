"""Framed commands over a serial port, each repeated until it has its own, undamaged answer.

Goes in: a command in words, perhaps with bytes that follow it. Comes out: the answer's lines, checked and parsed. An
answer counts only with the command's sequence number and the right checksum (kws/board/replies.py); what is damaged,
late or meant for an earlier command is dropped, and the command goes out again. That is safe: the board does once what
it is told twice under one number (kws/board/protocol.py).
"""

import time
import zlib

from kws.board import protocol, replies
from kws.board.serial_lines import Late, SerialLines, Transcript
from kws.errors import BoardError

# A link that damages one byte in a thousand lets through 6 of 10 exchanges of 500 bytes: 12 tries leave 1 in 60,000.
TRIES = 12
_FIRST_PATIENCE = 1 / 16  # of the time-out; doubled each time that no answer comes
_QUIET = 1 / 256
_FAULT = protocol.ERROR_OPEN + "fault"


class Unanswered(BoardError):
    """No right answer came, however often the command was sent."""


class Exchange:
    """The commands of one session.

    Args:
        port: lines and bytes.
        timeout_s: how long a command may take in all, transfer apart.
        transcript: of what was asked and what was answered. What was damaged or came late is in it only where it led
            nowhere, so that the same session on a link that holds gives the same text.
    """

    def __init__(self, port: SerialLines, timeout_s: float, transcript: Transcript) -> None:
        self.exchanges = self.repeats = 0
        self._port, self._timeout_s, self._transcript = port, timeout_s, transcript
        self._sequence = 0
        self._command = ""

    def begin(self) -> None:
        """Number from 1 on."""
        self._sequence = 0

    def ask(
        self,
        command: str,
        payload: bytes = b"",
        tries: int = TRIES,
        takes_s: float = 0.0,
        sequence: int | None = None,
    ) -> list[replies.Line]:
        """Send a command until it is answered.

        Args:
            command: words, without frame.
            payload: bytes that follow the command.
            tries: how often to send it at most.
            takes_s: how long the board works on it at most; so long it is not sent again for want of an answer.
            sequence: a number of its own instead of the next one.

        Raises:
            Refused: the board does not do it.
            Unanswered: no right answer within `tries` and the time-out.
            BoardError: the port is gone, or the firmware has stopped.
        """
        if sequence is None:
            self._sequence += 1
            sequence = self._sequence
        self.exchanges += 1
        self._command = command.split()[0]
        attempts = Transcript()
        self._port.transcript = attempts
        try:
            return self._answered(command, payload, tries, takes_s, sequence)
        except replies.Refused:
            raise  # an answer too
        except BoardError:
            self._transcript.add(attempts)
            raise

    def further(self, deadline: float) -> list[replies.Line]:
        """The next answer to a command that goes on (protocol.Command), which was the last one asked. The transcript
        does not keep it.

        Raises:
            Late: none by the deadline.
            Damaged: what came is not whole; it is lost.
            BoardError: the port is gone, or the firmware has stopped.
        """
        self._port.transcript = Transcript()
        lines: list[str] = []
        while not lines or not lines[-1].startswith(protocol.reply_open(protocol.END)):
            lines.append(self._port.line(deadline))
            if lines[-1].startswith(_FAULT):
                raise BoardError(f"the firmware has stopped: {lines[-1]}")
            if lines[-1] == protocol.STARTED:
                raise BoardError("the board has started again")
        return replies.parse(self._command, self._sequence, lines)

    def tell(self, command: str) -> None:
        """Send a command that is not answered by a reply."""
        self._sequence += 1
        self._port.transcript = self._transcript
        self._send(protocol.frame(self._sequence, command), b"")

    def fill(self, count: int) -> None:
        """Give a board that may wait for `count` bytes of an upload as many and some more, and drop what it says."""
        filling = b"\n" * (count + protocol.COMMAND_BYTES_MAX) + protocol.COMMAND_END.encode()
        self._port.write(filling, self._timeout_s, f"({len(filling) - 1} line feeds)")
        self._port.discard_input(self._timeout_s * _QUIET, self._timeout_s)

    def _answered(self, command: str, payload: bytes, tries: int, takes_s: float, sequence: int) -> list[replies.Line]:
        frame, problem = protocol.frame(sequence, command), "nothing"
        goes_on = protocol.COMMANDS[command.split()[0]].goes_on
        transfer_s = self._port.transfer_s(len(payload) + 4 * protocol.LINE_BYTES_MAX)
        patience_s = self._timeout_s * _FIRST_PATIENCE + takes_s + transfer_s
        deadline = time.monotonic() + self._timeout_s + takes_s + transfer_s
        silences = 0
        for attempt in range(tries):
            self.repeats += attempt > 0
            self._send(frame, payload)
            try:
                lines = self._answer(sequence, min(deadline, time.monotonic() + patience_s), goes_on)
                return self._parsed(frame, payload, command, sequence, lines)
            except Late as late:
                problem, patience_s, silences = str(late), 2 * patience_s, silences + 1
            except replies.Damaged as damaged:
                problem = str(damaged)
            if payload:
                self.fill(len(payload))
            elif silences == 2:  # it may wait for the rest of an upload that was sent twice
                self.fill(protocol.UPLOAD_BYTES_MAX)
            if time.monotonic() > deadline:
                break
        raise Unanswered(f"no right answer in {attempt + 1} tries; to the last one: {problem}")

    def _parsed(self, frame: str, payload: bytes, command: str, sequence: int, lines: list[str]) -> list[replies.Line]:
        """The answer, which the transcript keeps, unless it is that the payload arrived damaged."""
        try:
            return replies.parse(command.split()[0], sequence, lines)
        except replies.Damaged:
            lines = []
            raise
        finally:
            if lines:
                self._transcript.sent(frame + _note(payload))
                for line in (*lines, protocol.READY):
                    self._transcript.received(line)

    def _send(self, frame: str, payload: bytes) -> None:
        """With a second end mark where nothing follows: a lost one then delays no answer."""
        data = frame.encode() + (payload or protocol.COMMAND_END.encode())
        self._port.write(data, self._timeout_s, frame + _note(payload))

    def _answer(self, sequence: int, deadline: float, goes_on: bool) -> list[str]:
        """Lines up to the end of the answer to this command; answers to others before it are dropped."""
        lines: list[str] = []
        stale = False
        while True:
            line = self._port.line(deadline)
            if line.startswith(_FAULT):
                raise BoardError(f"the firmware has stopped: {line}")
            lines.append(line)
            if protocol.READY in line:
                if not stale:
                    raise replies.Damaged(f"an answer without its end: {replies.shown(lines)}")
                lines, stale = [], False
            elif line.startswith(protocol.reply_open(protocol.END)) and (found := replies.ended(lines)) is not None:
                if found == sequence:
                    if not goes_on or lines[-2].startswith(protocol.ERROR_OPEN):
                        self._ready()
                    return lines
                lines, stale = [], True
            elif line == protocol.STARTED:
                lines, stale = [], True

    def _ready(self) -> None:
        """The line that follows an answer; without it the answer is as good."""
        try:
            self._port.line(time.monotonic() + self._timeout_s * _QUIET)
        except Late:
            return


def _note(payload: bytes) -> str:
    """What a transcript says of raw bytes."""
    return f" ({len(payload)} bytes, crc32 {zlib.crc32(payload):08x})" if payload else ""
