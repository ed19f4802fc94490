"""From a clean word to a recording: a place in the second, a microphone, a room, a distance and background noise.

In: a word (n,) float64, peak 1, 16 kHz, and noise to lay under it. Out: (N,) int16. Everything is drawn from the
generator that is passed in.
"""

import numpy as np
import scipy.signal

from kws.audio import CLIP_SAMPLES, SAMPLE_RATE_HZ, loudest_second, to_int16

_LEVEL_DB = (-38.0, -12.0)  # root mean square of the word, 0 is full scale
_SIGNAL_TO_NOISE_DB = (10.0, 35.0)
_NOISY = 0.8  # share of clips with noise; the others are as quiet as a studio
_ROOMS = 0.7  # share of clips with reverberation
_REVERBERATION_S = (0.1, 0.5)  # time in which the room's sound falls by 60 dB
_DIRECT_TO_ROOM_DB = (3.0, 18.0)


def recorded(word: np.ndarray, noises: list[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """(n,) float64 -> (N,) int16: the word as some microphone in some room would hear it.

    Args:
        word: speech, peak 1.
        noises: recordings of at least N samples, (m,) int16 or float, of the clip's own split.
        rng: draws everything that varies.
    """
    heard = _microphone(_placed(word, rng), rng)
    if rng.random() < _ROOMS:
        heard = _in_room(heard, rng)
    heard *= _amplitude(rng.uniform(*_LEVEL_DB)) * 32768 / _speech_rms(heard)
    if rng.random() < _NOISY:
        heard = heard + _noise_under(heard, noises, rng)
    return to_int16(heard)


def _placed(word: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Somewhere in the second, more often near the middle; a longer word keeps its loudest second."""
    word = loudest_second(word)
    room = CLIP_SAMPLES - len(word)
    start = int(room * rng.beta(2, 2))
    return np.pad(word, (start, room - start))


def _microphone(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A band that some cheap microphone passes, tilted a little towards low or high."""
    band_hz = (rng.uniform(50, 250), rng.uniform(4000, 7800))
    sections = scipy.signal.butter(2, band_hz, btype="bandpass", fs=SAMPLE_RATE_HZ, output="sos")
    tilt = rng.uniform(-0.5, 0.5)
    return scipy.signal.lfilter([1.0, tilt], [1.0], scipy.signal.sosfilt(sections, samples))


def _in_room(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Convolved with a synthetic impulse response: the direct sound, a few early echoes, a decaying tail (Polack)."""
    decay_s = rng.uniform(*_REVERBERATION_S)
    length = int(decay_s * SAMPLE_RATE_HZ)
    time_s = np.arange(length) / SAMPLE_RATE_HZ
    response = rng.standard_normal(length) * 10 ** (-3 * time_s / decay_s)
    response[: int(rng.uniform(0.002, 0.01) * SAMPLE_RATE_HZ)] = 0  # the nearest wall is a metre or so away
    echoes = rng.integers(int(0.002 * SAMPLE_RATE_HZ), int(0.03 * SAMPLE_RATE_HZ), 6)
    response[echoes] += 4 * rng.standard_normal(6)
    response *= _amplitude(-rng.uniform(*_DIRECT_TO_ROOM_DB)) / np.sqrt(np.sum(response**2))
    response[0] = 1.0
    return scipy.signal.fftconvolve(samples, response)[: len(samples)]


def _noise_under(speech: np.ndarray, noises: list[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """A second of one of the noises at a drawn distance below the speech: (N,) float64."""
    noise = noises[rng.integers(len(noises))]
    start = int(rng.integers(0, len(noise) - CLIP_SAMPLES + 1))
    cut = noise[start : start + CLIP_SAMPLES].astype(np.float64)
    rms = max(float(np.sqrt(np.mean(cut**2))), 1.0)
    return cut * (_speech_rms(speech) / rms * _amplitude(-rng.uniform(*_SIGNAL_TO_NOISE_DB)))


def _speech_rms(samples: np.ndarray) -> float:
    """Root mean square of the loudest 300 ms: the pauses around a word do not count."""
    window = 3 * SAMPLE_RATE_HZ // 10
    energy = np.concatenate([[0.0], np.cumsum(samples**2)])
    return float(np.sqrt(np.max(energy[window:] - energy[:-window]) / window))


def _amplitude(decibels: float) -> float:
    return 10 ** (decibels / 20)
