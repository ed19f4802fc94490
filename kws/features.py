"""The front end's readable reference: waveform (B, N) int16 -> features (B, T, F) int8, byte for byte the board's.

A frame of 480 samples (30 ms, every 20 ms) is windowed (Hann), transformed (a real FFT of 512 points by way of a
complex one of 256, radix 8, 8, 4), squared, summed into 40 triangular mel bands (HTK's scale), and turned into
log2(energy + floor), a fixed-point number with 8 fractional bits. From there on it is in integers: see
kws/normalization.py, which makes features out of frames.

The window is applied in integers. From there to the logarithm the arithmetic is float32 in one fixed order of additions
and multiplications, without fused multiply-add and without libm, so that NumPy and the firmware agree in every bit. The
frames lie along the last axis, where NumPy's loops are long.
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
WINDOW_FRACTION_BITS = 15
ENERGY_UNIT = 2 * WINDOW_FRACTION_BITS  # log2 of what the window's integers multiply energies by
FEATURE_SCALE = 2.0**-4  # what a unit of int8 is to the model, whatever the kind of front end

_POINTS = FFT_SAMPLES // 2  # of the complex transform
_CHUNK_CLIPS = 8  # as many frames as stay in a processor's cache
_CHUNK_FRAMES = _CHUNK_CLIPS * FRAMES
_CHUNK_WINDOWS = 64  # of a stream; normalize makes int64 of them


@dataclass(frozen=True, eq=False)
class Tables:
    """Constants of the front end, float32 but where it says so; the firmware's header is written from them."""

    window: np.ndarray  # (480,) int16, WINDOW_FRACTION_BITS fractional bits
    twiddles: tuple[np.ndarray, ...]  # of the passes over L = 256, 32 points: (7, L/8) complex64, exp(-2 pi i m j / L)
    half_root: np.float32  # sqrt(1/2)
    order: np.ndarray  # (256,) place of Z[k] after the last pass
    split: np.ndarray  # (129,) complex64, exp(-2 pi i k / 512)
    segments: "Segments"
    log_floor: np.float32  # in units of the mel energies; PCEN has a floor of its own


@dataclass(frozen=True, eq=False)
class Segments:
    """The bins between two neighbouring edges of the mel filters: one filter falls there while the next one rises.

    Both are straight lines, and together 1, so that two sums give both shares of a segment's energy.
    """

    first_bin: int  # of segment 0
    bins: np.ndarray  # (F + 1,) how many; each segment begins where the one before ends
    slope: np.ndarray  # (F + 1,) what the falling filter loses from one bin to the next
    last: np.ndarray  # (F + 1,) the falling filter at the segment's last bin
    lone: tuple[tuple[int, int], ...]  # (band, bin) of bands too narrow to hold a bin


@lru_cache(maxsize=8)
def tables(front_end: FrontEnd) -> Tables:
    """Constants for these parameters."""
    sine = np.sin(np.pi * (np.arange(WINDOW_SAMPLES) + 0.5) / WINDOW_SAMPLES) ** 2
    highest = (1 << WINDOW_FRACTION_BITS) - 1
    return Tables(
        window=np.minimum(np.round(sine * (1 << WINDOW_FRACTION_BITS)), highest).astype(np.int16),
        twiddles=tuple(_roots(np.outer(np.arange(1, 8), np.arange(length // 8)), length) for length in (256, 32)),
        half_root=np.float32(0.5**0.5),
        order=_digit_reversed(),
        split=_roots(np.arange(_POINTS // 2 + 1), FFT_SAMPLES),
        segments=_segments(front_end),
        log_floor=np.float32(0 if front_end.kind == "pcen" else front_end.log_floor * POWER_SCALE * 2.0**ENERGY_UNIT),
    )


def mel_filters(low_hz: float, high_hz: float) -> np.ndarray:
    """Triangular mel filters, HTK's scale, peak 1: (F, 257) float64.

    A band too narrow to hold a bin gets the bin nearest to its centre, so that none is empty.
    """
    edges_hz = _edges_hz(low_hz, high_hz)
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
    for first in range(0, len(audio), _CHUNK_CLIPS):
        clips = audio[first : first + _CHUNK_CLIPS]
        frames = np.lib.stride_tricks.sliding_window_view(clips, WINDOW_SAMPLES, axis=1)[:, ::STRIDE_SAMPLES]
        result[first : first + len(clips)] = _log_mel_of_frames(frames, front_end)
    return result


def _log_mel_of_frames(frames: np.ndarray, front_end: FrontEnd) -> np.ndarray:
    """(.., 480) int16 -> (.., F) int16."""
    table = tables(front_end)
    energies = _mel_energies(_power(frames.reshape(-1, WINDOW_SAMPLES).T, table), table.segments)
    return log2_q8(energies + table.log_floor, ENERGY_UNIT).T.reshape(*frames.shape[:-1], BANDS)


def features(audio: np.ndarray, front_end: FrontEnd) -> np.ndarray:
    """Features of whole clips: (B, N) int16 -> (B, T, F) int8, one unit FEATURE_SCALE."""
    return normalize(frame_values(log_mel(audio, front_end), front_end), front_end)


def streamed_features(audio: np.ndarray, front_end: FrontEnd, strides: int = 1) -> np.ndarray:
    """Features of a stream's windows, each those of the clip that begins where it does.

    Args:
        audio: (N,) int16 with N >= 15840, the samples of the first window's frames.
        strides: of 320 samples, from one window to the next.

    Returns:
        (1 + (N - 15840) // (320 * strides), T, F) int8.
    """
    frames = np.lib.stride_tricks.sliding_window_view(audio, WINDOW_SAMPLES)[::STRIDE_SAMPLES]
    chunks = range(0, len(frames), _CHUNK_FRAMES)
    log_mels = [_log_mel_of_frames(frames[first : first + _CHUNK_FRAMES], front_end) for first in chunks]
    values = frame_values(np.concatenate(log_mels), front_end)
    windows = np.lib.stride_tricks.sliding_window_view(values, FRAMES, axis=0)[::strides].swapaxes(1, 2)
    result = np.empty(windows.shape, np.int8)
    for first in range(0, len(windows), _CHUNK_WINDOWS):
        result[first : first + _CHUNK_WINDOWS] = normalize(windows[first : first + _CHUNK_WINDOWS], front_end)
    return result


def _mel(frequency_hz: float) -> float:
    return 2595 * np.log10(1 + frequency_hz / 700)


def _edges_hz(low_hz: float, high_hz: float) -> np.ndarray:
    """(F + 2,): filter b rises from edge b to b + 1 and falls to b + 2."""
    edges_mel = np.linspace(_mel(low_hz), _mel(high_hz), BANDS + 2)
    return 700 * (10 ** (edges_mel / 2595) - 1)


def _segments(front_end: FrontEnd) -> Segments:
    edges = _edges_hz(front_end.low_hz, front_end.high_hz) * FFT_SAMPLES / SAMPLE_RATE_HZ  # in bins
    firsts = np.clip(np.ceil(edges), 1, _POINTS).astype(int)  # bins 0 and 256 are not computed
    bins, widths = np.diff(firsts), np.diff(edges)
    filters = mel_filters(front_end.low_hz, front_end.high_hz)
    lone = np.flatnonzero(bins[:-1] + bins[1:] == 0)
    return Segments(
        first_bin=int(firsts[0]),
        bins=bins,
        slope=(1 / widths).astype(np.float32),
        last=np.where(bins > 0, (edges[1:] - (firsts[1:] - 1)) / widths, 0).astype(np.float32),
        lone=tuple((int(band), int(np.argmax(filters[band]))) for band in lone),
    )


def _roots(exponents: np.ndarray, length: int) -> np.ndarray:
    return np.exp(-2j * np.pi * exponents / length).astype(np.complex64)


def _digit_reversed() -> np.ndarray:
    """Place of output k after passes of radix 8, 8 and 4: k's digits, of base 8, 8 and 4, backwards."""
    k = np.arange(_POINTS)
    return k % 8 * 32 + k // 8 % 8 * 4 + k // 64


def _power(samples: np.ndarray, table: Tables) -> np.ndarray:
    """Power spectrum of windowed frames: (480, frames) int16 -> (257, frames) float32, bins 0 and 256 left at 0."""
    products = samples.astype(np.int32) * table.window[:, None]
    windowed = products.astype(np.float32)
    re = np.zeros((_POINTS, samples.shape[1]), np.float32)
    im = np.zeros_like(re)
    re[: WINDOW_SAMPLES // 2], im[: WINDOW_SAMPLES // 2] = windowed[0::2], windowed[1::2]
    re, im = _radix8_pass(re, im, table.twiddles[0], table.half_root)
    re, im = _radix8_pass(re, im, table.twiddles[1], table.half_root)
    re, im = _joined(_dft4(_parted(re, im, 4, 1)))
    return _split(re[table.order], im[table.order], table.split)


Complex = tuple[np.ndarray, np.ndarray]  # real and imaginary parts, float32


def _radix8_pass(re: np.ndarray, im: np.ndarray, twiddles: np.ndarray, half_root: np.float32) -> Complex:
    """One pass of a decimation in frequency over blocks of L points; twiddles: (7, L/8)."""
    x = _parted(re, im, 8, twiddles.shape[1])
    plus, minus = ([op(x[i], x[i + 4]) for i in range(4)] for op in (_add, _subtract))
    even = _dft4(plus)
    odd = _dft4(
        [minus[0], _eighth_turn(minus[1], half_root), _turned(minus[2]), _turned(_eighth_turn(minus[3], half_root))]
    )
    outputs = [output for both in zip(even, odd, strict=True) for output in both]
    outputs[1:] = [_times(y, w[:, None]) for y, w in zip(outputs[1:], twiddles, strict=True)]
    return _joined(outputs)


def _parted(re: np.ndarray, im: np.ndarray, radix: int, distance: int) -> list[Complex]:
    """The inputs of all butterflies: input m of each lies m x distance behind its first."""
    blocks = (-1, radix, distance, re.shape[1])
    return [(r, i) for r, i in zip(*(np.moveaxis(part.reshape(blocks), 1, 0) for part in (re, im)), strict=True)]


def _joined(outputs: list[Complex]) -> Complex:
    """The reverse of `_parted`."""
    frames = outputs[0][0].shape[-1]
    re, im = (np.stack(part, axis=1).reshape(-1, frames) for part in zip(*outputs, strict=True))
    return re, im


def _dft4(x: list[Complex]) -> list[Complex]:
    t0, t1, t2, t3 = _add(x[0], x[2]), _subtract(x[0], x[2]), _add(x[1], x[3]), _turned(_subtract(x[1], x[3]))
    return [_add(t0, t2), _add(t1, t3), _subtract(t0, t2), _subtract(t1, t3)]


def _add(a: Complex, b: Complex) -> Complex:
    return a[0] + b[0], a[1] + b[1]


def _subtract(a: Complex, b: Complex) -> Complex:
    return a[0] - b[0], a[1] - b[1]


def _turned(a: Complex) -> Complex:
    """Times -i."""
    return a[1], -a[0]


def _eighth_turn(a: Complex, half_root: np.float32) -> Complex:
    """Times exp(-i pi / 4)."""
    return (a[0] + a[1]) * half_root, (a[1] - a[0]) * half_root


def _times(a: Complex, w: np.ndarray) -> Complex:
    """Complex product, each of its operations rounded for itself."""
    return a[0] * w.real - a[1] * w.imag, a[0] * w.imag + a[1] * w.real


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


def _mel_energies(power: np.ndarray, segments: Segments) -> np.ndarray:
    """(257, frames) -> (F, frames). A falling line's share is a sum of partial sums: no weights, no products."""
    energies = np.zeros((BANDS + 2, power.shape[1]), np.float32)  # segment s: band s - 1 falls, band s rises
    place = segments.first_bin
    for s, (bins, slope, last) in enumerate(zip(segments.bins, segments.slope, segments.last, strict=True)):
        total, partial = np.zeros((2, power.shape[1]), np.float32)
        for k in range(place, place + bins):
            partial = partial + total
            total = total + power[k]
        falling = partial * slope + total * last
        energies[s] += falling
        energies[s + 1] = total - falling
        place += bins
    energies = energies[1 : BANDS + 1]
    for band, k in segments.lone:
        energies[band] = power[k]
    return energies
