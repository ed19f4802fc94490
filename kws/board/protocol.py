"""The serial protocol between host and board: its only table. The firmware's protocol.h is generated from it
(kws/board/protocol_header.py), docs/protocol.md is checked against it.

Text both ways. A command ends with `%`, a line of the board with CR LF, an answer with the line `m-ready`; an error is
a line `e-[CODE]`. CR, LF and NUL in commands are ignored, and an empty command gets no answer. Commands are of
two kinds:

- MLPerf Tiny's (MLPERF), plain, as github.com/mlcommons/tiny has them. Nothing checks them.
- ours (COMMANDS), framed: `#SEQUENCE COMMAND ARGUMENTS CRC32%`, the checksum in eight hex digits over what stands
  between `#` and the space before it. `#` begins a frame whatever came before. An answer, also a refusal, is lines,
  then `m-end-[SEQUENCE BYTES CRC32]`: the command's sequence number, how many bytes the lines before have, and the
  checksum over those bytes and this line up to the space before it. A frame that arrives damaged is answered
  `e-[damaged]` without such a line, and nothing else comes of it.

A host may send a framed command again, with the same sequence number, until it is answered: what computes or records
is done once a sequence number, the rest gives the same again. `hello` begins a session. Before the first one, so also
after each start, the board refuses all other framed commands; a start in the middle of a session cannot pass unseen.

`listen` is answered by `listening`; then the board sends answers under the same number by itself, each with its end,
until it hears a byte that is none of `%`, CR, LF and NUL. It then says `m-ready` and takes that byte as
a command's first.

`put` is followed by raw bytes. A board that waits for bytes which got lost is given UPLOAD_BYTES_MAX line feeds and a
`%`: whatever state a session left behind, that brings it back to its command loop.
"""

import zlib
from dataclasses import dataclass

from kws.features import BANDS, CLIP_SAMPLES, FRAMES
from kws.labels import class_names

VERSION = 2
COMMAND_END = "%"
FRAME_OPEN = "#"
COMMAND_BYTES_MAX = 80
LINE_END = "\r\n"
LINE_BYTES_MAX = 256  # line end included
BLOCK_BYTES = 64  # bytes of a payload in one line, as hex digits
CLASSES_MAX = 64
AUDIO_BYTES = 2 * CLIP_SAMPLES  # int16, little-endian
UPLOAD_BYTES_MAX = 4000  # in one `put`
FEATURE_BYTES = FRAMES * BANDS  # int8, frames first
REPETITIONS_MAX = 65535  # of `infer`
OTHER_CLASSES = len(class_names(()))  # the first ones, silence and unknown: nothing to be heard
STRIDES_MAX = 50  # from one decision of a listener to the next
SMOOTHING_MAX = 8  # decisions that a listener averages
SUPPRESSION_MS_MAX = 60_000
LEVEL_STRIDES = 25  # from one report of the level to the next, at least
STARTED = "m-init-done"
READY = "m-ready"
ERROR_OPEN = "e-["
END = "end"  # the word of a framed answer's last line

# A run's phases in the order of the reply; the last two are those of the model alone.
PHASES = ("preprocess", "preprocess_stride", "preprocess_window", "inference", "postprocess")
MODEL_PHASES = PHASES[3:]


@dataclass(frozen=True)
class Command:
    """A framed command: the words after its name, and the lines it is answered with, in order.

    `goes_on`: further answers follow the first one, under its number, and `m-ready` only when the host says something.
    """

    arguments: tuple[str, ...]
    replies: tuple[str, ...]
    meaning: str
    goes_on: bool = False


@dataclass(frozen=True)
class PlainCommand:
    """One of MLPerf's: how many words may follow, and the lines it is answered with (MLPERF_LINES), in order."""

    usage: str
    words: tuple[int, int]
    lines: tuple[str, ...]
    meaning: str


@dataclass(frozen=True)
class Reply:
    """A line `m-WORD-[..]` and the kinds of its fields: text (no space, no bracket), number (decimal), hex."""

    fields: tuple[tuple[str, str], ...]


_OUTPUT = ("output", "logits", "probabilities")
_PHASES_OUTPUT = ("cycles", "clock", *_OUTPUT)
_CRC = (("crc32", "hex"),)

COMMANDS: dict[str, Command] = {
    "hello": Command((), ("hello", "clock", "image"), "begin a session: who is there"),
    "describe": Command(("index",), ("model",), "a model of the image"),
    "model": Command(("index",), ("selected",), "select a model; audio and features stay, the output goes"),
    "put": Command(
        ("offset", "bytes", "crc32"), ("put",), f"part of a clip, at most {UPLOAD_BYTES_MAX} bytes, which follow"
    ),
    "audio": Command(("bytes", "crc32"), ("audio",), "the parts are a clip with this checksum"),
    "record": Command((), ("audio",), "one second from the board's microphone, which is then the clip"),
    "samples": Command(("offset", "bytes"), ("input", "samples"), "a part of the clip"),
    "run": Command((), _OUTPUT, "features of the clip, then the selected model, without counting"),
    "classify": Command((), _OUTPUT, "the selected model on the features that are there, without counting"),
    "time": Command(
        (),
        _PHASES_OUTPUT,
        "run with the cycle counter on, and one stride and one window of a stream",
    ),
    "time_model": Command((), _PHASES_OUTPUT, "classify with the cycle counter on"),
    "features": Command(("offset", "bytes"), ("input", "features"), "a part of the features that are there"),
    "listen": Command(
        ("strides", "smoothing", "threshold", "suppression_ms"),
        ("listening", "heard", "level"),
        "report words from the microphone, until something is sent",
        goes_on=True,
    ),
    "stop": Command((), ("stopped",), "what was heard since the last `listen`, which has ended by now"),
    "output": Command((), _OUTPUT, "the last output again"),
    "reset": Command((), (), "start again; answered by the lines of a start"),
}

REPLIES: dict[str, Reply] = {
    "hello": Reply((("version", "number"), ("board", "text"), ("models", "number"))),
    "clock": Reply((("hz", "number"), ("unit", "text"))),
    "image": Reply((("sha256", "hex"), ("bytes", "number"))),
    "model": Reply(
        (
            ("index", "number"),
            ("name", "text"),
            ("tflite_sha256", "hex"),
            ("input_bytes", "number"),
            ("classes", "number"),
        )
    ),
    "selected": Reply((("index", "number"), ("tflite_sha256", "hex"))),
    "put": Reply((("offset", "number"), ("bytes", "number"))),
    "audio": Reply((("bytes", "number"), *_CRC)),
    "input": Reply(_CRC),  # of the clip (or of the tensor that `db` loaded) that the lines after it come from
    "samples": Reply((("offset", "number"), ("data", "hex"))),  # int16, little-endian
    "cycles": Reply((("phase", "text"), ("count", "number"))),
    "output": Reply((("model", "number"), ("label", "number"), ("classes", "number"), ("input_crc32", "hex"))),
    "logits": Reply((("offset", "number"), ("data", "hex"))),  # int8
    "probabilities": Reply((("offset", "number"), ("data", "hex"))),  # uint16 Q15, little-endian
    "features": Reply((("offset", "number"), ("data", "hex"))),  # int8
    "listening": Reply(
        (("strides", "number"), ("smoothing", "number"), ("threshold", "number"), ("suppression_ms", "number"))
    ),
    "heard": Reply((("number", "number"), ("ms", "number"), ("label", "number"), ("score", "number"))),  # 1/32768
    "level": Reply((("ms", "number"), ("peak", "number"), ("lost_samples", "number"), ("words", "number"))),
    "stopped": Reply((("ms", "number"), ("words", "number"), ("lost_samples", "number"))),
    END: Reply((("sequence", "number"), ("bytes", "number"), *_CRC)),
}

# What stands where `{}` is: a text, numbers, bytes as hex parted by `-`, probabilities with three decimals.
MLPERF_LINES: dict[str, str] = {
    "name": "m-name-dut-[{}]",
    "lap": "m-lap-us-{}",
    "profile": "m-profile-[ULPMark for tinyML Firmware V0.0.1]",
    "benchmark": "m-model-[kws01]",
    "help": "m-help-[{}]",
    "expecting": "m-[Expecting {} bytes]",
    "load_done": "m-load-done",
    "buffer": "m-buffer-{}",
    "warmup_start": "m-warmup-start-{}",
    "warmup_done": "m-warmup-done",
    "infer_start": "m-infer-start-{}",
    "infer_done": "m-infer-done",
    "results": "m-results-[{}]",
}

_INFER = ("warmup_start", "warmup_done", "infer_start", "lap", "lap", "infer_done", "results")
MLPERF: dict[str, PlainCommand] = {
    "name": PlainCommand("name", (0, 0), ("name",), "which device this is"),
    "timestamp": PlainCommand("timestamp", (0, 0), ("lap",), "microseconds from a monotonic clock"),
    "profile": PlainCommand("profile", (0, 0), ("profile", "benchmark"), "which firmware and which benchmark this is"),
    "help": PlainCommand("help", (0, 0), ("help",), "the names of these commands"),
    "db": PlainCommand(
        "db load N, db HEX, db print [N] [OFFSET]",
        (0, 3),
        ("expecting", "load_done", "buffer"),
        "the selected model's input tensor: announce it, fill it, read it",
    ),
    "infer": PlainCommand("infer [N] [W]", (0, 2), _INFER, "W warm-ups (10) and N inferences (1) on that tensor"),
    "results": PlainCommand("results", (0, 0), ("results",), "the probabilities of the last output"),
}

# What a device refuses: the code goes over the line, in C it is the status of the same name. The host adds the text.
ERRORS: dict[str, str] = {
    "unknown_command": "no such command",
    "damaged": "what came does not have its checksum; send it again",
    "command_too_long": f"a command has at most {COMMAND_BYTES_MAX} bytes",
    "no_session": "hello first; the board has started since the last one",
    "bad_argument": "a word is missing, too much, no number, or out of range",
    "bad_model": "no such model, or it does not fit the bench",
    "bad_size": "nothing, or more than there is room for",
    "bad_digits": "two hex digits a byte",
    "bad_crc": "the parts do not have this checksum; there is no clip now",
    "no_audio": "upload a clip first",
    "no_microphone": "this board has no microphone, or its firmware no driver for it",
    "no_features": "run, or load the whole input, first",
    "no_load": "db load first",
    "no_output": "run or classify first",
    "line_too_long": "a line of the reply would not fit its buffer",
}


def frame(sequence: int, command: str) -> str:
    """A framed command as it goes out."""
    body = f"{sequence} {command}"
    return f"{FRAME_OPEN}{body} {zlib.crc32(body.encode()):08x}{COMMAND_END}"


def reply_open(word: str) -> str:
    """How a line of this word begins."""
    if word not in REPLIES:
        raise KeyError(f"protocol.py has no reply {word!r}")
    return f"m-{word}-["
