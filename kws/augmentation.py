"""Random changes of training clips, as audio (N,) int16: speed, time shift, loudness, background noise.

A share of the copies is also heard as in a stream, warm, behind a second of other sound of the training split.
Every (copy, clip) has a random generator of its own, so a copy does not depend on how the work is divided.
"""

import numpy as np
from joblib import Parallel, delayed
from tqdm import tqdm

from kws.features import BANDS, CLIP_SAMPLES, FRAMES, SAMPLE_RATE_HZ
from kws.features_torch import features
from kws.params import Augmentation, FrontEnd
from kws.points import one_thread
from kws.streaming import warm_features

_CHUNK_CLIPS = 256  # a unit of work; the result does not depend on it
_BACKGROUND_DB = (-40.0, 0.0)  # how loud the noise is that comes before a clip, against its recording


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
    audio: np.ndarray, noises: list[np.ndarray], choices: Augmentation, front_end: FrontEnd, jobs: int
) -> np.ndarray:
    """Features of the clips as recorded and of `choices.copies` changed copies.

    Args:
        audio: (B, N) int16.
        noises: background recordings, (M,) int16 each with M >= N.
        choices: of the copies, warm_probability are warm: behind themselves backwards, another of the clips as
            recorded or background noise, a third each; the others, and the clips as recorded, are cold.
        jobs: processes; the result is the same for any number.

    Returns:
        (1 + copies, B, T, F) int8, the clips as recorded first.
    """
    result = np.empty((1 + choices.copies, len(audio), FRAMES, BANDS), np.int8)
    work = [(copy, start) for copy in range(1 + choices.copies) for start in range(0, len(audio), _CHUNK_CLIPS)]
    parts = Parallel(n_jobs=jobs, return_as="generator", pre_dispatch="2 * n_jobs")(
        delayed(_features_of_chunk)(*_with_others(audio, copy, start, choices), noises, choices, front_end, copy, start)
        for copy, start in work
    )
    for (copy, start), part in zip(work, tqdm(parts, "features", len(work), disable=None, leave=False), strict=True):
        result[copy, start : start + len(part)] = part
    return result


def _with_others(audio: np.ndarray, copy: int, first: int, choices: Augmentation) -> tuple[np.ndarray, np.ndarray]:
    """A chunk's clips, and for each another one to be heard behind; none for the recordings, which are cold."""
    places = np.random.default_rng([choices.seed, copy]).integers(len(audio), size=len(audio)) if copy else ()
    return audio[first : first + _CHUNK_CLIPS], audio[list(places[first : first + _CHUNK_CLIPS])]


def _features_of_chunk(audio, others, noises, choices, front_end, copy: int, first: int) -> np.ndarray:
    """Features of one copy of some clips: copy 0 is the recording itself."""
    one_thread()
    if not copy:
        return features(audio, front_end)
    copies, befores = zip(
        *(
            _copy(clip, other, noises, choices, np.random.default_rng([choices.seed, copy, first + i]))
            for i, (clip, other) in enumerate(zip(audio, others, strict=True))
        ),
        strict=True,
    )
    audio, warm = np.stack(copies), np.array([before is not None for before in befores])
    result = np.empty((len(audio), FRAMES, BANDS), np.int8)
    if not warm.all():
        result[~warm] = features(audio[~warm], front_end)
    if warm.any():
        result[warm] = warm_features(np.stack([one for one in befores if one is not None]), audio[warm], front_end)
    return result


def _copy(
    clip: np.ndarray, other: np.ndarray, noises: list[np.ndarray], choices: Augmentation, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray | None]:
    """A changed clip and the second before it, both (N,) int16; None where the copy is cold."""
    copy = augmented(clip, noises[rng.integers(len(noises))], choices, rng)
    if rng.random() >= choices.warm_probability:
        return copy, None
    return copy, (copy[::-1], other, _background(noises, rng))[rng.integers(3)]


def _background(noises: list[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """A second of background noise, (N,) int16, near or far."""
    noise = noises[rng.integers(len(noises))]
    start = int(rng.integers(len(noise) - CLIP_SAMPLES + 1))
    gain = 10 ** (rng.uniform(*_BACKGROUND_DB) / 20)
    return np.round(gain * noise[start : start + CLIP_SAMPLES]).astype(np.int16)


def _shifted(audio: np.ndarray, samples: int) -> np.ndarray:
    """Later by `samples` (earlier when negative), zeros where nothing was."""
    result = np.zeros_like(audio)
    if samples >= 0:
        result[samples:] = audio[: len(audio) - samples]
    else:
        result[:samples] = audio[-samples:]
    return result
