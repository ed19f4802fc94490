"""The front end's readable reference: waveform (B, N) int16 -> features (B, T, F) int8, byte for byte the board's.

A frame of 480 samples (30 ms, every 20 ms) is windowed (periodic Hann), transformed (a real FFT of 512 points by way of
a complex one of 256, radix 4), squared, summed into 40 triangular mel bands (HTK's scale), and turned into
log2(energy + floor), a fixed-point number with 8 fractional bits. From there on it is in integers: see
kws/normalization.py, which makes a clip's features out of its 49 frames.

Up to the logarithm the arithmetic is float32 in one fixed order of additions and multiplications, without fused
multiply-add and without libm, so that NumPy and firmware/src/front_end.c agree in every bit. The frames lie along the
last axis, where NumPy's loops are long.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from kws.logarithm import log2_q8
from kws.normalization import BANDS, FRAMES, POWER_SCALE, frame_values, normalize
from kws.params import FrontEnd

SAMPLE_RATE_HZ = 16_000
CLIP_SAMPLES = 16_000
WINDOW_SAMPLES = 480
STRIDE_SAMPLES = 320
FFT_SAMPLES = 512
FEATURE_SCALE = 2.0**-4  # what a unit of int8 is to the model, whatever the kind of front end

_POINTS = FFT_SAMPLES // 2  # of the complex transform
_CHUNK_CLIPS = 8  # as many frames as stay in a processor's cache


@dataclass(frozen=True, eq=False)
class Tables:
    """Constants of the front end, all float32 but the indices; the firmware's header is written from the same."""

    window: np.ndarray  # (480,)
    twiddles: tuple[np.ndarray, ...]  # a pass of L = 256, 64, 16: (3, L/4) complex64, exp(-2 pi i m j / L)
    order: np.ndarray  # (256,) place of Z[k] after the last pass
    split: np.ndarray  # (129,) complex64, exp(-2 pi i k / 512)
    first_bin: np.ndarray  # (F,) first bin of each band
    mel: tuple[np.ndarray, ...]  # a band: (bins,) weights
    log_floor: np.float32  # in units of our power spectrum; PCEN has a floor of its own


@lru_cache(maxsize=8)
def tables(front_end: FrontEnd) -> Tables:
    """Constants for these parameters."""
    filters = mel_filters(front_end.low_hz, front_end.high_hz)
    bins = [np.flatnonzero(row) for row in filters]
    sine = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW_SAMPLES) / WINDOW_SAMPLES)
    return Tables(
        window=sine.astype(np.float32),
        twiddles=tuple(_roots(np.outer([1, 2, 3], np.arange(length // 4)), length) for length in (256, 64, 16)),
        order=_digit_reversed(),
        split=_roots(np.arange(_POINTS // 2 + 1), FFT_SAMPLES),
        first_bin=np.array([row[0] for row in bins]),
        mel=tuple(filters[band, row].astype(np.float32) for band, row in enumerate(bins)),
        log_floor=np.float32(0 if front_end.kind == "pcen" else front_end.log_floor * POWER_SCALE),
    )


def mel_filters(low_hz: float, high_hz: float) -> np.ndarray:
    """Triangular mel filters, HTK's scale, peak 1: (F, 257) float64.

    A band too narrow to hold a bin gets the bin nearest to its centre, so that none is empty.
    """
    edges_mel = np.linspace(_mel(low_hz), _mel(high_hz), BANDS + 2)
    edges_hz = 700 * (10 ** (edges_mel / 2595) - 1)
    bins_hz = np.arange(_POINTS + 1) * SAMPLE_RATE_HZ / FFT_SAMPLES
    low, centre, high = edges_hz[:-2, None], edges_hz[1:-1, None], edges_hz[2:, None]
    filters = np.maximum(0, np.minimum((bins_hz - low) / (centre - low), (high - bins_hz) / (high - centre)))
    filters[:, [0, _POINTS]] = 0  # neither the mean nor half the sample rate is computed
    for band in np.flatnonzero(filters.sum(1) == 0):
        filters[band, np.clip(np.argmin(np.abs(bins_hz - centre[band])), 1, _POINTS - 1)] = 1
    return filters


def log_mel(audio: np.ndarray, front_end: FrontEnd) -> np.ndarray:
    """log2 of each frame's mel energies plus the floor, 8 fractional bits, never negative.

    Args:
        audio: (B, N) int16 with N = 16000.

    Returns:
        (B, T, F) int16.
    """
    if audio.dtype != np.int16 or audio.ndim != 2 or audio.shape[1] != CLIP_SAMPLES:
        raise ValueError(f"audio is {audio.dtype} {audio.shape}; int16 (B, {CLIP_SAMPLES}) is needed")
    result = np.empty((len(audio), FRAMES, BANDS), np.int16)
    for start in range(0, len(audio), _CHUNK_CLIPS):
        clips = audio[start : start + _CHUNK_CLIPS]
        frames = np.lib.stride_tricks.sliding_window_view(clips, WINDOW_SAMPLES, axis=1)[:, ::STRIDE_SAMPLES]
        flat = frames.reshape(-1, WINDOW_SAMPLES).T.astype(np.float32)  # (480, frames)
        values = _log2_fixed(_mel_energies(_power(flat, tables(front_end)), tables(front_end)), tables(front_end))
        result[start : start + len(clips)] = values.T.reshape(len(clips), FRAMES, BANDS)
    return result


def features(audio: np.ndarray, front_end: FrontEnd) -> np.ndarray:
    """Features of whole clips: (B, N) int16 -> (B, T, F) int8, one unit FEATURE_SCALE."""
    return normalize(frame_values(log_mel(audio, front_end), front_end), front_end)


def _mel(frequency_hz: float) -> float:
    return 2595 * np.log10(1 + frequency_hz / 700)


def _roots(exponents: np.ndarray, length: int) -> np.ndarray:
    return np.exp(-2j * np.pi * exponents / length).astype(np.complex64)


def _digit_reversed() -> np.ndarray:
    """Place of output k after four radix-4 passes: k's four base-4 digits backwards."""
    k = np.arange(_POINTS)
    return (k % 4) * 64 + (k // 4 % 4) * 16 + (k // 16 % 4) * 4 + k // 64


def _power(samples: np.ndarray, table: Tables) -> np.ndarray:
    """Power spectrum of windowed frames: (480, frames) float32 -> (257, frames) float32, bins 0 and 256 left at 0."""
    windowed = samples * table.window[:, None]
    re = np.zeros((_POINTS, samples.shape[1]), np.float32)
    im = np.zeros_like(re)
    re[: WINDOW_SAMPLES // 2], im[: WINDOW_SAMPLES // 2] = windowed[0::2], windowed[1::2]
    for index, length in enumerate((256, 64, 16, 4)):
        re, im = _radix4_pass(re, im, length, table.twiddles[index] if index < 3 else None)
    return _split(re[table.order], im[table.order], table.split)


def _radix4_pass(re: np.ndarray, im: np.ndarray, length: int, twiddles: np.ndarray | None):
    """One pass of a decimation in frequency over blocks of `length` points."""
    blocks = (_POINTS // length, 4, length // 4, re.shape[1])
    (ar, br, cr, dr), (ai, bi, ci, di) = (np.moveaxis(part.reshape(blocks), 1, 0) for part in (re, im))
    t0r, t0i, t1r, t1i = ar + cr, ai + ci, ar - cr, ai - ci
    t2r, t2i, t3r, t3i = br + dr, bi + di, br - dr, bi - di
    outputs = [(t0r + t2r, t0i + t2i), (t1r + t3i, t1i - t3r), (t0r - t2r, t0i - t2i), (t1r - t3i, t1i + t3r)]
    if twiddles is not None:
        outputs[1:] = [_times(*outputs[m], twiddles[m - 1][:, None]) for m in (1, 2, 3)]
    real, imaginary = (np.stack(part, axis=1).reshape(re.shape) for part in zip(*outputs, strict=True))
    return real, imaginary


def _times(re: np.ndarray, im: np.ndarray, w: np.ndarray):
    """Complex product, each of its operations rounded for itself."""
    return re * w.real - im * w.imag, re * w.imag + im * w.real


def _split(re: np.ndarray, im: np.ndarray, twiddles: np.ndarray) -> np.ndarray:
    """From the transform of pairs of samples to the power spectrum of the samples, times four."""
    half = _POINTS // 2
    power = np.zeros((_POINTS + 1, re.shape[1]), np.float32)
    low, high = slice(1, half), slice(_POINTS - 1, half, -1)
    er, ei, dr, di = re[low] + re[high], im[low] - im[high], re[low] - re[high], im[low] + im[high]
    wr, wi = twiddles.real[low, None], twiddles.imag[low, None]
    tr, ti = wr * di + wi * dr, wi * di - wr * dr
    plus_r, plus_i, minus_r, minus_i = er + tr, ei + ti, er - tr, ei - ti
    power[low] = plus_r * plus_r + plus_i * plus_i
    power[high] = minus_r * minus_r + minus_i * minus_i
    power[half] = np.float32(4) * (re[half] * re[half] + im[half] * im[half])
    return power


def _mel_energies(power: np.ndarray, table: Tables) -> np.ndarray:
    """(257, frames) -> (F, frames), each band summed from its lowest bin up."""
    energies = np.zeros((BANDS, power.shape[1]), np.float32)
    for band, (first, weights) in enumerate(zip(table.first_bin, table.mel, strict=True)):
        for offset, weight in enumerate(weights):
            energies[band] += power[first + offset] * weight
    return energies


def _log2_fixed(energies: np.ndarray, table: Tables) -> np.ndarray:
    """log2(energy + floor), at least 0, with 8 fractional bits: float32 -> int16."""
    return log2_q8(energies + table.log_floor)
