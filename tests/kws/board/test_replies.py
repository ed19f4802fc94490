"""Replies parsed from text alone: what a good one gives, and that no damaged one gives anything."""

import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kws.board import protocol, replies
from kws.errors import BoardError

SHA = "ab" * 32
HELLO = [
    "m-hello-[2 1 nrf52840]",
    "m-clock-[64000000 core_cycles]",
    f"m-image-[{SHA} 123456]",
    "m-models-[2]",
    f"m-model-[0 deployed {'1a' * 32} 1960 4]",
    f"m-model-[1 structured_2 {'2b' * 32} 1960 4]",
]
OUTPUT = ["m-output-[1 3 4]", "m-logits-[0 80ff007f]", "m-probabilities-[0 0000010002000080]"]
CYCLES = [f"m-cycles-[{phase} {1000 + i}]" for i, phase in enumerate(protocol.PHASES)]


def sealed(lines: list[str]) -> list[str]:
    """The lines with their checksum."""
    crc = zlib.crc32("".join(line + "\r\n" for line in lines).encode())
    return [*lines, f"m-crc-[{crc:08x}]"]


def test_handshake():
    who = replies.handshake(replies.parse("hello", sealed(HELLO)))
    assert (who.board, who.clock_hz, who.cycle_unit) == ("nrf52840", 64_000_000, "core_cycles")
    assert (who.image_sha256, who.image_bytes) == (SHA, 123456)
    assert who.models[1] == replies.BoardModel(1, "structured_2", "2b" * 32, 1960, 4)


def test_output_and_timing():
    timing = replies.timing(
        replies.parse("time", sealed([*CYCLES, "m-clock-[64000000 core_cycles]", *OUTPUT])), protocol.PHASES
    )
    assert timing.cycles == dict(zip(protocol.PHASES, (1000, 1001, 1002, 1003), strict=True))
    assert timing.ms("preprocess") == 1000 * 1e3 / 64e6
    assert (timing.output.model, timing.output.label) == (1, 3)
    assert timing.output.logits.dtype == np.int8 and timing.output.logits.tolist() == [-128, -1, 0, 127]
    assert timing.output.probabilities.dtype == np.uint16 and timing.output.probabilities.tolist() == [0, 1, 2, 32768]


def test_features_from_blocks():
    data = np.random.default_rng(1).integers(-128, 128, protocol.FEATURE_BYTES).astype(np.int8)
    raw, step = data.tobytes(), protocol.BLOCK_BYTES
    lines = [f"m-features-[{at} {raw[at : at + step].hex()}]" for at in range(0, len(raw), step)]
    assert np.array_equal(replies.features(replies.parse("features", sealed(lines))), data.reshape(49, 40))
    swapped = [lines[1], lines[0], *lines[2:]]
    for kept in (lines[:-1], lines[1:], [*lines[:4], *lines[5:]], [*lines, lines[-1]], swapped):
        with pytest.raises(BoardError, match="features"):
            replies.features(replies.parse("features", sealed(kept)))


@given(data=st.data())
def test_no_single_wrong_character_gets_through(data):
    lines = sealed(OUTPUT)
    row = data.draw(st.integers(0, len(lines) - 1))
    column = data.draw(st.integers(0, len(lines[row]) - 1))
    wrong = data.draw(st.characters(min_codepoint=32, max_codepoint=126).filter(lambda c: c != lines[row][column]))
    lines[row] = lines[row][:column] + wrong + lines[row][column + 1 :]
    with pytest.raises(BoardError):
        replies.output(replies.parse("run", lines))


@given(lines=st.lists(st.text(max_size=40), max_size=6))
def test_garbage_is_an_error_and_nothing_else(lines):
    with pytest.raises((BoardError, UnicodeEncodeError)):
        replies.parse("run", [line for line in lines if line.isascii()])


def test_lost_doubled_or_swapped_lines():
    good = sealed(OUTPUT)
    for lines in (good[1:], [good[0], *good], [good[1], good[0], *good[2:]], good[:-1], []):
        with pytest.raises(BoardError, match="checksum"):
            replies.parse("run", lines)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("m-output-[1 3]", "2 fields"),
        ("m-output-[1 3 x]", "no number"),
        ("m-output-[1 3 99999999999]", "no number"),
        ("m-output-[1 3 4294967296]", "no number"),
        ("m-output-[-1 3 4]", "no number"),
        ("m-logits-[0 8G]", "no hex"),
        ("m-nothing-[1]", "not a line of the protocol"),
        ("hello", "not a line of the protocol"),
        ("m-selected-[0 aa]", "does not belong"),
    ],
)
def test_wrong_lines_with_a_right_checksum(line, message):
    with pytest.raises(BoardError, match=message):
        replies.parse("run", sealed([line]))


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["m-output-[0 4 4]", *OUTPUT[1:]], "label 4 of 4"),
        (["m-output-[0 1 3]", *OUTPUT[1:]], "logits has 4 bytes where there must be 3"),
        (OUTPUT[:2], "probabilities has 0 bytes"),
        (OUTPUT[1:], "0 lines 'output'"),
        ([OUTPUT[0], *OUTPUT], "2 lines 'output'"),
        ([OUTPUT[0], "m-logits-[0 80ff007]", OUTPUT[2]], "cut after 0 bytes"),
    ],
)
def test_outputs_that_cannot_be_right(lines, message):
    with pytest.raises(BoardError, match=message):
        replies.output(replies.parse("run", sealed(lines)))


def test_a_zero_does_not_pose_as_a_measurement():
    lines = [*CYCLES[:-1], "m-cycles-[postprocess 0]", "m-clock-[64000000 core_cycles]", *OUTPUT]
    with pytest.raises(BoardError, match="0 cycles for postprocess"):
        replies.timing(replies.parse("time", sealed(lines)), protocol.PHASES)
    lines = [*CYCLES, "m-clock-[0 core_cycles]", *OUTPUT]
    with pytest.raises(BoardError, match="rate as 0"):
        replies.timing(replies.parse("time", sealed(lines)), protocol.PHASES)
    lines = [HELLO[0], "m-clock-[0 core_cycles]", *HELLO[2:]]
    with pytest.raises(BoardError, match="rate as 0"):
        replies.handshake(replies.parse("hello", sealed(lines)))


def test_phases_that_are_missing():
    lines = [*CYCLES[:-1], "m-clock-[64000000 core_cycles]", *OUTPUT]
    with pytest.raises(BoardError, match="the board times"):
        replies.timing(replies.parse("time", sealed(lines)), protocol.PHASES)


def test_another_version_says_what_to_do():
    with pytest.raises(BoardError, match=r"version 9 .*dvc repro flash"):
        replies.handshake(replies.parse("hello", sealed(["m-hello-[2 9 nrf52840]", *HELLO[1:]])))


def test_models_that_are_not_all_there():
    for lines in (HELLO[:-1], [*HELLO[:3], "m-models-[0]"], [*HELLO[:4], HELLO[5], HELLO[4]]):
        with pytest.raises(BoardError, match="list of models"):
            replies.handshake(replies.parse("hello", sealed(lines)))


def test_errors_are_refusals_with_their_code():
    with pytest.raises(replies.Refused, match="no_audio: upload a clip first") as refused:
        replies.parse("run", ["e-[no_audio: upload a clip first]"])
    assert refused.value.code == "no_audio"
    with pytest.raises(replies.Refused) as refused:
        replies.parse("run", [*sealed(OUTPUT), "e-[what"])
    assert refused.value.code == "unreadable"
