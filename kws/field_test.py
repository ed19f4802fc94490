"""Accuracy through the board's own microphone: spoken trials, or a folder's clips played into the emulated one.

    print(field_test_text(counted(list(spoken(session, prompts(..), input)), classes), classes, None))

In a trial the board records a second and classifies it. Comes out: accuracy with its 95 % interval, confusion,
and which trials were missed.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kws.audio import write_wav
from kws.board.session import Session
from kws.confusion import confusion_matrix, share_interval
from kws.corpus import Clip, Corpus
from kws.listening import SETTLING_SAMPLES


class Trial(NamedTuple):
    """One: its class, and what a person calls it."""

    label: int
    name: str


class Result(NamedTuple):
    """What was heard in each trial, in order; counts (K, K), the spoken class first."""

    counts: np.ndarray
    missed: tuple[tuple[str, str], ...]  # name of the trial, class that the board gave


def prompts(classes: Sequence[str], words: Sequence[str], trials: int, seed: int) -> list[Trial]:
    """`trials` words to say, each as often as the others, give or take one, in random order."""
    drawn = [words[i % len(words)] for i in range(trials)]
    random.Random(seed).shuffle(drawn)
    return [Trial(classes.index(word), word) for word in drawn]


def spoken(session: Session, trials: Sequence[Trial], ask: Callable[[str], object]) -> Iterator[tuple[Trial, int]]:
    """Ask a person for each; the label that the board gives."""
    for number, trial in enumerate(trials, 1):
        ask(f"{number} of {len(trials)}: press Enter, then say '{trial.name}' ")
        session.record()
        yield trial, session.run().label


def played(session: Session, corpus: Corpus, clips: Sequence[Clip], microphone: Path) -> Iterator[tuple[Trial, int]]:
    """Let the emulated board hear each clip behind the silence in which its microphone settles."""
    for clip in clips:
        write_wav(microphone, np.concatenate([np.zeros(SETTLING_SAMPLES, np.int16), corpus.read(clip)]))
        session.record()
        yield Trial(clip.label, clip.name), session.run().label


def counted(pairs: Sequence[tuple[Trial, int]], classes: Sequence[str]) -> Result:
    """All trials together."""
    actual = np.array([trial.label for trial, _ in pairs])
    given = np.array([label for _, label in pairs])
    missed = tuple((trial.name, classes[label]) for trial, label in pairs if label != trial.label)
    return Result(confusion_matrix(actual, given, len(classes)), missed)


def field_test_text(result: Result, classes: Sequence[str], test_accuracy: float | None) -> str:
    """A report; `test_accuracy` is the test split's, where there is one to compare with."""
    trials, right = int(result.counts.sum()), int(np.trace(result.counts))
    low, high = share_interval(right, trials)
    lines = [f"on the board  {right} of {trials} right: {right / trials:.1%} (95 % interval {low:.1%} to {high:.1%})"]
    if test_accuracy is not None:
        inside = "inside" if low <= test_accuracy <= high else "outside"
        lines.append(f"test split    {test_accuracy:.1%}, {inside} that interval")
    width = max(len(name) for name in classes)
    lines += ["", " " * width + "".join(f"  {name:>{max(6, len(name))}}" for name in classes) + "  <- heard as"]
    for name, row in zip(classes, result.counts, strict=True):
        if row.sum():
            cells = "".join(f"  {count:>{max(6, len(column))}}" for count, column in zip(row, classes, strict=True))
            lines.append(f"{name:<{width}}{cells}")
    lines += ["", *(f"missed: {name}, heard as {heard}" for name, heard in result.missed)]
    return "\n".join(lines).rstrip()
