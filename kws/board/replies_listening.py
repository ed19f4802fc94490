"""What a listening board says, from parsed lines: words, levels, and the totals at the end."""

from collections.abc import Sequence
from dataclasses import dataclass

from kws.board.replies import Line, only
from kws.errors import BoardError

_ONE = 32768  # of a probability


@dataclass(frozen=True)
class Heard:
    """A word that a listening board has heard: the how manieth, when, which class, and its mean probability."""

    number: int
    ms: int  # of sound since its microphone's start
    label: int
    score: float


@dataclass(frozen=True)
class Level:
    """What a listening board says twice a second: the loudest sample since the last time, and its totals."""

    ms: int
    peak: int
    lost_samples: int
    words: int


@dataclass(frozen=True)
class Stopped:
    """A board's totals once it has stopped listening."""

    ms: int
    words: int
    lost_samples: int


def report(parsed: Sequence[Line]) -> Heard | Level:
    """A further answer to `listen`."""
    (word, fields), *more = parsed or [("", {})]
    if more or word not in ("heard", "level"):
        raise BoardError(f"a report of a listening board has one line, heard or level, not {parsed}")
    if word == "level":
        return Level(**fields)
    if fields["score"] > _ONE:
        raise BoardError(f"a mean probability of {fields['score']} / {_ONE} is more than 1")
    return Heard(fields["number"], fields["ms"], fields["label"], fields["score"] / _ONE)


def stopped(parsed: Sequence[Line]) -> Stopped:
    """The answer to `stop`."""
    return Stopped(**only(parsed, "stopped"))
