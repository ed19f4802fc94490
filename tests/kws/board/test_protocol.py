"""The protocol's table: consistent in itself, every row implemented in C, and described in docs/protocol.md."""

import re
import zlib

import pytest

from kws.board import protocol
from kws.board.build import FIRMWARE
from kws.board.protocol_header import header

DOCUMENT = (FIRMWARE.parent / "docs" / "protocol.md").read_text()
SOURCES = "\n".join(path.read_text() for path in sorted((FIRMWARE / "src").glob("*.c")))


def test_our_commands_keep_clear_of_mlperfs():
    assert not set(protocol.MLPERF) & set(protocol.COMMANDS)


def test_commands_fit_and_name_known_lines():
    longest = protocol.frame(2**32 - 1, "put 4294967295 4294967295 ffffffff")
    assert len(longest) <= protocol.COMMAND_BYTES_MAX
    assert len("db ") + 2 * 31 <= protocol.COMMAND_BYTES_MAX  # MLPerf's host sends up to 31 bytes at a time
    for command in protocol.COMMANDS.values():
        assert set(command.replies) <= set(protocol.REPLIES)
        assert len(command.arguments) <= 4  # WORDS_MAX of words.h
    for command in protocol.MLPERF.values():
        assert set(command.lines) <= set(protocol.MLPERF_LINES)
        assert command.words[1] <= 3


def test_longest_lines_fit_the_line():
    block = f"{protocol.reply_open('probabilities')}{2**16} {'00' * protocol.BLOCK_BYTES}]\r\n"
    model = f"{protocol.reply_open('model')}4294967295 {'n' * 48} {'0' * 64} 65535 65535]\r\n"
    errors = [f"{protocol.ERROR_OPEN}{code}]\r\n" for code in protocol.ERRORS]
    assert max(map(len, [block, model, *errors])) <= protocol.LINE_BYTES_MAX


def test_a_frame_is_what_it_says():
    frame = protocol.frame(7, "model 1")
    assert frame == f"#7 model 1 {zlib.crc32(b'7 model 1'):08x}%"


def test_unknown_reply_is_a_mistake_of_ours():
    with pytest.raises(KeyError, match="no reply 'nothing'"):
        protocol.reply_open("nothing")


@pytest.mark.parametrize("name", re.findall(r"#define (KWS_(?:REPLY|LINE|STARTED|READY)\w*) ", header(115200)))
def test_the_firmware_uses_every_line(name):
    assert re.search(rf"\b{name}\b", SOURCES), f"{name} is in protocol.py, but nothing in firmware/src sends it"


@pytest.mark.parametrize("code", [code for code in protocol.ERRORS])
def test_the_firmware_uses_every_error(code):
    assert re.search(rf"\bKWS_{code.upper()}\b", SOURCES), f"{code} is in protocol.py, but no C refuses with it"


@pytest.mark.parametrize("phase", protocol.PHASES)
def test_the_firmware_times_every_phase(phase):
    assert f"cycles[KWS_PHASE_{phase.upper()}] = counted(" in SOURCES


@pytest.mark.parametrize("name", protocol.COMMANDS)
def test_each_framed_command_is_described(name):
    command = protocol.COMMANDS[name]
    words = " ".join((name, *(word.upper() for word in command.arguments)))
    lines = ", ".join(f"`{word}`" for word in command.replies) or "none"
    assert f"| `{words}` | {command.meaning} | {lines} |\n" in DOCUMENT


@pytest.mark.parametrize("name", protocol.MLPERF)
def test_each_plain_command_is_described(name):
    command = protocol.MLPERF[name]
    usages = ", ".join(f"`{usage}`" for usage in command.usage.split(", "))
    lines = ", ".join(f"`{protocol.MLPERF_LINES[word].replace('{}', '..')}`" for word in command.lines)
    assert f"| {usages} | {command.meaning} | {lines} |\n" in DOCUMENT


@pytest.mark.parametrize("word", protocol.REPLIES)
def test_each_line_is_described(word):
    fields = " ".join(f"{name.upper()}" for name, _ in protocol.REPLIES[word].fields)
    assert f"| `{protocol.reply_open(word)}{fields}]` |" in DOCUMENT


@pytest.mark.parametrize("code", protocol.ERRORS)
def test_each_error_is_described(code):
    assert f"| `{code}` | {protocol.ERRORS[code]} |\n" in DOCUMENT


def test_the_document_has_no_row_of_its_own():
    rows = len(re.findall(r"^\| [^-]", DOCUMENT, re.MULTILINE))
    heads = len(re.findall(r"^\| ---", DOCUMENT, re.MULTILINE))
    tables = (protocol.COMMANDS, protocol.MLPERF, protocol.REPLIES, protocol.ERRORS)
    assert rows - heads == sum(map(len, tables))
