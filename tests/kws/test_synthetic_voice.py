"""kws.synthetic_voice and its worker, kws/synthetic_espeak.py: espeak-ng, the same every time."""

import numpy as np
import pytest

from kws.errors import DataError
from kws.synthetic_voice import ACCENTS, Utterance, family, phonemes, speak, speaker_of, variants

HISSING = "f2"  # a voice with breath, which espeak-ng draws from random numbers


def test_there_are_832_voices():
    assert len(variants()) * len(ACCENTS) == 832


def test_the_same_list_gives_the_same_samples():
    job = [Utterance(text, f"en-us+{HISSING}", seed=seed) for seed, text in enumerate(("yes", "no", "marvin"), 1)]
    for first, again in zip(speak(job), speak(job), strict=True):
        np.testing.assert_array_equal(first, again)


def test_words_are_trimmed_16_khz_and_of_peak_one():
    for word in speak([Utterance("yes", f"{accent}+m1") for accent in ACCENTS]):
        assert 1000 < len(word) < 16000
        assert 0.9 < np.abs(word).max() < 1.1
        assert np.abs(word[:20]).max() > 1e-4


def test_a_long_text_is_spoken_fast_enough_for_a_second():
    slow, long = speak([Utterance("computer", "en-us+m1", 110), Utterance("hey little computer", "en-us+m1", 110)])
    assert len(long) < 16000 and len(slow) < 16000


def test_rate_pitch_and_voice_change_what_is_heard():
    plain, faster, higher, other = speak(
        [
            Utterance("yes", "en-us+m1"),
            Utterance("yes", "en-us+m1", rate_wpm=250),
            Utterance("yes", "en-us+m1", pitch=90),
            Utterance("yes", "en-us+m7"),
        ]
    )
    assert len(faster) < len(plain)
    assert all(len(plain) != len(one) or (plain != one).any() for one in (higher, other))


def test_a_text_that_says_nothing_is_an_error_that_names_it():
    with pytest.raises(DataError, match=r"says nothing for '\.'"):
        speak([Utterance(".", "en-us+m1")])


def test_an_unknown_voice_is_an_error():
    with pytest.raises(DataError, match="no voice 'xx-yy"):
        speak([Utterance("yes", "xx-yy+m1")])


def test_homophones_have_the_same_phonemes():
    no, know, yes = phonemes(["no", "know", "yes"])
    assert no == know != yes


@pytest.mark.parametrize(
    ("variant", "its_family"),
    [
        ("robosoft3", "robosoft"),
        ("anikaRobot", "anika"),
        ("Mike", "mike"),
        ("f2", "f2"),
        ("RicishayMax2", "ricishaymax"),
    ],
)
def test_families(variant, its_family):
    assert family(variant) == its_family


def test_takes_on_one_voice_are_one_speaker():
    assert speaker_of("klatt2") == speaker_of("klatt") != speaker_of("f1") != speaker_of("f2")
    assert int(speaker_of("klatt"), 16) < 2**32 and len(speaker_of("klatt")) == 8
