"""Replies parsed from text alone: what a good one gives, and that no damaged one gives anything."""

import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kws.board import protocol, replies
from kws.errors import BoardError

SHA = "ab" * 32
HELLO = ["m-hello-[2 nrf52840 2]", "m-clock-[64000000 core_cycles]", f"m-image-[{SHA} 123456]"]
MODELS = [f"m-model-[0 deployed {'1a' * 32} 1960 4]", f"m-model-[1 structured_2 {'2b' * 32} 1960 4]"]
OUTPUT = ["m-output-[1 3 4 0a0b0c0d]", "m-logits-[0 80ff007f]", "m-probabilities-[0 0000010002000080]"]
CYCLES = [f"m-cycles-[{phase} {1000 + i}]" for i, phase in enumerate(protocol.PHASES)]
NUMBER = 7


def sealed(lines: list[str], number: int = NUMBER) -> list[str]:
    """The lines of an answer with its end."""
    body = "".join(line + "\r\n" for line in lines)
    end = f"m-end-[{number} {len(body)}"
    return [*lines, f"{end} {zlib.crc32((body + end).encode()):08x}]"]


def parsed(command: str, lines: list[str]) -> list[replies.Line]:
    return replies.parse(command, NUMBER, sealed(lines))


def test_handshake():
    who = replies.handshake(parsed("hello", HELLO), [parsed("describe", [line]) for line in MODELS])
    assert (who.board, who.clock_hz, who.cycle_unit) == ("nrf52840", 64_000_000, "core_cycles")
    assert (who.image_sha256, who.image_bytes) == (SHA, 123456)
    assert who.models[1] == replies.BoardModel(1, "structured_2", "2b" * 32, 1960, 4)


def test_output_and_timing():
    timing = replies.timing(parsed("time", [*CYCLES, "m-clock-[64000000 core_cycles]", *OUTPUT]), protocol.PHASES)
    assert timing.cycles == dict(zip(protocol.PHASES, range(1000, 1005), strict=True))
    assert timing.ms("preprocess") == 1000 * 1e3 / 64e6
    assert (timing.output.model, timing.output.label, timing.output.input_crc32) == (1, 3, "0a0b0c0d")
    assert timing.output.logits.dtype == np.int8 and timing.output.logits.tolist() == [-128, -1, 0, 127]
    assert timing.output.probabilities.dtype == np.uint16 and timing.output.probabilities.tolist() == [0, 1, 2, 32768]


def test_a_part_from_blocks():
    raw, step = np.random.default_rng(1).bytes(300), protocol.BLOCK_BYTES
    lines = [f"m-features-[{100 + at} {raw[at : at + step].hex()}]" for at in range(0, len(raw), step)]
    source = "m-input-[0a0b0c0d]"
    found = replies.part(parsed("features", [source, *lines]), "features", 100, 300)
    assert found == ("0a0b0c0d", raw)
    swapped = [lines[1], lines[0], *lines[2:]]
    for kept in (lines[:-1], lines[1:], [*lines[:2], *lines[3:]], [*lines, lines[-1]], swapped):
        with pytest.raises(BoardError, match="features"):
            replies.part(parsed("features", [source, *kept]), "features", 100, 300)
    with pytest.raises(BoardError, match="0 lines 'input'"):
        replies.part(parsed("features", lines), "features", 100, 300)


def test_a_recording_is_a_clip():
    assert replies.recorded(parsed("record", ["m-audio-[32000 0a0b0c0d]"])) == "0a0b0c0d"
    with pytest.raises(BoardError, match="3000 bytes where a clip has 32000"):
        replies.recorded(parsed("record", ["m-audio-[3000 0a0b0c0d]"]))


def test_what_stands_before_an_answer_is_none_of_it():
    lines = sealed(OUTPUT)
    for rest in (["m-logits-[0 80ff"], [*sealed(OUTPUT, 6), "m-rea"], ["", "x" * 300]):
        assert replies.output(replies.parse("run", NUMBER, [*rest, *lines])).label == 3
    glued = ["m-output-[0 1" + lines[0], *lines[1:]]
    assert replies.output(replies.parse("run", NUMBER, glued)).label == 3
    assert replies.ended([*sealed([], 6), *sealed([])]) == NUMBER


def test_the_answer_to_another_command():
    assert replies.ended(sealed(OUTPUT, 8)) == 8
    with pytest.raises(BoardError, match="the answer to command 8 where 7 was asked"):
        replies.parse("run", NUMBER, sealed(OUTPUT, 8))


@given(data=st.data())
def test_no_single_wrong_character_gets_through(data):
    lines = sealed(OUTPUT)
    row = data.draw(st.integers(0, len(lines) - 1))
    column = data.draw(st.integers(0, len(lines[row]) - 1))
    wrong = data.draw(st.characters(min_codepoint=32, max_codepoint=126).filter(lambda c: c != lines[row][column]))
    lines[row] = lines[row][:column] + wrong + lines[row][column + 1 :]
    with pytest.raises(BoardError):
        replies.output(replies.parse("run", NUMBER, lines))


@given(data=st.data())
def test_no_lost_or_doubled_bytes_get_through(data):
    text = "\r\n".join(sealed(OUTPUT))
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, min(start + 40, len(text))))
    doubled = data.draw(st.booleans())
    damaged = text[:end] + text[start:] if doubled else text[:start] + text[end:]
    try:
        output = replies.output(replies.parse("run", NUMBER, damaged.split("\r\n")))
    except BoardError:
        return
    assert doubled and start == 0  # a whole answer, behind a part of it
    assert output.logits.tolist() == [-128, -1, 0, 127]


@given(lines=st.lists(st.text(max_size=40), max_size=6))
def test_garbage_is_an_error_and_nothing_else(lines):
    with pytest.raises(BoardError):
        replies.parse("run", NUMBER, lines)


def test_lost_doubled_or_swapped_lines():
    good = sealed(OUTPUT)
    for lines in (good[1:], [good[0], *good[2:]], [good[1], good[0], *good[2:]], good[:-1], [*good, "m-x"], []):
        with pytest.raises(replies.Damaged, match="does not have its checksum"):
            replies.parse("run", NUMBER, lines)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("m-output-[1 3 4]", "3 fields"),
        ("m-output-[1 3 x 00]", "no number"),
        ("m-output-[1 3 99999999999 00]", "no number"),
        ("m-output-[1 3 4294967296 00]", "no number"),
        ("m-output-[-1 3 4 00]", "no number"),
        ("m-logits-[0 8G]", "no hex"),
        ("m-nothing-[1]", "not a line of the protocol"),
        ("hello", "not a line of the protocol"),
        ("m-selected-[0 aa]", "does not belong"),
    ],
)
def test_wrong_lines_with_a_right_checksum(line, message):
    with pytest.raises(BoardError, match=message):
        parsed("run", [line])


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["m-output-[0 4 4 00]", *OUTPUT[1:]], "label 4 of 4"),
        (["m-output-[0 1 3 00]", *OUTPUT[1:]], "logits has 4 bytes where there must be 3"),
        (OUTPUT[:2], "probabilities has 0 bytes"),
        (OUTPUT[1:], "0 lines 'output'"),
        ([OUTPUT[0], *OUTPUT], "2 lines 'output'"),
        ([OUTPUT[0], "m-logits-[0 80ff007]", OUTPUT[2]], "cut after 0 bytes"),
    ],
)
def test_outputs_that_cannot_be_right(lines, message):
    with pytest.raises(BoardError, match=message):
        replies.output(parsed("run", lines))


def test_a_zero_does_not_pose_as_a_measurement():
    lines = [*CYCLES[:-1], "m-cycles-[postprocess 0]", "m-clock-[64000000 core_cycles]", *OUTPUT]
    with pytest.raises(BoardError, match="0 cycles for postprocess"):
        replies.timing(parsed("time", lines), protocol.PHASES)
    lines = [*CYCLES, "m-clock-[0 core_cycles]", *OUTPUT]
    with pytest.raises(BoardError, match="rate as 0"):
        replies.timing(parsed("time", lines), protocol.PHASES)
    lines = [HELLO[0], "m-clock-[0 core_cycles]", *HELLO[2:]]
    with pytest.raises(BoardError, match="rate as 0"):
        replies.handshake(parsed("hello", lines), [])


def test_phases_that_are_missing():
    lines = [*CYCLES[:-1], "m-clock-[64000000 core_cycles]", *OUTPUT]
    with pytest.raises(BoardError, match="the board times"):
        replies.timing(parsed("time", lines), protocol.PHASES)


def test_another_version_says_what_to_do():
    with pytest.raises(BoardError, match=r"version 9 .*dvc repro flash"):
        replies.check_version(parsed("hello", ["m-hello-[9 nrf52840 2]", *HELLO[1:]]))


def test_models_that_are_not_all_there():
    hello, described = parsed("hello", HELLO), [parsed("describe", [line]) for line in MODELS]
    none = parsed("hello", ["m-hello-[2 nrf52840 0]", *HELLO[1:]])
    for who, models in ((hello, described[:1]), (hello, described[::-1]), (none, [])):
        with pytest.raises(BoardError, match="list of models"):
            replies.handshake(who, models)


def test_errors_are_refusals_with_their_code():
    with pytest.raises(replies.Refused, match=r"no_audio. .upload a clip first.") as refused:
        parsed("run", ["e-[no_audio]"])
    assert refused.value.code == "no_audio"
    with pytest.raises(replies.Refused) as refused:
        parsed("run", [*OUTPUT, "e-[what"])
    assert refused.value.code == "unreadable"
    with pytest.raises(replies.Damaged, match=r"e-.damaged"):
        parsed("put", ["e-[damaged]"])


def test_a_transcript_with_a_damaged_answer_does_not_replay():
    good = "> #7 run 01234567%\n" + "".join(f"< {line}\n" for line in [*sealed(OUTPUT), "m-ready"])
    assert replies.output(dict(replies.replay(good))["run"]).label == 3
    with pytest.raises(replies.Damaged):
        replies.replay(good.replace("80ff", "81ff"))
