"""What makes a good sound bite: one second around the word, loud enough, over the noise, not clipped.

In: what a microphone or a file gave, (n,) int16 at 16 kHz. Out: clips (N,) int16, and a complaint in words about one
that is of no use. Nothing here knows where the samples come from.
"""

from dataclasses import dataclass

import numpy as np

from kws.audio import CLIP_SAMPLES, SAMPLE_RATE_HZ, fit

FRAME_SAMPLES = SAMPLE_RATE_HZ // 100  # 10 ms
PEAK_MIN_DB = -30.0  # of full scale; quiet speech at arm's length peaks near -25 dB
SNR_MIN_DB = 10.0  # of the word's loud frames over the recording's quiet ones
CLIPPED_MAX = 8  # samples at full scale side by side with another: half a millisecond
_LOWEST_DB = -96.0  # one step of 16 bits
_FULL_SCALE = 32768
_SMOOTHED_FRAMES = 5
_RISE_DB, _RISE_SHARE = 10.0, 0.3  # a word stands out by so much, and by that share of the loudest sound's rise
_PAUSE_FRAMES = 25  # silence within a word, such as before a t, is shorter
_WORD_FRAMES_MIN = 8  # what is shorter is a click


@dataclass(frozen=True)
class Level:
    """How loud a bite is, in dB of full scale and in dB over the noise, and how many samples are clipped."""

    peak_db: float
    snr_db: float
    clipped_samples: int


def noise_floor_db(samples: np.ndarray) -> float:
    """Level that one frame in ten does not reach: (n,) int16 -> dB of full scale."""
    return float(np.percentile(_frames_db(samples), 10))


def level_of(samples: np.ndarray, floor_db: float) -> Level:
    """The level of a bite (n,) int16 that was cut from a recording with this noise floor."""
    full = np.abs(samples.astype(np.int32)) >= _FULL_SCALE - 1
    beside = full & (np.roll(full, 1) | np.roll(full, -1))  # a single peak that just touches full scale is no harm
    loud_db = float(np.percentile(_frames_db(samples), 95))
    return Level(_decibels(np.abs(samples.astype(np.float64)).max()), loud_db - floor_db, int(beside.sum()))


def complaint(level: Level) -> str | None:
    """What is wrong with a bite and how to do better, or None."""
    if level.clipped_samples > CLIPPED_MAX:
        return f"clipped ({level.clipped_samples} samples at full scale): speak from further away or lower the gain"
    if level.peak_db < PEAK_MIN_DB:
        return (
            f"too quiet (peak {level.peak_db:.0f} dB of full scale, {PEAK_MIN_DB:.0f} needed): come closer, speak up, "
            "or raise the gain"
        )
    if level.snr_db < SNR_MIN_DB:
        return (
            f"hardly over the noise ({level.snr_db:.0f} dB, {SNR_MIN_DB:.0f} needed): was a word said, and is the room "
            "quiet?"
        )
    return None


def trim(samples: np.ndarray) -> np.ndarray:
    """The second that has the word in its middle: (n,) -> (N,) int16.

    The second with the most energy over the noise is found first, then moved so that the centre of that energy is its
    own, as far as the recording reaches. A shorter recording gets zeros at its end.
    """
    energy = _energy_over_noise(samples)
    frames = CLIP_SAMPLES // FRAME_SAMPLES
    if len(energy) <= frames:
        return fit(samples)
    total = np.concatenate([[0.0], np.cumsum(energy)])
    start = int(np.argmax(total[frames:] - total[:-frames]))
    return _around(samples, start, energy[start : start + frames])


def bites(samples: np.ndarray) -> list[np.ndarray]:
    """A second around each sound that stands out of a long recording, in order: (n,) -> clips (N,) int16.

    Sounds closer than a quarter of a second are one; so say the words a second apart.
    """
    level_db, energy = _frames_db(samples), _energy_over_noise(samples)
    smooth_db = 10 * np.log10(np.convolve(10 ** (level_db / 10), np.ones(_SMOOTHED_FRAMES) / _SMOOTHED_FRAMES, "same"))
    floor_db = noise_floor_db(samples)
    rise_db = max(_RISE_DB, _RISE_SHARE * (smooth_db.max() - floor_db))
    active = np.flatnonzero(smooth_db > floor_db + rise_db)
    runs = np.split(active, np.flatnonzero(np.diff(active) > _PAUSE_FRAMES) + 1)
    found = []
    for run in (run for run in runs if len(run) >= _WORD_FRAMES_MIN):
        found.append(_around(samples, int(run[0]), energy[run[0] : run[-1] + 1]))
    return found


def _around(samples: np.ndarray, first_frame: int, energy: np.ndarray) -> np.ndarray:
    """The second around the centre of a sound's energy, moved where it would reach beyond the recording."""
    frames = np.arange(len(energy)) + 0.5
    centre = first_frame + (float(frames @ energy / energy.sum()) if energy.any() else len(energy) / 2)
    start = round(centre * FRAME_SAMPLES) - CLIP_SAMPLES // 2
    start = max(0, min(start, len(samples) - CLIP_SAMPLES))
    return fit(samples[start:])


def _energy_over_noise(samples: np.ndarray) -> np.ndarray:
    """Energy of each frame less twice that of the noise, none below zero: so noise has no say in where a word is."""
    return np.maximum(10 ** (_frames_db(samples) / 10) - 2 * 10 ** (noise_floor_db(samples) / 10), 0)


def _frames_db(samples: np.ndarray) -> np.ndarray:
    """Root mean square of each frame, in dB of full scale: (n,) -> (n // 160,), at least one frame."""
    padded = np.pad(samples, (0, max(0, FRAME_SAMPLES - len(samples))))
    frames = padded[: len(padded) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES).astype(np.float64)
    return _decibels(np.sqrt(np.mean(frames**2, axis=1)))


def _decibels(amplitude: np.ndarray | float) -> np.ndarray | float:
    """int16 steps -> dB of full scale; digital silence is as quiet as one step."""
    return np.maximum(20 * np.log10(np.maximum(amplitude, 1e-9) / _FULL_SCALE), _LOWEST_DB)
