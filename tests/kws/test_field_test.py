"""Field tests: which words are asked for, what is counted, what is said."""

import numpy as np
import pytest

from kws.field_test import Trial, counted, field_test_text, prompts, spoken

CLASSES = ("_silence_", "_unknown_", "yes", "no")


class Board:
    """Hears `yes` always."""

    def __init__(self):
        self.recorded = 0

    def record(self):
        self.recorded += 1

    def run(self):
        return type("Output", (), {"label": 2})


def test_words_are_asked_for_alike_in_an_order_that_the_seed_gives():
    asked = prompts(CLASSES, ["yes", "no"], 21, 3)
    assert sorted(np.unique([trial.name for trial in asked], return_counts=True)[1]) == [10, 11]
    assert asked == prompts(CLASSES, ["yes", "no"], 21, 3) != prompts(CLASSES, ["yes", "no"], 21, 4)
    assert {trial.label for trial in asked} == {2, 3}


def test_a_trial_is_a_recording_and_what_the_board_makes_of_it():
    board, said = Board(), []
    pairs = list(spoken(board, [Trial(2, "yes"), Trial(3, "no")], said.append))
    assert board.recorded == 2
    assert ["yes" in said[0], "no" in said[1]] == [True, True]
    result = counted(pairs, CLASSES)
    assert result.counts[2, 2] == result.counts[3, 2] == 1
    assert result.missed == (("no", "yes"),)


@pytest.mark.parametrize(("accuracy", "where"), [(0.9, "inside"), (0.999, "outside")])
def test_the_report_sets_the_test_split_beside_it(accuracy, where):
    result = counted([(Trial(2, "yes"), 2)] * 18 + [(Trial(3, "no"), 2)] * 2, CLASSES)
    text = field_test_text(result, CLASSES, accuracy)
    assert "18 of 20 right: 90.0%" in text
    assert f"{accuracy:.1%}, {where}" in text
    assert text.count("missed: no, heard as yes") == 2
