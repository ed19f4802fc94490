"""How a listener is judged: made-up speech at known places, a model that always hears right, settings compared."""

import json
from itertools import pairwise

import numpy as np
import pytest

from kws.corpus import Clip
from kws.listening import ListenSettings, Word
from kws.listening_trial import (
    Trial,
    best_settings,
    compare_settings,
    differing,
    figures,
    joined,
    quiet_streams,
    rate,
    settings_text,
    spoken_streams,
)
from kws.params import load_params
from kws.streams import SECONDS, WORDS, Score, Stream
from tests.conftest import REPOSITORY

FRONT_END = load_params(REPOSITORY / "params.yaml").front_end
CLIP_SAMPLES = 16_000


class MadeUp:
    """A corpus whose words are tones of their own, half a second in the middle of each clip."""

    def __init__(self):
        self._clips = [
            Clip(f"{label}/{number}.wav", str(label), "", "testing", label)
            for label in (1, 2, 3)
            for number in range(20)
        ]

    def of(self, split):
        return self._clips

    def read(self, clip):
        tone = 4000 * np.sin(np.arange(8000) * 0.1 * clip.label)
        return np.pad(tone, 4000).astype(np.int16)

    def noises(self, split):
        return [np.random.default_rng(0).integers(-1000, 1000, 5 * CLIP_SAMPLES).astype(np.int16)]


CORPUS = MadeUp()


def level_db(samples: np.ndarray) -> float:
    return 10 * np.log10((samples.astype(float) ** 2).mean())


def test_words_lie_where_they_are_said_to_and_above_the_noise_as_said():
    for stream in spoken_streams(CORPUS, "testing", 1):
        assert len(stream.words) == WORDS and len(stream.samples) == (SECONDS + 2) * 16_000
        assert {word.label for word in stream.words} == {2, 3}
        assert all(a.end_ms < b.start_ms for a, b in pairwise(stream.words))
        noise = level_db(stream.samples[: 2 * 16_000])
        for word in stream.words:
            assert word.end_ms - word.start_ms == 500
            speech = level_db(stream.samples[16 * word.start_ms : 16 * word.end_ms])
            both_db = 10 * np.log10(1 + 10 ** (stream.snr_db / 10))
            assert speech - noise == pytest.approx(both_db, abs=0.5)


def test_streams_are_the_same_each_time_and_differ_from_one_another():
    (first, second, *_), again = spoken_streams(CORPUS, "testing", 2), spoken_streams(CORPUS, "testing", 2)
    assert np.array_equal(first.samples, again[0].samples) and first.words == again[0].words
    assert first.words != second.words


def test_every_third_minute_without_words_is_noise_alone():
    loud = [level_db(stream.samples) for stream in quiet_streams(CORPUS, "testing", 3)]
    assert loud[2] < min(loud[:2]) - 5
    assert not any(stream.words for stream in quiet_streams(CORPUS, "testing", 3))


def answers(stream: Stream, strides: int) -> np.ndarray:
    """Of a model that is sure of each word from its end to half a second behind it, and else of silence."""
    settled = 4000 + 15_840
    decisions = (len(stream.samples) - settled) // (320 * strides) + 1
    rows = np.zeros((decisions, 4), np.uint16)
    rows[:, 0] = 32768
    for word in stream.words:
        for i, row in enumerate(rows):
            if 0 <= (settled + i * 320 * strides) / 16 - word.end_ms < 500:
                row[[0, word.label]] = 0, 32768
    return rows


def test_settings_are_compared_on_the_same_answers(monkeypatch):
    monkeypatch.setattr(Trial, "answers", lambda _, stream, settings: answers(stream, settings.strides))
    trial = Trial(FRONT_END, lambda features: features, 1.0)
    streams = spoken_streams(CORPUS, "validation", 1), list(quiet_streams(CORPUS, "validation", 1))
    rows = compare_settings(trial, 5, 300, *streams)[:7]
    assert [row["smoothing"] for row in rows] == [1] * 7
    for row in rows:
        assert (row["words"], row["heard"], row["false_alarms"], row["false_alarms_per_hour"]) == (60, 60, 0, 0.0)
        assert 0 <= row["latency_ms"]["p50"] <= row["latency_ms"]["p95"] <= 100  # a decision each 100 ms


def test_slower_smoothing_hears_later(monkeypatch):
    monkeypatch.setattr(Trial, "answers", lambda _, stream, settings: answers(stream, settings.strides))
    trial = Trial(FRONT_END, lambda features: features, 1.0)
    (stream, *_) = spoken_streams(CORPUS, "validation", 1)
    quick, slow = (trial.heard(stream, ListenSettings(5, smoothing, 32768, 300)) for smoothing in (1, 4))
    assert [b.ms - a.ms for a, b in zip(quick, slow, strict=True)] == [300] * WORDS


def test_figures_of_nothing_heard_and_of_something():
    found = figures([Score(4, (), 1, 60.0)])
    assert (found["recall"], found["latency_ms"], found["false_alarms"]) == (0.0, None, 1)
    found = figures([Score(4, (100, 200), 0, 60.0), Score(4, (300,), 2, 60.0)])
    assert (found["words"], found["heard"], found["recall"]) == (8, 3, 0.375)
    low, high = found["recall_interval"]
    assert low < 0.375 < high and found["latency_ms"]["p50"] == 200


def test_false_alarms_an_hour():
    assert rate([Score(0, (), 1, 60.0), Score(0, (), 0, 120.0)]) == 20.0


def test_joined_streams_and_what_two_listeners_differ_by():
    one, other = (Stream(np.full(3, value, np.int16), (), 5.0) for value in (1, 2))
    assert joined([one, other]).samples.tolist() == [1, 1, 1, 2, 2, 2]
    a, b = Word(1, 2, 0.5), Word(1, 2, 0.6)
    assert (differing([a], [a]), differing([a], [b]), differing([a], [])) == (0, 2, 1)


def test_the_best_settings_and_what_a_person_reads_of_them():
    rows = [
        {"smoothing": 1, "threshold": 0.5, "recall": 0.9, "false_alarms_per_hour": 50.0},
        {"smoothing": 4, "threshold": 0.5, "recall": 0.8, "false_alarms_per_hour": 9.0},
        {"smoothing": 4, "threshold": 0.6, "recall": 0.8, "false_alarms_per_hour": 6.0},
        {"smoothing": 8, "threshold": 0.7, "recall": 0.7, "false_alarms_per_hour": 8.0},
    ]
    best = best_settings(rows, 10)
    assert best is rows[2] and best_settings(rows, 5) is None and best_settings(rows, 100) is rows[0]
    shown = settings_text(rows, best, 10).splitlines()
    assert [line.split()[:4] for line in shown[1:3]] == [["4", "0.60", "80.0%", "6.0"], ["1", "0.50", "90.0%", "50.0"]]
    assert "<-" in shown[1] and shown[-3:] == ["listen:", "  smoothing: 4", "  threshold: 0.6"]
    assert "None has 5 false alarms an hour or fewer" in settings_text(rows, None, 5)


def test_the_settings_in_params_are_what_they_are_said_to_be():
    """The highest recall of those with at most 10 false alarms an hour, on validation streams of real speech."""
    found = json.loads((REPOSITORY / "results" / "listening.json").read_text())["speech_commands"]
    best = best_settings(found["validation"], 10)
    listen = load_params(REPOSITORY / "params.yaml").listen
    assert (listen.smoothing, listen.threshold) == (best["smoothing"], best["threshold"])
    assert ListenSettings(**found["settings"]) == ListenSettings.of(listen)
