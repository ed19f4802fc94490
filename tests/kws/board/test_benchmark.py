"""The measurement, on the host port: what agrees, what is counted when it does not, and which clips are timed."""

import numpy as np
import pytest

from kws.board import protocol
from kws.board.benchmark import Clip, HostModel, Range, measure, phase_cycles, phase_ms, spread
from kws.board.replies import Output, Timing
from kws.board.session import Session
from kws.errors import BoardError
from tests.support_board import FIRST_SHA256, OUTPUT_SCALE, SECOND_SHA256, host_features, sums

MODELS = [
    HostModel("sums", FIRST_SHA256, sums, OUTPUT_SCALE),
    HostModel("reversed", SECOND_SHA256, lambda features: sums(features)[::-1], OUTPUT_SCALE),
]


@pytest.fixture
def session(host_board):
    with host_board.open() as port:
        session = Session(port, 10.0)
        session.handshake()
        yield session


@pytest.fixture(scope="session")
def labelled(clips) -> list[Clip]:
    return [Clip(f"clip {i}", samples, i % 3) for i, samples in enumerate(clips)]


@pytest.fixture
def on_host(front_end):
    return lambda samples: host_features(samples, front_end)


def test_everything_agrees(session, labelled, on_host):
    runs = measure(session, labelled, on_host, MODELS, timed_clips=3, timed_clips_further=2)
    assert [run.name for run in runs] == ["sums", "reversed"]
    assert [run.mismatches.total() for run in runs] == [0, 0]
    labels = [int(np.argmax(sums(on_host(clip.samples)))) for clip in labelled]
    assert runs[0].labels == labels
    assert len(set(labels)) > 1  # the clips are worth comparing
    assert runs[0].accuracy(labelled) == np.mean(
        [label == clip.label for label, clip in zip(labels, labelled, strict=True)]
    )
    assert [tuple(timing.cycles) for timing in runs[0].timings] == [protocol.PHASES] * 3
    assert [tuple(timing.cycles) for timing in runs[1].timings] == [protocol.MODEL_PHASES] * 2


def test_each_mismatch_is_counted_where_it_is(session, labelled, on_host):
    wrong_model = HostModel("reversed", SECOND_SHA256, sums, OUTPUT_SCALE)
    runs = measure(session, labelled, on_host, [MODELS[0], wrong_model], 1, 1)
    logits = {clip.name: sums(on_host(clip.samples)) for clip in labelled}
    differing = [name for name, values in logits.items() if not np.array_equal(values, values[::-1])]
    assert runs[0].mismatches.total() == 0
    assert runs[1].mismatches.features == 0
    assert runs[1].mismatches.logits == len(differing) > 0
    assert runs[1].mismatches.clips == differing


def test_other_features_on_the_host_are_seen(session, labelled, on_host):
    def slightly_off(samples: np.ndarray) -> np.ndarray:
        values = on_host(samples).copy()
        values[48, 39] ^= 1
        return values

    runs = measure(session, labelled, slightly_off, MODELS, 1, 1)
    assert runs[0].mismatches.features == len(labelled)


def test_another_output_scale_shows_in_the_probabilities_only(session, labelled, on_host):
    model = HostModel("sums", FIRST_SHA256, sums, OUTPUT_SCALE * 1.5)
    runs = measure(session, labelled, on_host, [model, MODELS[1]], 1, 1)
    assert runs[0].mismatches.probabilities > 0
    assert runs[0].mismatches.logits == runs[0].mismatches.label == 0


def test_an_image_with_other_models_is_refused(session, labelled, on_host):
    with pytest.raises(BoardError, match=r"image carries 2 models .*compares 1a1a1a1a1a1a: run `dvc repro -f flash`"):
        measure(session, labelled, on_host, MODELS[:1], 1, 1)


def labelled_for_timing_come_from_every_class():
    clips = [Clip(f"{label}{i}", np.zeros(0, np.int16), label) for label in (2, 0, 1) for i in range(3)]
    assert [clip.name for clip in spread(clips, 5)] == ["00", "10", "20", "01", "11"]
    assert len(spread(clips, 100)) == 9


def test_ranges():
    output = Output(0, 0, "00000000", np.zeros(1, np.int8), np.zeros(1, np.uint16))
    timings = [Timing({"inference": cycles}, 64_000_000, output) for cycles in (64_000, 192_000, 128_000)]
    assert phase_cycles(timings, "inference") == Range(64_000, 128_000.0, 192_000)
    assert phase_ms(timings, "inference") == Range(1.0, 2.0, 3.0)
