"""Background noises: which stretch of a recording belongs to which split, and six synthetic recordings.

In: recordings (n,) int16. Out: the part of each that a split may use, so that no second of noise stands in two splits.
Synthetic noises come from a seed alone; babble is mixed from words that the caller had spoken.
"""

import numpy as np
import scipy.signal

from kws.audio import CLIP_SAMPLES, SAMPLE_RATE_HZ

SPLITS = ("training", "validation", "testing")
NOISE_SECONDS = 60
_BABBLE_VOICES = 12  # speaking at a time
_PARTS = {"training": (0.0, 0.8), "validation": (0.8, 0.9), "testing": (0.9, 1.0)}  # of a recording's time
_STREAM = 4  # of random numbers, apart from those of kws.synthetic
_NOISE_RMS = 2000  # in int16 steps, -24 dB below full scale


def bounds(samples: int, split: str) -> tuple[int, int]:
    """First sample and end of a split's part of a recording of that many samples."""
    start, end = _PARTS[split]
    return int(samples * start), int(samples * end)


def part_of(recording: np.ndarray, split: str) -> np.ndarray:
    """A split's part in time, repeated up to one second where it is shorter: (n,) -> (>= N,) of the same dtype."""
    start, end = bounds(len(recording), split)
    part = recording[start:end]
    if 0 < len(part) < CLIP_SAMPLES:
        part = np.tile(part, -(-CLIP_SAMPLES // len(part)))
    return part


def synthetic_noises(seed: int, spoken: dict[str, list[np.ndarray]]) -> dict[str, np.ndarray]:
    """Name -> one minute of noise, (n,) int16.

    Args:
        seed: the same seed gives the same bytes.
        spoken: for each split words spoken by that split's voices, (n,) float, to mix babble from; every split's part
            of the babble holds its own voices only.
    """
    n = NOISE_SECONDS * SAMPLE_RATE_HZ
    makers = {
        "white_noise": lambda rng: rng.standard_normal(n),
        "pink_noise": lambda rng: _coloured(rng, n, 0.5),
        "brown_noise": lambda rng: _coloured(rng, n, 1.0),
        "mains_hum": lambda rng: _hum(rng, n),
        "clicks": lambda rng: _clicks(rng, n),
        "babble": lambda rng: _babble(rng, n, spoken),
    }
    return {
        name: _levelled(make(np.random.default_rng([seed, _STREAM, number])))
        for number, (name, make) in enumerate(makers.items())
    }


def _levelled(noise: np.ndarray) -> np.ndarray:
    scaled = noise * (_NOISE_RMS / np.sqrt(np.mean(noise**2)))
    return np.clip(np.rint(scaled), -32768, 32767).astype(np.int16)


def _coloured(rng: np.random.Generator, n: int, exponent: float) -> np.ndarray:
    """Noise whose amplitude falls with frequency^exponent: 0.5 is pink, 1 is brown; nothing below 20 Hz."""
    spectrum = np.fft.rfft(rng.standard_normal(n))
    frequencies_hz = np.fft.rfftfreq(n, 1 / SAMPLE_RATE_HZ)
    spectrum *= np.where(frequencies_hz < 20, 0, np.maximum(frequencies_hz, 20) ** -exponent)
    return np.fft.irfft(spectrum, n)


def _hum(rng: np.random.Generator, n: int) -> np.ndarray:
    """50 Hz and its harmonics with slowly changing levels, over a little hiss."""
    time_s = np.arange(n) / SAMPLE_RATE_HZ
    hum = 0.05 * rng.standard_normal(n)
    for harmonic in range(1, 13):
        slow = 1 + 0.5 * np.sin(2 * np.pi * (rng.uniform(0.05, 0.4) * time_s + rng.uniform()))
        hum += slow / harmonic * np.sin(2 * np.pi * (50 * harmonic * time_s + rng.uniform()))
    return hum


def _clicks(rng: np.random.Generator, n: int) -> np.ndarray:
    """About four knocks a second, each a short ringing of its own pitch and length, over a little hiss."""
    noise = 0.01 * rng.standard_normal(n)
    ring_s = np.arange(SAMPLE_RATE_HZ // 4) / SAMPLE_RATE_HZ
    for start in np.sort(rng.integers(0, n - len(ring_s), 4 * NOISE_SECONDS)):
        decay_s, pitch_hz = rng.uniform(0.003, 0.05), rng.uniform(150, 5000)
        knock = np.exp(-ring_s / decay_s) * np.sin(2 * np.pi * pitch_hz * ring_s)
        noise[start : start + len(ring_s)] += rng.lognormal(sigma=0.7) * knock
    return noise


def _babble(rng: np.random.Generator, n: int, spoken: dict[str, list[np.ndarray]]) -> np.ndarray:
    """Many voices at once: words laid over each other at random until none of them stands out."""
    noise = 1e-3 * rng.standard_normal(n)
    for split in SPLITS:
        start, end = bounds(n, split)
        words = [word / np.sqrt(np.mean(word**2)) for word in spoken[split]]
        filled = 0
        while words and filled < _BABBLE_VOICES * (end - start):
            word = words[rng.integers(len(words))]
            at = int(rng.integers(start, end - len(word)))
            noise[at : at + len(word)] += rng.uniform(0.3, 1.0) * word
            filled += len(word)
    return scipy.signal.lfilter([1.0], [1.0, -0.6], noise)  # as if heard from the next room
