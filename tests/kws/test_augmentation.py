"""Each random change by itself, and the same copies however the work is divided."""

import numpy as np
import pytest

from kws.augmentation import augmented, augmented_features
from kws.features import CLIP_SAMPLES
from kws.features_torch import features
from kws.params import Augmentation, FrontEnd
from tests.support_learning import PARAMS

FRONT_END = FrontEnd(**PARAMS["front_end"])
NOTHING = {"copies": 1, "seed": 0, "shift_ms": 0.0, "gain_db": (0.0, 0.0), "noise_probability": 0.0}
NOTHING |= {"noise_volume": 0.0, "speed_probability": 0.0, "speed": (1.0, 1.0)}
RNG = np.random.default_rng(3)
AUDIO = RNG.normal(0, 1000, CLIP_SAMPLES).astype(np.int16)
NOISE = RNG.normal(0, 500, 3 * CLIP_SAMPLES).astype(np.int16)


def changed(audio: np.ndarray = AUDIO, seed: int = 0, **choices) -> np.ndarray:
    return augmented(audio, NOISE, Augmentation(**(NOTHING | choices)), np.random.default_rng(seed))


def test_nothing_chosen_changes_nothing():
    np.testing.assert_array_equal(changed(), AUDIO)
    assert changed().dtype == np.int16


def test_a_gain_is_in_decibels():
    np.testing.assert_allclose(changed(gain_db=(-6.0, -6.0)), AUDIO * 10 ** (-6 / 20), atol=0.501)


def test_a_gain_too_high_stops_at_the_end_of_int16():
    loud = changed(np.where(AUDIO > 0, 30000, -30000).astype(np.int16), gain_db=(6.0, 6.0))
    assert set(np.unique(loud)) == {-32768, 32767}


def test_a_shift_moves_the_clip_within_its_bound_and_fills_with_zeros():
    pulse = np.zeros(CLIP_SAMPLES, np.int16)
    pulse[8000] = 1000
    places = [int(np.argmax(changed(pulse, seed, shift_ms=100.0))) for seed in range(200)]
    assert min(places) >= 8000 - 1600 and max(places) <= 8000 + 1600
    assert min(places) < 8000 - 1200 and max(places) > 8000 + 1200  # both ways, nearly to the end
    moved = changed(AUDIO, 1, shift_ms=100.0)
    by = next(n for n in range(-1600, 1601) if np.array_equal(moved, shifted(AUDIO, n)))
    assert by != 0


def shifted(audio: np.ndarray, samples: int) -> np.ndarray:
    """Later by `samples`, by way of a longer array of zeros."""
    wide = np.zeros(3 * CLIP_SAMPLES, np.int16)
    wide[CLIP_SAMPLES + samples : 2 * CLIP_SAMPLES + samples] = audio
    return wide[CLIP_SAMPLES : 2 * CLIP_SAMPLES]


def test_noise_is_a_piece_of_the_recording_at_most_so_loud():
    added = changed(noise_probability=1.0, noise_volume=0.5).astype(float) - AUDIO
    correlation = np.correlate(NOISE.astype(float), added, "valid")
    start = int(np.argmax(correlation))
    piece = NOISE[start : start + CLIP_SAMPLES].astype(float)
    volume = piece @ added / (piece @ piece)
    assert 0 < volume <= 0.5
    np.testing.assert_allclose(added, volume * piece, atol=0.51)


def test_speed_keeps_the_middle_and_changes_the_pitch():
    tone = (8000 * np.sin(2 * np.pi * 500 * np.arange(CLIP_SAMPLES) / 16000)).astype(np.int16)
    faster = changed(tone, speed_probability=1.0, speed=(1.1, 1.1))
    assert np.argmax(np.abs(np.fft.rfft(faster))) == pytest.approx(550, abs=2)  # a bin is a hertz
    assert not faster[:600].any() and not faster[-600:].any()  # a shorter word leaves silence around it


@pytest.mark.parametrize("choice", [{"noise_probability": 0.5, "noise_volume": 1.0}, {"speed_probability": 0.5}])
def test_a_probability_is_that_share_of_the_clips(choice):
    same = [np.array_equal(changed(AUDIO, seed, speed=(1.05, 1.1), **choice), AUDIO) for seed in range(120)]
    assert 35 < sum(same) < 85


def test_the_same_bytes_with_one_process_and_with_two():
    audio = RNG.normal(0, 1000, (300, CLIP_SAMPLES)).astype(np.int16)[:, :]
    choices = Augmentation(**PARAMS["augmentation"])
    noises = [NOISE, NOISE[::-1].copy()]
    one = augmented_features(audio, noises, choices, FRONT_END, jobs=1)
    np.testing.assert_array_equal(one, augmented_features(audio, noises, choices, FRONT_END, jobs=2))
    assert one.shape == (2, 300, 49, 40) and one.dtype == np.int8
    np.testing.assert_array_equal(one[0], features(audio, FRONT_END))
    assert (one[1] != one[0]).any((1, 2)).all()


def test_a_copy_depends_on_its_own_number_alone():
    audio = RNG.normal(0, 1000, (3, CLIP_SAMPLES)).astype(np.int16)
    choices = PARAMS["augmentation"]
    three = augmented_features(audio, [NOISE], Augmentation(**(choices | {"copies": 3})), FRONT_END, 1)
    two = augmented_features(audio, [NOISE], Augmentation(**(choices | {"copies": 2})), FRONT_END, 1)
    np.testing.assert_array_equal(three[:3], two)
    other = augmented_features(audio, [NOISE], Augmentation(**(choices | {"copies": 2, "seed": 1})), FRONT_END, 1)
    assert (other[1:] != two[1:]).any((2, 3)).all()
