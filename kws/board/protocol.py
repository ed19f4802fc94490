"""The serial protocol between host and board: its only table. The firmware's protocol.h is generated from it.

Framing follows MLPerf Tiny's device protocol (github.com/mlcommons/tiny): text; the host ends a command with `%`; the
device ends a line with CR LF and a reply with `m-ready`; an error is a line `e-[CODE: TEXT]`, then `m-ready`. On top:

- a reply is lines `m-WORD-[FIELD FIELD ..]`, then `m-crc-[CRC32]` over all bytes of those lines, line ends included;
  a reply without it, or with another checksum, is worth nothing;
- raw bytes go up in two steps: `audio BYTES CRC32` is answered by `m-send-[BYTES]`, the bytes follow, and a second
  reply says what came of them;
- CR, LF and NUL are ignored between and in commands, and an empty command gets no answer: whatever state the last
  session left behind, AUDIO_BYTES line feeds and a `%` bring the device back to its command loop.

Names of commands keep clear of MLPerf's own (name, timestamp, profile, help, db, infer, results).
"""

from dataclasses import dataclass

from kws.features import BANDS, CLIP_SAMPLES, FRAMES

VERSION = 1
COMMAND_END = "%"
COMMAND_BYTES_MAX = 64
LINE_END = "\r\n"
LINE_BYTES_MAX = 256  # line end included
BLOCK_BYTES = 64  # bytes of a payload in one line, as hex digits
CLASSES_MAX = 64
AUDIO_BYTES = 2 * CLIP_SAMPLES  # int16, little-endian
FEATURE_BYTES = FRAMES * BANDS  # int8, frames first
STARTED = "m-init-done"
READY = "m-ready"
ERROR_OPEN = "e-["

# A run's phases in the order of the reply; the last two are those of the model alone.
PHASES = ("preprocess", "preprocess_stride", "inference", "postprocess")
MODEL_PHASES = PHASES[2:]


@dataclass(frozen=True)
class Command:
    """A command: the words after its name, and the replies it is answered with, in order."""

    arguments: tuple[str, ...]
    replies: tuple[str, ...]
    meaning: str


@dataclass(frozen=True)
class Reply:
    """A line `m-WORD-[..]` and the kinds of its fields: text (no space, no bracket), number (decimal), hex."""

    fields: tuple[tuple[str, str], ...]


_OUTPUT = ("output", "logits", "probabilities")
_PHASES_OUTPUT = ("cycles", "clock", *_OUTPUT)

COMMANDS: dict[str, Command] = {
    "hello": Command(
        ("count",),
        ("hello", "clock", "image", "models", "model"),
        "who is there; echoes count",
    ),
    "model": Command(("index",), ("selected",), "select a model; audio and features stay, the output goes"),
    "audio": Command(("bytes", "crc32"), ("send", "audio"), "announce a clip; the bytes follow the first reply"),
    "record": Command((), ("samples",), "one second from the board's microphone, which is then the clip"),
    "run": Command((), _OUTPUT, "features of the clip, then the selected model, without counting"),
    "classify": Command((), _OUTPUT, "the selected model on the features that are there, without counting"),
    "time": Command((), _PHASES_OUTPUT, "run with the cycle counter on, and one stride of streaming"),
    "time_model": Command((), _PHASES_OUTPUT, "classify with the cycle counter on"),
    "features": Command((), ("features",), "the features that are there"),
    "output": Command((), _OUTPUT, "the last output again"),
    "reset": Command((), (), "start again; answered by the lines of a start, not by a reply"),
}

REPLIES: dict[str, Reply] = {
    "hello": Reply((("count", "number"), ("version", "number"), ("board", "text"))),
    "clock": Reply((("hz", "number"), ("unit", "text"))),
    "image": Reply((("sha256", "hex"), ("bytes", "number"))),
    "models": Reply((("count", "number"),)),
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
    "send": Reply((("bytes", "number"),)),
    "audio": Reply((("bytes", "number"), ("crc32", "hex"))),
    "samples": Reply((("offset", "number"), ("data", "hex"))),  # int16, little-endian
    "cycles": Reply((("phase", "text"), ("count", "number"))),
    "output": Reply((("model", "number"), ("label", "number"), ("classes", "number"))),
    "logits": Reply((("offset", "number"), ("data", "hex"))),  # int8
    "probabilities": Reply((("offset", "number"), ("data", "hex"))),  # uint16 Q15, little-endian
    "features": Reply((("offset", "number"), ("data", "hex"))),  # int8
    "crc": Reply((("crc32", "hex"),)),
}

# What a device refuses, in C the status of the same name. The code is for programs, the text for people.
ERRORS: dict[str, str] = {
    "unknown_command": "no such command",
    "command_too_long": f"a command has at most {COMMAND_BYTES_MAX} bytes",
    "bad_argument": "wrong number of words, or a word that is no number",
    "bad_model": "no such model, or it does not fit the bench",
    "bad_size": f"a clip has {AUDIO_BYTES} bytes",
    "bad_crc": "the bytes that came do not have this checksum; there is no clip now",
    "no_audio": "upload a clip first",
    "no_microphone": "this board has no microphone, or its firmware no driver for it",
    "no_features": "run first",
    "no_output": "run or classify first",
    "line_too_long": "a line of the reply would not fit its buffer",
}


def reply_open(word: str) -> str:
    """How a line of this word begins."""
    if word not in REPLIES:
        raise KeyError(f"protocol.py has no reply {word!r}")
    return f"m-{word}-["


def header(baud: int) -> str:
    """Text of protocol.h: the tables above as C, and the rate of the serial link in baud."""
    defines = {
        "KWS_PROTOCOL_VERSION": f"{VERSION}u",
        "KWS_BAUD": str(baud),
        "KWS_COMMAND_END": f"'{COMMAND_END}'",
        "KWS_COMMAND_BYTES_MAX": f"{COMMAND_BYTES_MAX}u",
        "KWS_LINE_BYTES_MAX": f"{LINE_BYTES_MAX}u",
        "KWS_BLOCK_BYTES": f"{BLOCK_BYTES}u",
        "KWS_CLASSES_MAX": f"{CLASSES_MAX}u",
        "KWS_AUDIO_BYTES": f"{AUDIO_BYTES}u",
        "KWS_FEATURE_BYTES": f"{FEATURE_BYTES}u",
        "KWS_STARTED": f'"{STARTED}"',
        "KWS_READY": f'"{READY}"',
        "KWS_ERROR_OPEN": f'"{ERROR_OPEN}"',
        **{f"KWS_REPLY_{word.upper()}": f'"{reply_open(word)}"' for word in REPLIES},
    }
    status = ["KWS_OK", *(f"KWS_{code.upper()}" for code in ERRORS)]
    phases = [f"KWS_PHASE_{phase.upper()}" for phase in PHASES]
    texts = ['""', *(f'"{code}: {text}"' for code, text in ERRORS.items())]
    return "\n".join(
        [
            f"/* Generated from kws/board/protocol.py, version {VERSION}: change it there. */",
            "#ifndef KWS_PROTOCOL_H",
            "#define KWS_PROTOCOL_H",
            "",
            *(f"#define {name} {value}" for name, value in defines.items()),
            "",
            f"typedef enum {{ {', '.join(status)} }} kws_status_t;",
            "",
            "/* Text of each status, in the order of kws_status_t. */",
            f"#define KWS_ERROR_TEXTS {', '.join(texts)}",
            "",
            f"enum {{ {', '.join(phases)}, KWS_PHASES }};",
            "#define KWS_PHASE_NAMES " + ", ".join(f'"{phase}"' for phase in PHASES),
            "",
            "/* X(name, number of arguments) for each command. */",
            "#define KWS_COMMANDS(X) "
            + " ".join(f"X({name}, {len(command.arguments)})" for name, command in COMMANDS.items()),
            "",
            "#endif",
            "",
        ]
    )
