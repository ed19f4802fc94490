"""Random changes of training clips, as audio (N,) int16: speed, time shift, loudness, background noise.

A share of the copies is also heard as in a stream, warm, behind a second of other sound of the training split.
Every (copy, clip) has a random generator of its own, so a copy does not depend on how the work is divided.
"""

from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from tqdm import tqdm

from kws.clip_audio import ClipAudio
from kws.features import BANDS, CLIP_SAMPLES, FRAMES, SAMPLE_RATE_HZ
from kws.features_torch import features
from kws.large_arrays import laid_out
from kws.params import Augmentation, FrontEnd
from kws.points import one_thread
from kws.streaming import warm_features

_CHUNK_CLIPS = 128  # a unit of work; the result does not depend on it
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
        choices: of the copies, warm_probability are warm: behind themselves backwards, another of the clips as
            recorded or background noise, a third each; the others, and the clips as recorded, are cold.
        jobs: processes; the result is the same for any number.
        folder: on a disk with room for the result, which is never whole in memory (kws/large_arrays.py).

    Returns:
        (1 + copies, B, T, F) int8, read-only, the clips as recorded first.
    """
    starts = range(0, len(audio), _CHUNK_CLIPS)
    others = _others(len(audio), choices)
    parts = Parallel(n_jobs=jobs, return_as="generator", pre_dispatch="2 * n_jobs")(
        delayed(_features_of_chunk)(*_with_others(audio, others, start), noises, choices, front_end, start)
        for start in starts
    )
    bar = tqdm(parts, "features", len(starts), disable=None, leave=False)
    return laid_out(zip(starts, bar, strict=True), (1 + choices.copies, len(audio), FRAMES, BANDS), folder)


def _others(clips: int, choices: Augmentation) -> list[np.ndarray]:
    """For each copy, which other clip (clips,) each is heard behind where it is heard behind one."""
    copies = range(1, 1 + choices.copies)
    return [np.random.default_rng([choices.seed, copy]).integers(clips, size=clips) for copy in copies]


def _with_others(audio: np.ndarray | ClipAudio, others: list[np.ndarray], first: int) -> tuple:
    """A chunk's clips, and those that its copies may be heard behind."""
    chunk = slice(first, first + _CHUNK_CLIPS)
    return audio[chunk], [audio[places[chunk].tolist()] for places in others]


def _features_of_chunk(audio, others, noises, choices, front_end, first: int) -> np.ndarray:
    """(1 + copies, n, T, F) of some clips."""
    audio, others = np.asarray(audio), [None, *map(np.asarray, others)]
    return np.stack(
        [_features_of_copy(audio, other, noises, choices, front_end, copy, first) for copy, other in enumerate(others)]
    )


def _features_of_copy(audio, others, noises, choices, front_end, copy: int, first: int) -> np.ndarray:
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
