"""Streams with words at known times, and how they are scored."""

import numpy as np

from kws.listening import Word
from kws.streams import Score, Spoken, Stream, scored, speech_bounds, total


def stream(*words: Spoken) -> Stream:
    return Stream(np.zeros(16_000 * 60, np.int16), words, 10.0)


YES, NO = Spoken(2, 1000, 1500, "yes/a.wav"), Spoken(3, 4000, 4400, "no/b.wav")


def test_a_report_counts_from_the_words_beginning_to_a_second_behind_its_end():
    assert scored(stream(YES, NO), [Word(1400, 2, 1), Word(5400, 3, 1)]) == Score(2, (-100, 1000), 0, 60.0)
    assert scored(stream(YES, NO), [Word(999, 2, 1), Word(5401, 3, 1)]) == Score(2, (), 2, 60.0)


def test_another_class_and_a_second_report_are_false_alarms():
    assert scored(stream(YES), [Word(1600, 3, 1)]).false_alarms == 1
    assert scored(stream(YES), [Word(1600, 2, 1), Word(1700, 2, 1)]) == Score(1, (100,), 1, 60.0)


def test_several_streams_add_up():
    assert total([Score(2, (1,), 3, 60), Score(5, (2, 3), 0, 30)]) == Score(7, (1, 2, 3), 3, 90)


def test_speech_is_what_is_loud():
    samples = np.full(16_000, 3, np.int16)
    samples[4000:9600] = 2000
    assert speech_bounds(samples) == (4000, 9600)
