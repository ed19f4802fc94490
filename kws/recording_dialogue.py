"""The conversation of `python -m kws record`: countdown, take, verdict, once more, until there are enough clips.

In: a microphone's `take(seconds)` -> (n,) int16. Out: a call of `keep(clip)` for each clip that is good, or that the
person keeps all the same. `ask`, `say` and `pause` stand for the terminal and the clock.
"""

import time
from collections.abc import Callable

import numpy as np

from kws.errors import DataError
from kws.recording import bites, complaint, level_of, noise_floor_db, trim

TAKE_S = 2.0
_COUNTDOWN = ("3 ", "2 ", "1 ", "now\n")
_COUNT_S = 0.7

Take = Callable[[float], np.ndarray]
Keep = Callable[[np.ndarray], object]


def record_words(
    word: str,
    count: int,
    take: Take,
    keep: Keep,
    take_s: float = TAKE_S,
    ask: Callable[[str], str] = input,
    say: Callable[[str], None] = lambda text: print(text, end="", flush=True),
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Take `count` clips of a word.

    Raises:
        DataError: nobody is there to answer a question.
    """
    for number in range(1, count + 1):
        while True:
            say(f"{number} of {count}, say {word!r} after the countdown: ")
            _count_down(say, pause)
            samples = take(take_s)
            clip = trim(samples)
            level = level_of(clip, noise_floor_db(samples))
            problem = complaint(level)
            if problem is None:
                say(f"  good: peak {level.peak_db:.0f} dB of full scale, {level.snr_db:.0f} dB over the noise\n")
                keep(clip)
                break
            say(f"  {problem}.\n")
            answer = _answer(ask, "  Enter: once more, k: keep it all the same, s: skip it? ")
            if answer == "k":
                keep(clip)
            if answer in ("k", "s"):
                break


def record_noise(seconds: float, take: Take, keep: Keep, say: Callable[[str], None] = print) -> None:
    """Take the room's noise, uncut. Raises DataError for digital silence, which is a microphone that is off."""
    say(f"recording {seconds:g} s of noise: let the room sound as it does, and say nothing")
    samples = take(seconds)
    check_noise(samples)
    keep(samples)


def check_noise(samples: np.ndarray) -> None:
    """Raises DataError where there is nothing but one value, or clipping."""
    if not np.ptp(samples):
        raise DataError("the recording holds digital silence: is the microphone switched off or muted?")
    level = level_of(samples, 0.0)
    if level.clipped_samples > len(samples) // 1000:
        raise DataError(f"the noise is clipped ({level.clipped_samples} samples at full scale): lower the gain.")


def cut_words(samples: np.ndarray, keep: Keep, say: Callable[[str], None] = print) -> int:
    """Keep every good bite of a long recording and name the others; returns how many were kept."""
    floor_db, kept = noise_floor_db(samples), 0
    for number, clip in enumerate(bites(samples), 1):
        problem = complaint(level_of(clip, floor_db))
        if problem:
            say(f"sound {number} is left out, {problem}")
        else:
            keep(clip)
            kept += 1
    return kept


def _count_down(say: Callable[[str], None], pause: Callable[[float], None]) -> None:
    for text in _COUNTDOWN:
        say(text)
        if text is not _COUNTDOWN[-1]:
            pause(_COUNT_S)


def _answer(ask: Callable[[str], str], question: str) -> str:
    try:
        return ask(question).strip().lower()
    except EOFError:
        raise DataError("nobody answers on this terminal: run `python -m kws record` where you can type.") from None
