"""Silence as a class: seconds cut out of background noise, some of them all but digital silence.

In: the noise recordings and how many seconds a split needs. Out: cuts, a few numbers each; their audio is made when it
is read. A split cuts only out of its own part of each recording's time.
"""

from dataclasses import dataclass

import numpy as np

from kws.audio import CLIP_SAMPLES, to_int16
from kws.audio_noise import SPLITS, part_of

_QUIET = 0.1  # share of clips without any recording: a microphone that is switched off, or hisses a little
_LOWEST_GAIN = 0.05
_HISS_RMS = 3.0  # at most, in int16 steps


@dataclass(frozen=True)
class Cut:
    """One second of silence; without a recording it is hiss of `gain` int16 steps, `start` its seed."""

    recording: str | None
    start: int
    gain: float


def draw_cuts(noises: dict[str, np.ndarray], split: str, count: int, seed: int) -> list[Cut]:
    """`count` different places and gains in the split's part of the noises, fixed by the seed; none without noise."""
    rng = np.random.default_rng([seed, SPLITS.index(split)])
    names = sorted(noises)
    rooms = [len(part_of(noises[name], split)) - CLIP_SAMPLES + 1 for name in names]
    if max(rooms, default=0) <= 0:
        return []
    share = np.maximum(rooms, 0) / np.maximum(rooms, 0).sum()
    cuts = []
    for number in range(count):
        if rng.random() < _QUIET:
            cuts.append(Cut(None, number, round(float(rng.uniform(0, _HISS_RMS)) * (rng.random() < 0.8), 3)))
        else:
            which = int(rng.choice(len(names), p=share))
            gain = round(float(rng.uniform(_LOWEST_GAIN, 1)), 3)
            cuts.append(Cut(names[which], int(rng.integers(rooms[which])), gain))
    return cuts


def audio_of(cut: Cut, noises: dict[str, np.ndarray], split: str) -> np.ndarray:
    """The cut's samples, (N,) int16."""
    if cut.recording is None:
        rng = np.random.default_rng([cut.start, SPLITS.index(split)])
        return to_int16(cut.gain * rng.standard_normal(CLIP_SAMPLES))
    part = part_of(noises[cut.recording], split)
    return to_int16(cut.gain * part[cut.start : cut.start + CLIP_SAMPLES].astype(np.float64))


def name_of(cut: Cut, number: int) -> str:
    """A name that says where it was cut, as unique as a file's."""
    return f"_silence_/{cut.recording or 'quiet'}_{cut.start:07d}_cut_{number:05d}.wav"
