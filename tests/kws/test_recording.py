"""Where a word is, whether it is loud enough, and how a long recording falls into words."""

import numpy as np
import pytest

from kws.recording import bites, complaint, level_of, noise_floor_db, trim

RATE_HZ = 16_000


def room(seconds: float, rms: float = 20.0) -> np.ndarray:
    """Quiet noise in int16 steps, float64."""
    return np.random.default_rng(1).normal(0, rms, round(seconds * RATE_HZ))


def with_words(samples: np.ndarray, *starts_s: float, length_s: float = 0.4, peak: float = 8000.0) -> np.ndarray:
    """Tones that swell and fade, at these times: (n,) float64 -> int16."""
    samples = samples.copy()
    word = peak * np.hanning(round(length_s * RATE_HZ)) * np.sin(np.arange(round(length_s * RATE_HZ)) * 0.2)
    for start_s in starts_s:
        start = round(start_s * RATE_HZ)
        samples[start : start + len(word)] += word
    return np.clip(np.rint(samples), -32768, 32767).astype(np.int16)


def centre_s(clip: np.ndarray) -> float:
    energy = clip.astype(np.float64) ** 2
    return float(np.arange(len(clip)) @ energy / energy.sum()) / RATE_HZ


@pytest.mark.parametrize("start_s", [0.35, 0.8, 1.2])
def test_the_word_comes_into_the_middle(start_s):
    samples = with_words(room(2), start_s)
    clip = trim(samples)
    assert clip.shape == (16000,) and clip.dtype == np.int16
    assert centre_s(clip) == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize(("start_s", "middle_s"), [(0.0, 0.2), (1.6, 0.8)])
def test_a_word_at_the_edge_is_kept_whole(start_s, middle_s):
    assert centre_s(trim(with_words(room(2), start_s))) == pytest.approx(middle_s, abs=0.02)


def test_a_click_before_the_word_does_not_win():
    samples = with_words(room(2), 1.2)
    samples[3000:3020] = 20000
    assert centre_s(trim(samples)) == pytest.approx(0.5, abs=0.05)


def test_short_and_silent_recordings_have_a_second_too():
    assert trim(np.ones(500, np.int16)).tolist() == [1] * 500 + [0] * 15500
    assert not trim(np.zeros(32000, np.int16)).any()
    assert trim(np.zeros(0, np.int16)).shape == (16000,)


def test_levels_are_those_of_a_sine():
    sine = np.rint(3276.8 * np.sin(np.arange(16000) * 0.3)).astype(np.int16)
    level = level_of(sine, -60.0)
    assert level.peak_db == pytest.approx(-20.0, abs=0.01)
    assert level.snr_db == pytest.approx(60 - 23.01, abs=0.1)
    assert level.clipped_samples == 0
    assert noise_floor_db(np.zeros(100, np.int16)) == -96.0


def test_clipping_counts_runs_and_not_single_peaks():
    samples = np.zeros(16000, np.int16)
    samples[::100] = 32767
    assert level_of(samples, -60.0).clipped_samples == 0
    samples[101:120] = -32768
    assert level_of(samples, -60.0).clipped_samples == 20


@pytest.mark.parametrize(
    ("samples", "words"),
    [
        (with_words(room(2), 0.8), None),
        (with_words(room(2), 0.8, peak=700), "too quiet"),
        (with_words(room(2, rms=1500), 0.8, peak=3000), "hardly over the noise"),
        (with_words(room(2), 0.8, peak=90000), "clipped"),
        (np.zeros(32000, np.int16), "too quiet"),
        (np.random.default_rng(0).integers(-32768, 32768, 32000).astype(np.int16), "hardly over the noise"),
    ],
)
def test_what_is_of_no_use_is_said_in_words(samples, words):
    problem = complaint(level_of(trim(samples), noise_floor_db(samples)))
    assert problem is None if words is None else problem.startswith(words)


def test_a_long_recording_falls_into_its_words():
    starts_s = (0.1, 1.5, 2.9, 4.4, 6.5)
    found = bites(with_words(room(7), *starts_s))
    assert len(found) == len(starts_s)
    assert all(clip.shape == (16000,) and clip.dtype == np.int16 for clip in found)
    assert [centre_s(clip) for clip in found] == pytest.approx([0.3, 0.5, 0.5, 0.5, 0.7], abs=0.02)


def test_words_of_other_loudness_and_in_two_parts_are_found():
    samples = with_words(room(8), 1.0, peak=16000) + with_words(np.zeros(8 * RATE_HZ), 4.0, peak=2000)
    samples += with_words(np.zeros(8 * RATE_HZ), 6.0, 6.35, length_s=0.2, peak=8000)  # like a word with a stop in it
    assert len(bites(samples)) == 3


def test_noise_and_clicks_are_no_words():
    assert bites(np.rint(room(5)).astype(np.int16)) == []
    assert bites(np.zeros(80000, np.int16)) == []
    assert bites(np.zeros(10, np.int16)) == []
    clicks = np.rint(room(5)).astype(np.int16)
    clicks[20000:20040] = 15000
    assert bites(clicks) == []
