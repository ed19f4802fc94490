"""What `python -m kws listen` shows of a board's reports: a line a word, and on a terminal a meter of the level."""

import json
import math
from typing import TextIO

from kws.board.listening import Ear
from kws.board.replies_listening import Heard, Level

_BAR = 20
_METER = 30
_QUIETEST_DB = -60.0  # the meter's left end, of full scale


class Display:
    """Shows reports on a stream.

    Args:
        classes: names of the classes.
        out: where to; a meter only where it is a terminal.
        as_json: a JSON object a line instead, for programs: `word` and `level`, and `end`.
    """

    def __init__(self, classes: tuple[str, ...], out: TextIO, as_json: bool = False) -> None:
        self._classes, self._out, self._json = classes, out, as_json
        self._meter = not as_json and out.isatty()
        self._lost_samples = self._words = 0

    def show(self, report: Heard | Level) -> None:
        """One report."""
        self._words += isinstance(report, Heard)
        if self._json:
            self._print(json.dumps(self._fields(report)))
        elif isinstance(report, Heard):
            self._print(f"{clock(report.ms)}  {self._name(report.label):<12} {bar(report.score)} {report.score:4.0%}")
        else:
            self._show_level(report)

    def end(self, ear: Ear) -> None:
        """What there was in all; what the board heard behind the last report that was shown does not count."""
        stopped = ear.stopped
        if self._json:
            totals = {"ms": stopped.ms, "words": self._words, "lost_samples": stopped.lost_samples}
            self._print(json.dumps({"end": totals | {"missed": ear.missed}}))
            return
        words = f"{self._words} word{'' if self._words == 1 else 's'}"
        missed = f", and {ear.missed} lost on the way here" if ear.missed else ""
        lost = f"; {stopped.lost_samples:,} samples came too fast for the board" if stopped.lost_samples else ""
        self._print(f"{clock(stopped.ms)}  end: {words}{missed}{lost}")
        if not self._words:
            self._print("If words were said: `python -m kws tune-listen` finds settings of `listen` for your model.")

    def _show_level(self, level: Level) -> None:
        if level.lost_samples > self._lost_samples:
            lost, self._lost_samples = level.lost_samples - self._lost_samples, level.lost_samples
            self._print(f"{clock(level.ms)}  {lost:,} samples came too fast for the board and are lost")
        if self._meter:
            self._out.write(f"\r{clock(level.ms)}  {meter(level.peak)}")
            self._out.flush()

    def _print(self, line: str) -> None:
        clear = "\r\x1b[K" if self._meter else ""
        print(f"{clear}{line}", file=self._out, flush=True)

    def _fields(self, report: Heard | Level) -> dict:
        if isinstance(report, Heard):
            return {"word": self._name(report.label), "ms": report.ms, "score": round(report.score, 4)}
        return {"level": report.peak, "ms": report.ms, "lost_samples": report.lost_samples}

    def _name(self, label: int) -> str:
        return self._classes[label] if label < len(self._classes) else f"class {label}"


def clock(ms: int) -> str:
    """Milliseconds as h:mm:ss.s; hours only where there are any."""
    tenths = ms // 100
    hours, minutes, seconds = tenths // 36_000, tenths // 600 % 60, tenths % 600 / 10
    return f"{hours}:{minutes:02}:{seconds:04.1f}" if hours else f"{minutes:02}:{seconds:04.1f}"


def bar(score: float) -> str:
    """A share as a bar."""
    filled = round(score * _BAR)
    return "█" * filled + "░" * (_BAR - filled)


def meter(peak: int) -> str:
    """The loudest sample, in decibels of full scale, as a bar and a figure."""
    db = 20 * math.log10(peak / 32768) if peak else -math.inf
    filled = round(max(0.0, 1 - db / _QUIETEST_DB) * _METER)
    figure = f"{db:5.0f} dB" if peak else " silence"
    return f"|{'=' * filled}{' ' * (_METER - filled)}| {figure}"
