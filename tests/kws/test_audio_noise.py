"""kws.audio_noise: noises by seed, and no stretch of noise in two splits."""

import numpy as np
import pytest

from kws.audio_noise import SPLITS, bounds, part_of, synthetic_noises


@pytest.mark.parametrize("samples", [160_000, 959_999, 16_001, 31])
def test_the_splits_share_no_sample_and_leave_none(samples):
    ends = [bounds(samples, split) for split in SPLITS]
    assert ends[0][0] == 0 and ends[-1][1] == samples
    assert ends[0][1] == ends[1][0] and ends[1][1] == ends[2][0]


def test_a_short_part_is_repeated_up_to_a_second():
    recording = np.arange(20_000, dtype=np.int16)
    part = part_of(recording, "testing")
    assert len(part) >= 16_000 and set(part) == set(range(18_000, 20_000))


def test_noises_follow_from_the_seed_alone_and_differ():
    spoken = {split: [np.sin(np.arange(5000) / 7)] for split in SPLITS}
    first, again, other = (synthetic_noises(seed, spoken) for seed in (0, 0, 1))
    assert len(first) == 6
    for name, noise in first.items():
        assert noise.dtype == np.int16 and noise.shape == (960_000,)
        np.testing.assert_array_equal(noise, again[name])
        assert (noise != other[name]).any()
        assert 1000 < np.sqrt(np.mean(noise.astype(float) ** 2)) < 2100


def test_brown_noise_is_lower_than_pink_and_pink_lower_than_white():
    spoken = {split: [np.ones(5000)] for split in SPLITS}
    noises = synthetic_noises(3, spoken)

    def centre_hz(noise):
        power = np.abs(np.fft.rfft(noise.astype(float))) ** 2
        return np.sum(power * np.fft.rfftfreq(len(noise), 1 / 16000)) / np.sum(power)

    assert centre_hz(noises["brown_noise"]) < centre_hz(noises["pink_noise"]) < centre_hz(noises["white_noise"])


def test_each_part_of_the_babble_holds_its_own_split_s_voices():
    """A split whose voices say nothing has a part that is all but silent."""
    tone = np.sin(np.arange(5000) / 7)
    babble = synthetic_noises(0, {"training": [tone], "validation": [], "testing": [tone]})["babble"]
    loudness = {s: np.sqrt(np.mean(part_of(babble, s)[1000:].astype(float) ** 2)) for s in SPLITS}
    assert loudness["validation"] < 0.01 * min(loudness["training"], loudness["testing"])
