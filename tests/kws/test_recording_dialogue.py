"""The conversation: what is kept, repeated and skipped, and what is said."""

import numpy as np
import pytest

from kws.errors import DataError
from kws.recording_dialogue import check_noise, cut_words, record_noise, record_words
from tests.kws.test_recording import room, with_words

GOOD = with_words(room(2), 0.9)
QUIET = with_words(room(2), 0.9, peak=500)


class Person:
    """Answers questions in order, hears what is said, and has no time to lose."""

    def __init__(self, takes, answers=()):
        self.takes, self.answers, self.heard, self.kept = list(takes), list(answers), "", []

    def record(self, count):
        record_words(
            "lamp",
            count,
            lambda seconds: self.takes.pop(0),
            self.kept.append,
            ask=lambda _: self.answers.pop(0),
            say=self.hear,
            pause=lambda _: None,
        )

    def hear(self, text):
        self.heard += text


def test_good_takes_are_kept_trimmed():
    person = Person([GOOD, GOOD])
    person.record(2)
    assert [clip.shape for clip in person.kept] == [(16000,)] * 2 and not person.takes
    assert "2 of 2, say 'lamp' after the countdown: 3 2 1 now" in person.heard
    assert "good: peak -12 dB of full scale" in person.heard


def test_a_bad_take_is_repeated_kept_or_skipped():
    person = Person([QUIET, QUIET, GOOD], ["", "", "x"])
    person.record(1)
    assert len(person.kept) == 1 and person.heard.count("too quiet") == 2
    person = Person([QUIET, QUIET, GOOD], ["K", "s"])
    person.record(3)
    assert len(person.kept) == 2 and not person.takes


def test_without_a_person_there_is_an_end():
    def nobody(_):
        raise EOFError

    with pytest.raises(DataError, match="nobody answers"):
        record_words("lamp", 1, lambda _: QUIET, print, ask=nobody, say=lambda _: None, pause=lambda _: None)


def test_noise_is_kept_uncut():
    noise, kept, heard = np.rint(room(5)).astype(np.int16), [], []
    record_noise(5, lambda seconds: noise, kept.append, heard.append)
    assert kept == [noise] or np.array_equal(kept[0], noise)
    assert "5 s of noise" in heard[0]


def test_noise_that_is_none_is_refused():
    with pytest.raises(DataError, match="digital silence"):
        check_noise(np.zeros(1000, np.int16))
    with pytest.raises(DataError, match="clipped"):
        check_noise(np.where(np.arange(16000) % 40 < 20, 32767, -32768).astype(np.int16))


def test_a_long_recording_is_cut_and_bad_bites_named():
    samples = with_words(room(8), 1.0, 5.0) + with_words(np.zeros(128_000), 3.0, peak=900)
    kept, heard = [], []
    assert cut_words(samples, kept.append, heard.append) == 2 == len(kept)
    assert len(heard) == 1 and heard[0].startswith("sound 2 is left out, too quiet")
