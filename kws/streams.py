"""Recordings with words at known times, made of a corpus's clips: what a listening board is judged by.

    stream = with_words(corpus, "testing", np.random.default_rng(0), snr_db=10)
    score = scored(stream, words_heard)

A stream is a minute of background noise of the split, into which clips of the split's speakers are mixed. Each of its
slots of three seconds holds one keyword or none, and in every second slot another word. Clips keep their own loudness;
the noise is set so that the median of the split's speech is `snr_db` above it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from kws.corpus import Clip, Corpus
from kws.features import CLIP_SAMPLES, SAMPLE_RATE_HZ
from kws.listening import OTHER_CLASSES, Word

SECONDS = 60
WORDS = 20
LATE_MS = 1000  # behind a word's end, up to which a report is of that word
_SLOT_SAMPLES = SECONDS * SAMPLE_RATE_HZ // WORDS
_LEAD_SAMPLES = 2 * SAMPLE_RATE_HZ  # noise alone, in which a listener starts
_FADE_SAMPLES = 320
_FRAME_SAMPLES = 160
_SPEECH_DB = 25.0  # below its loudest 10 ms a clip counts as silence
_SPEECH_CLIPS = 100  # whose median is the split's loudness


@dataclass(frozen=True)
class Spoken:
    """A keyword in a stream: its class, where it begins and ends, and the clip's name."""

    label: int
    start_ms: int
    end_ms: int
    name: str


@dataclass(frozen=True, eq=False)
class Stream:
    """Samples (N,) int16, the keywords in them, and how far the median of speech lies above the noise."""

    samples: np.ndarray
    words: tuple[Spoken, ...]
    snr_db: float


@dataclass(frozen=True)
class Score:
    """Words that were spoken; how long behind its end each that was heard came; reports that are of no word."""

    spoken: int
    latencies_ms: tuple[int, ...]
    false_alarms: int
    seconds: float


def with_words(corpus: Corpus, split: str, rng: np.random.Generator, snr_db: float) -> Stream:
    """A minute with 20 keywords, and 10 other words between them."""
    keywords = [clip for clip in corpus.of(split) if clip.label >= OTHER_CLASSES]
    return _mixed(corpus, split, rng, snr_db, [keywords[i] for i in rng.permutation(len(keywords))[:WORDS]], every=2)


def without_words(corpus: Corpus, split: str, rng: np.random.Generator, snr_db: float, speech: bool) -> Stream:
    """A minute without a keyword: noise, and with `speech` 20 other words."""
    return _mixed(corpus, split, rng, snr_db, [], every=1 if speech else 0)


def scored(stream: Stream, found: Sequence[Word]) -> Score:
    """What was heard against what was spoken: each report is of the first word of its class that it may be of."""
    latencies, false_alarms, rest = [], 0, list(stream.words)
    for word in found:
        match = next((s for s in rest if s.label == word.label and s.start_ms <= word.ms <= s.end_ms + LATE_MS), None)
        if match is None:
            false_alarms += 1
            continue
        rest.remove(match)
        latencies.append(word.ms - match.end_ms)
    return Score(len(stream.words), tuple(latencies), false_alarms, len(stream.samples) / SAMPLE_RATE_HZ)


def total(scores: Sequence[Score]) -> Score:
    """Several streams as one."""
    return Score(
        sum(score.spoken for score in scores),
        tuple(ms for score in scores for ms in score.latencies_ms),
        sum(score.false_alarms for score in scores),
        sum(score.seconds for score in scores),
    )


def _mixed(
    corpus: Corpus, split: str, rng: np.random.Generator, snr_db: float, keywords: list[Clip], every: int
) -> Stream:
    """`keywords` in the first halves of the slots, another word in the second half of each `every`-th."""
    others = _others(corpus, split)
    speech = _loudness(corpus, split)
    mix = _noise(corpus.noises(split), rng, _LEAD_SAMPLES + WORDS * _SLOT_SAMPLES, speech * 10 ** (-snr_db / 20))
    spoken = []
    for slot in range(WORDS):
        start = _LEAD_SAMPLES + slot * _SLOT_SAMPLES
        if slot < len(keywords):
            place = start + int(rng.integers(0, _SLOT_SAMPLES // 2 - CLIP_SAMPLES))
            spoken.append(_spoken(corpus, keywords[slot], place, mix))
        if every and slot % every == 0:
            place = start + _SLOT_SAMPLES // 2 + int(rng.integers(0, _SLOT_SAMPLES // 2 - CLIP_SAMPLES))
            _add(mix, corpus.read(others[int(rng.integers(len(others)))]), place)
    return Stream(np.clip(np.round(mix), -32768, 32767).astype(np.int16), tuple(spoken), snr_db)


def _others(corpus: Corpus, split: str) -> list[Clip]:
    return [clip for clip in corpus.of(split) if clip.label == OTHER_CLASSES - 1]


def _spoken(corpus: Corpus, clip: Clip, place: int, mix: np.ndarray) -> Spoken:
    samples = corpus.read(clip)
    _add(mix, samples, place)
    first, last = speech_bounds(samples)
    to_ms = 1000 / SAMPLE_RATE_HZ
    return Spoken(clip.label, round((place + first) * to_ms), round((place + last) * to_ms), clip.name)


def _add(mix: np.ndarray, samples: np.ndarray, place: int) -> None:
    """With soft edges: the clip's own background begins and ends there."""
    ramp = np.minimum(1, np.arange(1, len(samples) + 1) / _FADE_SAMPLES)
    mix[place : place + len(samples)] += samples * ramp * ramp[::-1]


def speech_bounds(samples: np.ndarray) -> tuple[int, int]:
    """First and last sample of a clip's speech: of its frames of 10 ms within 25 dB of the loudest, or nearer to it
    where its own background is louder than that."""
    frames = samples[: len(samples) // _FRAME_SAMPLES * _FRAME_SAMPLES].astype(float).reshape(-1, _FRAME_SAMPLES)
    db = 10 * np.log10((frames**2).mean(1) + 1)
    floor = np.percentile(db, 10)
    loud = np.flatnonzero(db >= max(db.max() - _SPEECH_DB, floor + (db.max() - floor) / 3))
    return int(loud[0]) * _FRAME_SAMPLES, (int(loud[-1]) + 1) * _FRAME_SAMPLES


@lru_cache(maxsize=4)
def _loudness(corpus: Corpus, split: str) -> float:
    """Median over other words of the root mean square of their speech."""
    clips = _others(corpus, split)
    chosen = np.random.default_rng(0).permutation(len(clips))[:_SPEECH_CLIPS]
    levels = []
    for i in chosen:
        samples = corpus.read(clips[i])
        first, last = speech_bounds(samples)
        levels.append(_rms(samples[first:last]))
    return float(np.median(levels))


def _noise(noises: list[np.ndarray], rng: np.random.Generator, count: int, rms: float) -> np.ndarray:
    """Noise of that loudness, (count,) float64: one of the recordings, from somewhere on, again and again."""
    recording = noises[int(rng.integers(len(noises)))].astype(np.float64)
    recording = np.roll(recording, -int(rng.integers(len(recording))))
    return np.resize(recording, count) * (rms / max(_rms(recording), 1.0))


def _rms(samples: np.ndarray) -> float:
    return float(np.sqrt((samples.astype(np.float64) ** 2).mean()))
