"""A model called on a bare core: the bytes of TFLite, the cycles that the firmware times over its serial port."""

from pathlib import Path

import numpy as np
import pytest

from kws.bench.core import calls_of, count, find_model
from kws.board.boards import EmulatorBoard
from kws.board.cycle_models import CYCLE_MODELS, LOWER, TABLE, UPPER, WAIT_STATES
from kws.board.elf import flash_image
from kws.board.session import Session
from kws.errors import BoardError
from kws.files import sha256
from kws.tflite.interpreter import reference_logits

AROUND = 150  # cycles: the firmware reads its counter and calls through two more functions


@pytest.fixture(scope="module")
def features():
    return np.random.default_rng(5).integers(-128, 128, (49, 40)).astype(np.int8)


@pytest.fixture(scope="module")
def counted(small, image, features):
    digest = sha256(small.tflite)
    return {name: count(Path(image.elf), digest, features, model) for name, model in CYCLE_MODELS.items()}


def test_logits_are_tflites_under_every_cycle_model(small, features, counted):
    expected = reference_logits(small.tflite, features[None])[0]
    assert all(np.array_equal(one.logits, expected) for one in counted.values())


def test_layers_add_up_to_the_inference(counted):
    for one in counted.values():
        assert len(one.calls) == 2 and sum(one.calls) == one.inference and min(one.calls) > 0
        assert one.prepare > 100  # 3-bit weights


def test_the_bounds_enclose_the_table(counted):
    for phase in ("inference", "prepare"):
        low, table, waits, high = (getattr(counted[name], phase) for name in (LOWER, TABLE, WAIT_STATES, UPPER))
        assert low < table < waits < high


def test_the_firmware_times_the_same(image, counted, tmp_path):
    board = EmulatorBoard(115200, tmp_path)
    board.program(Path(image.elf).with_suffix(".bin"))
    with board.open() as port:
        session = Session(port, 20)
        session.handshake()
        session.upload(np.zeros(16_000, np.int16))
        session.run()
        cycles = session.time_model().cycles["inference"]
    assert 0 <= cycles - counted[TABLE].inference <= AROUND


def test_a_model_that_is_not_there(image, features):
    with pytest.raises(BoardError, match="no model with the hash ababababab"):
        count(Path(image.elf), "ab" * 32, features, CYCLE_MODELS[TABLE])


def test_features_of_another_size(small, image):
    with pytest.raises(BoardError, match="takes 1960 bytes, not the 490"):
        count(Path(image.elf), sha256(small.tflite), np.zeros(490, np.int8), CYCLE_MODELS[TABLE])


def test_calls_are_found_in_the_code(small, image):
    flash = flash_image(Path(image.elf).read_bytes())
    _, _, _, invoke = find_model(flash, sha256(small.tflite))
    returns = calls_of(flash, invoke)
    assert len(returns) == 2 and invoke < returns[0] < invoke + 100
