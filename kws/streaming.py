"""Clips as a stream hears them: behind another second of sound, whose level and mean run on (kws/normalization.py).

In: audio (B, N) int16 of clips and of what comes before each. Out: warm features (B, T, F) int8, the board's bytes.
"""

import numpy as np

from kws.features import log_mel
from kws.normalization import frame_values, push, start
from kws.params import FrontEnd

PRECEDING = ("another clip", "silence")  # what an evaluated clip is heard behind


def warm_features(before: np.ndarray, audio: np.ndarray, front_end: FrontEnd) -> np.ndarray:
    """Features of clips in a stream: the state starts from one second and goes through the clip's frames.

    Args:
        before: (B, N) int16, the second before each clip.
        audio: (B, N) int16.

    Returns:
        (B, T, F) int8.
    """
    return warm(*(frame_values(log_mel(part, front_end), front_end) for part in (before, audio)), front_end)


def warm(before: np.ndarray, values: np.ndarray, front_end: FrontEnd) -> np.ndarray:
    """The same from the values of each frame: (B, T, F) int16, both, -> (B, T, F) int8."""
    _, state = start(before, front_end)
    result = np.empty(values.shape, np.int8)
    for frame in range(values.shape[1]):
        result[:, frame], state = push(values[:, frame], state, front_end)
    return result


def preceding_clips(labels: np.ndarray, seed: int) -> np.ndarray:
    """Which clip of the same split each is heard behind, in the order of PRECEDING: (2, B) int64.

    All clips stand in a ring in random order, so that each comes once behind one that is not itself; the clips of the
    class silence, label 0, take turns.
    """
    ring = np.random.default_rng(seed).permutation(len(labels))
    another = np.empty_like(ring)
    another[ring] = np.roll(ring, 1)
    silence = np.flatnonzero(labels == 0)
    return np.stack([another, silence[np.arange(len(labels)) % len(silence)]])
