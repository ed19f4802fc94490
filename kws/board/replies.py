"""What the board says, from lines to typed values: pure functions, no port, replayable from a transcript.

Lines go in as they came, without line ends and without the closing `m-ready`. Nothing comes out unless the answer is
the one to this command, its checksum is right, every line is one that the command may be answered with, and every field
is of its kind and range.
"""

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kws.board import protocol
from kws.errors import BoardError

Line = tuple[str, dict[str, str | int]]

_LINE = re.compile(r"m-([a-z_]+)-\[([^\[\]]*)\]")
_ERROR = re.compile(r"e-\[([a-z_]+)\]")
_SENT = re.compile(rf"> {protocol.FRAME_OPEN}([0-9]+) ([a-z_]+).*")
_KINDS = {"number": re.compile(r"[0-9]{1,10}"), "hex": re.compile(r"[0-9a-f]+"), "text": re.compile(r"[!-~]+")}
_NUMBER_MAX = 2**32 - 1
_SHOWN_CHARACTERS = 160


class Refused(BoardError):
    """The board answered with an error line; `code` is one of protocol.ERRORS."""

    def __init__(self, code: str, line: str):
        super().__init__(
            f"the board refuses: {line or code} ({protocol.ERRORS.get(code, 'which is no error that it may give')})"
        )
        self.code = code


class Damaged(BoardError):
    """Something was lost or changed on the way, there or back: send the command again."""


@dataclass(frozen=True)
class BoardModel:
    """A model in the image: its place, its name, the .tflite it was generated from, int8 in and out."""

    index: int
    name: str
    tflite_sha256: str
    input_bytes: int
    classes: int


@dataclass(frozen=True)
class Handshake:
    """Who is there: the port's name for itself, its clock, the hash of its own flash, and the models in it."""

    board: str
    clock_hz: int
    cycle_unit: str
    image_sha256: str
    image_bytes: int
    models: tuple[BoardModel, ...]


@dataclass(frozen=True)
class Output:
    """What a model gave: logits (K,) int8, probabilities (K,) uint16 in 1/32768, label the board's own.

    `input_crc32` is of the clip's bytes that it heard, in eight hex digits.
    """

    model: int
    label: int
    input_crc32: str
    logits: np.ndarray
    probabilities: np.ndarray


@dataclass(frozen=True)
class Timing:
    """Cycles of each phase of one timed run, the rate they are counted at, and what the run gave."""

    cycles: dict[str, int]
    clock_hz: int
    output: Output

    def ms(self, phase: str) -> float:
        """Milliseconds of a phase."""
        return self.cycles[phase] * 1e3 / self.clock_hz


def ended(lines: Sequence[str]) -> int | None:
    """The sequence number of an answer whose last line is its end; None where that, or what it is about, is damaged.

    What stands before the answer, the rest of another one perhaps, is none of it.
    """
    return None if (answer := _answer(lines)) is None else answer[0]


def parse(command: str, sequence: int, lines: Sequence[str]) -> list[Line]:
    """A whole answer, its end included: (word, fields) of each line, checked.

    Args:
        command: the name of the command.
        sequence: the number that it was sent under.

    Raises:
        Damaged: the end is missing, or does not fit what is before it; or the board found the command's bytes damaged.
        Refused: the answer is an error.
        BoardError: it is the answer to another command, or a line does not belong.
    """
    answer = _answer(lines)
    if answer is None:
        raise Damaged(f"an answer that does not have its checksum: {shown(lines)}")
    found, body = answer
    if found != sequence:
        raise BoardError(f"the answer to command {found} where {sequence} was asked")
    for line in body:
        if line.startswith(protocol.ERROR_OPEN):
            match = _ERROR.fullmatch(line)
            code = match.group(1) if match else "unreadable"
            raise Damaged(line) if code == "damaged" else Refused(code, line)
    parsed = [_fields(line) for line in body]
    for word, _ in parsed:
        if word not in protocol.COMMANDS[command].replies:
            raise BoardError(f"a line {word!r} does not belong into an answer to {command!r}")
    return parsed


def replay(transcript: str) -> list[tuple[str, list[Line] | Refused]]:
    """Every answer in the transcript of a session, parsed anew, behind the name of its command.

    Raises:
        BoardError: as `parse`; the transcript of a session that ended well raises none.
    """
    answers: list[tuple[str, list[Line] | Refused]] = []
    asked, lines = None, []
    for line in transcript.splitlines():
        if match := _SENT.fullmatch(line):
            asked, lines = (match.group(2), int(match.group(1))), []
        elif asked and line == f"< {protocol.READY}":
            try:
                answers.append((asked[0], parse(*asked, lines)))
            except Refused as refused:
                answers.append((asked[0], refused))
            asked = None
        else:
            lines.append(line.removeprefix("< "))
    return answers


def shown(lines: Sequence[str]) -> str:
    """The last lines, for a message."""
    text = " / ".join(lines)
    return ascii(text if len(text) <= _SHOWN_CHARACTERS else "... " + text[-_SHOWN_CHARACTERS:])


def handshake(hello: Sequence[Line], described: Sequence[Sequence[Line]]) -> Handshake:
    """The answers to `hello`, and to `describe` of each model.

    Raises:
        BoardError: the firmware speaks another version, or the list of models is not whole.
    """
    check_version(hello)
    who, clock, image = only(hello, "hello"), _clock(hello), only(hello, "image")
    models = tuple(BoardModel(**only(lines, "model")) for lines in described)
    if [model.index for model in models] != list(range(who["models"])) or not models:
        raise BoardError("the board's list of models is not whole")
    return Handshake(who["board"], clock["hz"], clock["unit"], image["sha256"], image["bytes"], models)


def check_version(hello: Sequence[Line]) -> int:
    """How many models the answer to `hello` announces; BoardError where it is of another version of the protocol."""
    who = only(hello, "hello")
    if who["version"] != protocol.VERSION:
        raise BoardError(
            f"the firmware speaks version {who['version']} of the protocol, this program {protocol.VERSION}: "
            "program the board with an image of this repository (`dvc repro flash`)"
        )
    return who["models"]


def output(parsed: Sequence[Line]) -> Output:
    """The reply to `run`, `classify` or `output`."""
    head = only(parsed, "output")
    classes = head["classes"]
    logits = np.frombuffer(_block(parsed, "logits", classes), dtype=np.int8)
    probabilities = np.frombuffer(_block(parsed, "probabilities", 2 * classes), dtype="<u2").astype(np.uint16)
    if head["label"] >= classes:
        raise BoardError(f"the board gives label {head['label']} of {classes} classes")
    return Output(head["model"], head["label"], head["input_crc32"], logits, probabilities)


def timing(parsed: Sequence[Line], phases: Sequence[str]) -> Timing:
    """The reply to `time` (protocol.PHASES) or `time_model` (protocol.MODEL_PHASES)."""
    counts = [fields for word, fields in parsed if word == "cycles"]
    if [fields["phase"] for fields in counts] != list(phases):
        raise BoardError(f"the board times {[fields['phase'] for fields in counts]}, not {list(phases)}")
    cycles = {fields["phase"]: fields["count"] for fields in counts}
    for phase, count in cycles.items():
        if count == 0:
            raise BoardError(f"the board counts 0 cycles for {phase}: its cycle counter does not run")
    return Timing(cycles, _clock(parsed)["hz"], output(parsed))


def part(parsed: Sequence[Line], word: str, offset: int, count: int) -> tuple[str, bytes]:
    """The answer to `features` or `samples`: the checksum of the clip that it is of, and `count` bytes."""
    return str(only(parsed, "input")["crc32"]), _block(parsed, word, count, offset)


def recorded(parsed: Sequence[Line]) -> str:
    """The answer to `record`: the checksum of the clip."""
    fields = only(parsed, "audio")
    if fields["bytes"] != protocol.AUDIO_BYTES:
        raise BoardError(f"the board has recorded {fields['bytes']} bytes where a clip has {protocol.AUDIO_BYTES}")
    return fields["crc32"]


def _answer(lines: Sequence[str]) -> tuple[int, list[str]] | None:
    """Sequence number and lines of the answer that ends in the last line."""
    match = _LINE.fullmatch(lines[-1]) if lines else None
    if match is None or match.group(1) != protocol.END:
        return None
    fields = match.group(2).split(" ")
    kinds = [kind for _, kind in protocol.REPLIES[protocol.END].fields]
    if len(fields) != len(kinds) or not all(_is(kind, text) for kind, text in zip(kinds, fields, strict=True)):
        return None
    text = "".join(line + protocol.LINE_END for line in lines[:-1])
    sequence, count, crc = int(fields[0]), int(fields[1]), fields[2]
    if count > len(text):
        return None
    body = text[len(text) - count :]
    end = lines[-1].rpartition(" ")[0]
    if f"{zlib.crc32((body + end).encode('latin-1', 'replace')):08x}" != crc:
        return None
    return sequence, body.split(protocol.LINE_END)[:-1]


def _fields(line: str) -> Line:
    match = _LINE.fullmatch(line)
    if match is None or match.group(1) not in protocol.REPLIES:
        raise BoardError(f"{line!r} is not a line of the protocol")
    word, texts = match.group(1), match.group(2).split(" ")
    fields = protocol.REPLIES[word].fields
    if len(texts) != len(fields):
        raise BoardError(f"{line!r} has {len(texts)} fields, {word} has {len(fields)}")
    return word, {name: _value(line, kind, text) for (name, kind), text in zip(fields, texts, strict=True)}


def _value(line: str, kind: str, text: str) -> str | int:
    if not _is(kind, text):
        raise BoardError(f"{line!r}: {text!r} is no {kind}")
    return int(text) if kind == "number" else text


def _is(kind: str, text: str) -> bool:
    return bool(_KINDS[kind].fullmatch(text)) and (kind != "number" or int(text) <= _NUMBER_MAX)


def _clock(parsed: Sequence[Line]) -> dict:
    clock = only(parsed, "clock")
    if clock["hz"] == 0:
        raise BoardError("the board gives its clock's rate as 0")
    return clock


def only(parsed: Sequence[Line], word: str) -> dict:
    found = [fields for name, fields in parsed if name == word]
    if len(found) != 1:
        raise BoardError(f"the reply has {len(found)} lines {word!r} where there must be one")
    return found[0]


def _block(parsed: Sequence[Line], word: str, expected_bytes: int, start: int = 0) -> bytes:
    """The payload that lines of this word carry from offset `start` on, in order, without holes."""
    data = b""
    for name, fields in parsed:
        if name != word:
            continue
        if fields["offset"] != start + len(data) or len(fields["data"]) % 2:
            raise BoardError(f"a part of {word} is missing or cut after {len(data)} bytes")
        data += bytes.fromhex(fields["data"])
    if len(data) != expected_bytes:
        raise BoardError(f"{word} has {len(data)} bytes where there must be {expected_bytes}")
    return data
