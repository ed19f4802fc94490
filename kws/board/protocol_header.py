"""The protocol's table (kws/board/protocol.py) as C: text of the firmware's protocol.h, for one rate of the link."""

from collections.abc import Sequence

from kws.board import protocol


def header(baud: int) -> str:
    """Text of protocol.h; `baud` is the rate of the board's UART."""
    phases = [f"KWS_PHASE_{phase.upper()}" for phase in protocol.PHASES]
    framed = [f"X({name}, {len(command.arguments)})" for name, command in protocol.COMMANDS.items()]
    plain = [f"X({name}, {command.words[0]}, {command.words[1]})" for name, command in protocol.MLPERF.items()]
    return "\n".join(
        [
            f"/* Generated from kws/board/protocol.py, version {protocol.VERSION}: change it there. */",
            "#ifndef KWS_PROTOCOL_H",
            "#define KWS_PROTOCOL_H",
            "",
            *(f"#define {name} {value}" for name, value in _constants(baud).items()),
            "",
            _enum(["KWS_OK", *(f"KWS_{code.upper()}" for code in protocol.ERRORS)], "typedef ", " kws_status_t"),
            "",
            "/* Name of each status, in the order of kws_status_t. */",
            "#define KWS_ERROR_CODES " + ", ".join(f'"{code}"' for code in ("", *protocol.ERRORS)),
            "",
            _enum([*phases, "KWS_PHASES"]),
            "#define KWS_PHASE_NAMES " + ", ".join(f'"{phase}"' for phase in protocol.PHASES),
            "",
            "/* X(name, number of arguments) for each framed command. */",
            "#define KWS_FRAMED_COMMANDS(X) " + " ".join(framed),
            "",
            "/* X(name, fewest words after it, most) for each of MLPerf's. */",
            "#define KWS_PLAIN_COMMANDS(X) " + " ".join(plain),
            f'#define KWS_PLAIN_NAMES "{" ".join(protocol.MLPERF)}"',
            "",
            "#endif",
            "",
        ]
    )


def _constants(baud: int) -> dict[str, str]:
    numbers = {
        "PROTOCOL_VERSION": protocol.VERSION,
        "COMMAND_BYTES_MAX": protocol.COMMAND_BYTES_MAX,
        "LINE_BYTES_MAX": protocol.LINE_BYTES_MAX,
        "BLOCK_BYTES": protocol.BLOCK_BYTES,
        "CLASSES_MAX": protocol.CLASSES_MAX,
        "AUDIO_BYTES": protocol.AUDIO_BYTES,
        "UPLOAD_BYTES_MAX": protocol.UPLOAD_BYTES_MAX,
        "FEATURE_BYTES": protocol.FEATURE_BYTES,
        "REPETITIONS_MAX": protocol.REPETITIONS_MAX,
        "OTHER_CLASSES": protocol.OTHER_CLASSES,
        "STRIDES_MAX": protocol.STRIDES_MAX,
        "SMOOTHING_MAX": protocol.SMOOTHING_MAX,
        "SUPPRESSION_MS_MAX": protocol.SUPPRESSION_MS_MAX,
        "LEVEL_STRIDES": protocol.LEVEL_STRIDES,
    }
    texts = {"STARTED": protocol.STARTED, "READY": protocol.READY, "ERROR_OPEN": protocol.ERROR_OPEN}
    texts |= {f"REPLY_{word.upper()}": protocol.reply_open(word) for word in protocol.REPLIES}
    for word, line in protocol.MLPERF_LINES.items():
        before, mark, after = line.partition("{}")
        texts |= {f"LINE_{word.upper()}": before} | ({f"LINE_{word.upper()}_END": after} if mark else {})
    return {
        "KWS_BAUD": str(baud),
        "KWS_COMMAND_END": f"'{protocol.COMMAND_END}'",
        "KWS_FRAME_OPEN": f"'{protocol.FRAME_OPEN}'",
        **{f"KWS_{name}": f"{number}u" for name, number in numbers.items()},
        **{f"KWS_{name}": f'"{text}"' for name, text in texts.items()},
    }


def _enum(names: Sequence[str], before: str = "", after: str = "") -> str:
    return f"{before}enum {{ {', '.join(names)} }}{after};"
