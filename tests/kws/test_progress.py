"""How far work is: on a terminal a bar, elsewhere a line now and then; the items stay what they are."""

import sys

import pytest

from kws import progress as module
from kws.progress import progress


@pytest.fixture
def clock(monkeypatch):
    """Seconds that a test moves on."""
    now = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return now


def test_in_a_log_there_is_a_line_now_and_then_and_none_at_the_end(clock, capsys):
    found = []
    for item in progress("abcdefgh", "letters", 8):
        clock[0] += module.EVERY_S / 2
        found.append(item)
    assert "".join(found) == "abcdefgh"
    assert capsys.readouterr().err.splitlines() == ["letters: 2 of 8", "letters: 4 of 8", "letters: 6 of 8"]


def test_short_work_says_nothing(clock, capsys):
    assert list(progress(iter("abc"), "letters", 3)) == ["a", "b", "c"]
    assert capsys.readouterr().err == ""


def test_on_a_terminal_it_is_a_bar(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert list(progress("abc", "letters", 3)) == ["a", "b", "c"]
    assert "letters" in capsys.readouterr().err
