"""What the board says, from lines to typed values: pure functions, no port, replayable from a transcript.

Lines go in as they came, without line ends and without the closing `m-ready`. Nothing comes out unless the reply's
checksum is right, every line is one that the command may be answered with, and every field is of its kind and range.
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
_ERROR = re.compile(r"e-\[([a-z_]+): ?(.*)\]")
_KINDS = {"number": re.compile(r"[0-9]{1,10}"), "hex": re.compile(r"[0-9a-f]+"), "text": re.compile(r"[!-~]+")}
_NUMBER_MAX = 2**32 - 1


class Refused(BoardError):
    """The board answered with an error line; `code` is one of protocol.ERRORS, or `fault`."""

    def __init__(self, code: str, line: str):
        super().__init__(f"the board refuses: {line}")
        self.code = code


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
    """What a model gave: logits (K,) int8, probabilities (K,) uint16 in 1/32768, label the board's own."""

    model: int
    label: int
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


def parse(command: str, lines: Sequence[str]) -> list[Line]:
    """A whole reply: (word, fields) of each line, checked.

    Raises:
        Refused: the reply is an error.
        BoardError: the checksum is missing or wrong, or a line does not belong.
    """
    for line in lines:
        if line.startswith(protocol.ERROR_OPEN):
            match = _ERROR.fullmatch(line)
            raise Refused(match.group(1) if match else "unreadable", line)
    if not lines or not lines[-1].startswith(protocol.reply_open("crc")):
        raise BoardError("the reply has no checksum")
    said = str(_fields(lines[-1])[1]["crc32"])
    body = "".join(line + protocol.LINE_END for line in lines[:-1])
    found = f"{zlib.crc32(body.encode('latin-1')):08x}"
    if said != found:
        raise BoardError(f"the reply's checksum is {said}, but its lines give {found}")
    parsed = [_fields(line) for line in lines[:-1]]
    for word, _ in parsed:
        if word not in protocol.COMMANDS[command].replies:
            raise BoardError(f"a line {word!r} does not belong into a reply to {command!r}")
    return parsed


def handshake(parsed: Sequence[Line]) -> Handshake:
    """The reply to `hello`.

    Raises:
        BoardError: the firmware speaks another version, or the list of models is not whole.
    """
    hello = _only(parsed, "hello")
    if hello["version"] != protocol.VERSION:
        raise BoardError(
            f"the firmware speaks version {hello['version']} of the protocol, this program {protocol.VERSION}: "
            "program the board with an image of this repository (`dvc repro flash`)"
        )
    clock, image = _clock(parsed), _only(parsed, "image")
    models = tuple(BoardModel(**fields) for word, fields in parsed if word == "model")
    if [model.index for model in models] != list(range(_only(parsed, "models")["count"])) or not models:
        raise BoardError("the board's list of models is not whole")
    return Handshake(hello["board"], clock["hz"], clock["unit"], image["sha256"], image["bytes"], models)


def output(parsed: Sequence[Line]) -> Output:
    """The reply to `run`, `classify` or `output`."""
    head = _only(parsed, "output")
    classes = head["classes"]
    logits = np.frombuffer(_block(parsed, "logits", classes), dtype=np.int8)
    probabilities = np.frombuffer(_block(parsed, "probabilities", 2 * classes), dtype="<u2").astype(np.uint16)
    if head["label"] >= classes:
        raise BoardError(f"the board gives label {head['label']} of {classes} classes")
    return Output(head["model"], head["label"], logits, probabilities)


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


def features(parsed: Sequence[Line]) -> np.ndarray:
    """The reply to `features`: (T, F) int8."""
    data = _block(parsed, "features", protocol.FEATURE_BYTES)
    return np.frombuffer(data, dtype=np.int8).reshape(protocol.FRAMES, protocol.BANDS)


def samples(parsed: Sequence[Line]) -> np.ndarray:
    """The reply to `record`: (N,) int16."""
    return np.frombuffer(_block(parsed, "samples", protocol.AUDIO_BYTES), dtype="<i2").astype(np.int16)


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
    if not _KINDS[kind].fullmatch(text) or (kind == "number" and int(text) > _NUMBER_MAX):
        raise BoardError(f"{line!r}: {text!r} is no {kind}")
    return int(text) if kind == "number" else text


def _clock(parsed: Sequence[Line]) -> dict:
    clock = _only(parsed, "clock")
    if clock["hz"] == 0:
        raise BoardError("the board gives its clock's rate as 0")
    return clock


def _only(parsed: Sequence[Line], word: str) -> dict:
    found = [fields for name, fields in parsed if name == word]
    if len(found) != 1:
        raise BoardError(f"the reply has {len(found)} lines {word!r} where there must be one")
    return found[0]


def _block(parsed: Sequence[Line], word: str, expected_bytes: int) -> bytes:
    """The payload that lines of this word carry, in order, without holes."""
    data = b""
    for name, fields in parsed:
        if name != word:
            continue
        if fields["offset"] != len(data) or len(fields["data"]) % 2:
            raise BoardError(f"a part of {word} is missing or cut after {len(data)} bytes")
        data += bytes.fromhex(fields["data"])
    if len(data) != expected_bytes:
        raise BoardError(f"{word} has {len(data)} bytes where there must be {expected_bytes}")
    return data
