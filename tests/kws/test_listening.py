"""What is heard in a stream of probabilities: smoothing, threshold, suppression, and that a word is reported once."""

import numpy as np
import pytest

from kws.listening import ListenSettings, Word, words_of

PLAIN = ListenSettings(strides=5, smoothing=1, threshold_q15=16384, suppression_ms=0)
FIRST_MS = 1240  # 250 of settling, 990 of the first window
STEP_MS = 100


def answers(*labels_and_shares: tuple[int, float]) -> list[np.ndarray]:
    """One (4,) uint16 each: a class with that share, silence with the rest."""
    rows = []
    for label, share in labels_and_shares:
        row = np.zeros(4, np.uint16)
        row[0] = round((1 - share) * 32768)
        row[label] += round(share * 32768)
        rows.append(row)
    return rows


def test_a_word_is_heard_once_as_long_as_it_stays():
    found = list(words_of(answers((0, 1), (2, 0.9), (2, 0.9), (2, 0.8)), PLAIN))
    assert found == [Word(FIRST_MS + STEP_MS, 2, round(0.9 * 32768) / 32768)]


def test_the_same_word_is_heard_again_once_it_was_gone_and_another_at_once():
    found = list(words_of(answers((2, 0.9), (0, 1), (2, 0.9), (3, 0.9)), PLAIN))
    assert [(word.ms, word.label) for word in found] == [(1240, 2), (1440, 2), (1540, 3)]


def test_suppression_holds_other_words_back():
    found = list(words_of(answers((2, 0.9), (3, 0.9), (3, 0.9), (3, 0.9)), PLAIN._replace(suppression_ms=300)))
    assert [(word.ms, word.label) for word in found] == [(1240, 2), (1540, 3)]


def test_the_mean_counts_and_only_of_a_full_window():
    settings = PLAIN._replace(smoothing=2)
    assert not list(words_of(answers((2, 1.0)), settings))
    found = list(words_of(answers((2, 1.0), (2, 0.5), (2, 0.4)), settings))
    assert found == [Word(FIRST_MS + STEP_MS, 2, 0.75)]


@pytest.mark.parametrize("label", [0, 1])
def test_silence_and_unknown_are_never_heard(label):
    assert not list(words_of(answers(*[(label, 1.0)] * 5), PLAIN))


def test_a_threshold_is_reached_exactly():
    assert len(list(words_of(answers((2, 0.5)), PLAIN))) == 0  # silence has as much, and comes first
    row = np.array([0, 16383, 16384, 1], np.uint16)
    assert len(list(words_of([row], PLAIN))) == 1
    assert not list(words_of([row], PLAIN._replace(threshold_q15=16385)))
