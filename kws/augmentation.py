"""Random changes of training clips, as audio (N,) int16: speed, time shift, loudness, background noise.

Every (copy, clip) has a random generator of its own, so a copy does not depend on how the work is divided.
"""

from pathlib import Path

import numpy as np
from joblib import Parallel, delayed

from kws.clip_audio import ClipAudio
from kws.features import BANDS, CLIP_SAMPLES, FRAMES, SAMPLE_RATE_HZ
from kws.features_torch import features
from kws.large_arrays import laid_out
from kws.params import Augmentation, FrontEnd
from kws.points import one_thread
from kws.progress import progress

_CHUNK_CLIPS = 128  # a unit of work; the result does not depend on it


def augmented(audio: np.ndarray, noise: np.ndarray, choices: Augmentation, rng: np.random.Generator) -> np.ndarray:
    """One changed copy of a clip.

    Args:
        audio: (N,) int16.
        noise: (M,) int16 background noise to cut from, M >= N.
    """
    changed = audio.astype(np.float64)
    if rng.random() < choices.speed_probability:
        middle, speed = (CLIP_SAMPLES - 1) / 2, rng.uniform(*choices.speed)
        places = middle + (np.arange(CLIP_SAMPLES) - middle) * speed
        changed = np.interp(places, np.arange(CLIP_SAMPLES), changed, left=0, right=0)
    widest = round(choices.shift_ms * SAMPLE_RATE_HZ / 1000)
    changed = _shifted(changed, int(rng.integers(-widest, widest + 1)))
    changed *= 10 ** (rng.uniform(*choices.gain_db) / 20)
    if rng.random() < choices.noise_probability:
        start = int(rng.integers(len(noise) - CLIP_SAMPLES + 1))
        changed += rng.uniform(0, choices.noise_volume) * noise[start : start + CLIP_SAMPLES]
    return np.clip(np.round(changed), -32768, 32767).astype(np.int16)


def augmented_features(
    audio: np.ndarray | ClipAudio,
    noises: list[np.ndarray],
    choices: Augmentation,
    front_end: FrontEnd,
    jobs: int,
    folder: Path | None = None,
) -> np.ndarray:
    """Features of the clips as recorded and of `choices.copies` changed copies.

    Args:
        audio: (B, N) int16; where it is on disk, each process reads the clips that it works on.
        noises: background recordings, (M,) int16 each with M >= N.
        jobs: processes; the result is the same for any number.
        folder: on a disk with room for the result, which is never whole in memory (kws/large_arrays.py).

    Returns:
        (1 + copies, B, T, F) int8, read-only, the clips as recorded first.
    """
    starts = range(0, len(audio), _CHUNK_CLIPS)
    parts = Parallel(n_jobs=jobs, return_as="generator", pre_dispatch="2 * n_jobs")(
        delayed(_features_of_chunk)(audio[start : start + _CHUNK_CLIPS], noises, choices, front_end, start)
        for start in starts
    )
    bar = progress(parts, "features, parts", len(starts))
    return laid_out(zip(starts, bar, strict=True), (1 + choices.copies, len(audio), FRAMES, BANDS), folder)


def _features_of_chunk(audio, noises, choices, front_end, first: int) -> np.ndarray:
    """(1 + copies, n, T, F) of some clips."""
    audio = np.asarray(audio)
    copies = range(1 + choices.copies)
    return np.stack([_features_of_copy(audio, noises, choices, front_end, copy, first) for copy in copies])


def _features_of_copy(audio, noises, choices, front_end, copy: int, first: int) -> np.ndarray:
    """Features of one copy of some clips: copy 0 is the recording itself."""
    one_thread()
    if copy:
        audio = np.stack([_copy(clip, noises, choices, copy, first + i) for i, clip in enumerate(audio)])
    return features(audio, front_end)


def _copy(clip: np.ndarray, noises: list[np.ndarray], choices: Augmentation, copy: int, index: int) -> np.ndarray:
    rng = np.random.default_rng([choices.seed, copy, index])
    return augmented(clip, noises[rng.integers(len(noises))], choices, rng)


def _shifted(audio: np.ndarray, samples: int) -> np.ndarray:
    """Later by `samples` (earlier when negative), zeros where nothing was."""
    result = np.zeros_like(audio)
    if samples >= 0:
        result[samples:] = audio[: len(audio) - samples]
    else:
        result[:samples] = audio[-samples:]
    return result
