"""kws.corpus_silence: seconds of noise, each split from its own stretch."""

import numpy as np

from kws.audio_noise import SPLITS, bounds
from kws.corpus_silence import Cut, audio_of, draw_cuts, name_of

RNG = np.random.default_rng(0)
NOISES = {name: RNG.integers(-3000, 3000, 480_000).astype(np.int16) for name in ("fan", "rain")}


def test_cuts_follow_from_the_seed():
    assert draw_cuts(NOISES, "testing", 50, 0) == draw_cuts(NOISES, "testing", 50, 0)
    assert draw_cuts(NOISES, "testing", 50, 0) != draw_cuts(NOISES, "testing", 50, 1)
    assert draw_cuts(NOISES, "testing", 10, 0) == draw_cuts(NOISES, "testing", 50, 0)[:10]


def test_a_split_s_cuts_stay_in_its_part_of_the_recordings():
    """A recording that is loud in one split's part alone is heard in that split alone."""
    start, end = bounds(480_000, "validation")
    marked = np.zeros(480_000, np.int16)
    marked[start:end] = 10_000
    for split in SPLITS:
        cuts = [cut for cut in draw_cuts({"mark": marked}, split, 80, 0) if cut.recording]
        audio = np.stack([audio_of(cut, {"mark": marked}, split) for cut in cuts])
        assert len(cuts) > 50 and audio.shape[1] == 16000
        assert audio.all() if split == "validation" else not audio.any()


def test_some_silence_is_digital_or_all_but():
    cuts = draw_cuts(NOISES, "training", 400, 0)
    quiet = [audio_of(cut, NOISES, "training") for cut in cuts if cut.recording is None]
    assert 20 < len(quiet) < 70
    assert max(np.abs(clip).max() for clip in quiet) < 30
    assert any(not clip.any() for clip in quiet)
    assert any(clip.any() for clip in quiet)


def test_the_gain_is_applied_and_names_differ():
    whole, half = (audio_of(Cut("fan", 100, gain), NOISES, "training").astype(int) for gain in (1.0, 0.5))
    np.testing.assert_array_equal(whole, NOISES["fan"][100:16_100])
    assert np.abs(2 * half - whole).max() <= 1
    cuts = draw_cuts(NOISES, "training", 300, 0)
    assert len({name_of(cut, number) for number, cut in enumerate(cuts)}) == 300


def test_without_noise_there_are_no_cuts():
    assert draw_cuts({}, "training", 5, 0) == []
