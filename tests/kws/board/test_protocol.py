"""The protocol's table: consistent in itself, clear of MLPerf's names, and C as the compiler wants it."""

import pytest

from kws.board import protocol

MLPERF_COMMANDS = {"name", "timestamp", "profile", "help", "db", "infer", "results"}


def test_commands_keep_clear_of_mlperf():
    assert not MLPERF_COMMANDS & set(protocol.COMMANDS)


def test_commands_fit_and_name_known_replies():
    for name, command in protocol.COMMANDS.items():
        assert len(name) < protocol.COMMAND_BYTES_MAX
        assert set(command.replies) <= set(protocol.REPLIES)


def test_longest_lines_fit_the_line():
    block = f"{protocol.reply_open('probabilities')}{2**16} {'00' * protocol.BLOCK_BYTES}]\r\n"
    model = f"{protocol.reply_open('model')}4294967295 {'n' * 48} {'0' * 64} 65535 65535]\r\n"
    errors = [f"{protocol.ERROR_OPEN}{code}: {text}]\r\n" for code, text in protocol.ERRORS.items()]
    assert max(map(len, [block, model, *errors])) <= protocol.LINE_BYTES_MAX


def test_header_holds_every_command_reply_error_and_phase():
    text = protocol.header(115200)
    for name, command in protocol.COMMANDS.items():
        assert f"X({name}, {len(command.arguments)})" in text
    for word in protocol.REPLIES:
        assert f'#define KWS_REPLY_{word.upper()} "m-{word}-["' in text
    for code, meaning in protocol.ERRORS.items():
        assert f"KWS_{code.upper()}" in text and f'"{code}: {meaning}"' in text
    for phase in protocol.PHASES:
        assert f"KWS_PHASE_{phase.upper()}" in text
    assert "#define KWS_BAUD 115200\n" in text
    assert text == protocol.header(115200)


def test_unknown_reply_is_a_mistake_of_ours():
    with pytest.raises(KeyError, match="no reply 'nothing'"):
        protocol.reply_open("nothing")
