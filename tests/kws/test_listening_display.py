"""What a person sees of a listening board, and what a program does."""

import io
import json

from kws.board.replies_listening import Heard, Level, Stopped
from kws.listening_display import Display, bar, clock, meter

CLASSES = ("_silence_", "_unknown_", "yes", "no")


class Ear:
    missed = 1
    stopped = Stopped(65_400, 2, 320)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_line_a_word_and_no_meter_where_it_goes_to_a_file():
    out = io.StringIO()
    display = Display(CLASSES, out)
    display.show(Level(500, 1000, 0, 0))
    display.show(Heard(1, 2340, 3, 0.5))
    display.end(Ear())
    word, end = out.getvalue().splitlines()
    assert word.split() == ["00:02.3", "no", "█" * 10 + "░" * 10, "50%"]
    assert end == "01:05.4  end: 1 word, and 1 lost on the way here; 320 samples came too fast for the board"


def test_a_terminal_shows_the_level_and_loss_is_said_at_once():
    out = Terminal()
    display = Display(CLASSES, out)
    display.show(Level(500, 32768, 0, 0))
    assert out.getvalue() == f"\r00:00.5  {meter(32768)}"
    display.show(Level(1000, 0, 160, 0))
    assert "160 samples" in out.getvalue()


def test_json_for_programs():
    out = io.StringIO()
    display = Display(CLASSES, out, as_json=True)
    display.show(Heard(1, 2340, 2, 0.75))
    display.show(Level(2500, 12, 0, 1))
    display.end(Ear())
    assert [json.loads(line) for line in out.getvalue().splitlines()] == [
        {"word": "yes", "ms": 2340, "score": 0.75},
        {"level": 12, "ms": 2500, "lost_samples": 0},
        {"end": {"ms": 65_400, "words": 1, "lost_samples": 320, "missed": 1}},
    ]


def test_clock_bar_and_meter():
    assert (clock(59_990), clock(3_600_000)) == ("00:59.9", "1:00:00.0")
    assert (bar(0.0), bar(1.0)) == ("░" * 20, "█" * 20)
    assert meter(0).endswith("silence")
    assert meter(328).count("=") == 10  # -40 of -60 dB
