"""kws.synthetic_room: recordings from clean words."""

import numpy as np

from kws.synthetic_room import recorded

WORD = np.sin(np.arange(6000) / 5) * np.hanning(6000)
NOISE = [np.random.default_rng(0).integers(-2000, 2000, 40_000).astype(np.int16)]


def test_a_recording_is_a_second_fixed_by_the_generator_s_state():
    first, again, other = (recorded(WORD, NOISE, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first.shape == (16000,) and first.dtype == np.int16
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_place_and_loudness_vary():
    clips = [recorded(WORD, NOISE, np.random.default_rng(seed)).astype(float) for seed in range(60)]
    loudest = [np.argmax(np.convolve(clip**2, np.ones(1000), "same")) for clip in clips]
    levels_db = [10 * np.log10(np.mean(clip**2)) for clip in clips]
    assert np.ptp(loudest) > 4000
    assert np.ptp(levels_db) > 15
    assert max(np.abs(clip).max() for clip in clips) <= 32768


def test_a_word_longer_than_a_second_and_a_tiny_one_are_recorded():
    for word in (np.sin(np.arange(20_000) / 5), np.ones(10)):
        assert recorded(word, NOISE, np.random.default_rng(0)).any()
