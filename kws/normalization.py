"""From log energies to features, in integers: int16 -> int8. The board's front_end_normalize.c.

Three kinds, `front_end.kind` in params.yaml:

log_mel  log energies, a unit of int8 is 1/16 octave
mfcc     their orthonormal DCT-II, 1/4 octave
pcen     per-channel energy normalization, log2(E / (epsilon + M)^alpha + delta), 1/32 octave

and in each kind less the mean, a band (or coefficient) for itself.

M (PCEN's level: the square of a mean root energy) and the mean are those of the 49 frames of the window that the model
sees: per-window mean normalization. A window of a stream is normalized as the clip that it is, with nothing carried
from one window to the next, so that a listener's features are those that the model was trained on.

PCEN follows Wang et al. (2017), Trainable frontend for robust and far-field keyword spotting, arXiv:1607.05666, which
smooths over the past by a first-order filter; the mean over the window, and a logarithm in place of the root, are
changes.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy.fft import dct

from kws.logarithm import FRACTION_BITS
from kws.params import FrontEnd

FRAMES = 49  # T
BANDS = 40  # F
POWER_SCALE = 4.0 * 2.0**30  # our power spectrum over that of samples in [-1, 1): (2 x 32768) squared
FEATURE_SHIFTS = {"log_mel": 4, "mfcc": 4, "pcen": 3}  # fractional bits of a frame's values that a feature drops

DCT_FRACTION_BITS = 14
MFCC_FRACTION_BITS = 6  # of a frame's coefficients
ROOT_STEPS = 64  # of the table of roots, an octave
ROOT_FRACTION_BITS = 7  # of a level: that of the largest energy just fits 31 bits
_UNIT = int(np.log2(POWER_SCALE)) << FRACTION_BITS  # log2 of the energy that counts as 1
_OFFSET = 1 << 15  # makes every sum positive, so that C's division rounds as NumPy's does
_LEVEL_SHIFT = 6  # what roots drop so that 49 of them add up in 32 bits


class Pcen(NamedTuple):
    """PCEN's constants, all integers; the firmware's header is written from the same."""

    roots: np.ndarray  # (64,) uint16: 2^(15 + x), x in [0, 1)
    logs: np.ndarray  # (128,) uint8: log2(1 + x), 8 fractional bits, for x in [0, 1)
    floor: int  # what epsilon adds to a level
    alpha_q8: int
    delta_q8: int  # log2(delta)
    bend: np.ndarray  # (256,) uint8: log2(1 + 2^-x), 8 fractional bits, for x in steps of 1/32 octave


@lru_cache(maxsize=8)
def pcen_constants(front_end: FrontEnd) -> Pcen:
    """Constants for these parameters."""
    x = (np.arange(256) + 0.5) / 32
    return Pcen(
        roots=np.floor(2.0 ** (15 + (np.arange(ROOT_STEPS) + 0.5) / ROOT_STEPS)).astype(np.uint16),
        logs=np.round(np.log2(1 + (np.arange(128) + 0.5) / 128) * (1 << FRACTION_BITS)).astype(np.uint8),
        floor=round((front_end.pcen_epsilon * POWER_SCALE) ** 0.5 * 2**ROOT_FRACTION_BITS),
        alpha_q8=round(front_end.pcen_alpha * 256),
        delta_q8=round(np.log2(front_end.pcen_delta) * (1 << FRACTION_BITS)),
        bend=np.round(np.log2(1 + 2.0**-x) * (1 << FRACTION_BITS)).astype(np.uint8),
    )


@lru_cache(maxsize=1)
def dct_matrix() -> np.ndarray:
    """The orthonormal DCT-II: (coefficients, F) int16 with 14 fractional bits."""
    return np.round(dct(np.eye(BANDS), axis=0, norm="ortho") * (1 << DCT_FRACTION_BITS)).astype(np.int16)


def frame_values(log_mel: np.ndarray, front_end: FrontEnd) -> np.ndarray:
    """What is kept of each frame: log energies (.., F) int16, or with kind mfcc the coefficients (.., F) int16."""
    if front_end.kind != "mfcc":
        return log_mel
    shift = FRACTION_BITS + DCT_FRACTION_BITS - MFCC_FRACTION_BITS
    sums = log_mel.astype(np.int32) @ dct_matrix().T.astype(np.int32)
    return ((sums + (1 << (shift - 1))) >> shift).astype(np.int16)


def normalize(values: np.ndarray, front_end: FrontEnd) -> np.ndarray:
    """Features of windows, each by itself, from their frames' values: (B, T, F) int16 -> (B, T, F) int8."""
    values = values.astype(np.int64)
    if front_end.kind == "pcen":
        constants = pcen_constants(front_end)
        level = (_roots(values, constants) >> _LEVEL_SHIFT).sum(1) // FRAMES << _LEVEL_SHIFT
        values = _compressed(values, level[:, None], constants)
    mean = (values.sum(1) + FRAMES * _OFFSET + FRAMES // 2) // FRAMES - _OFFSET
    return _rounded(values - mean[:, None], front_end)


def _rounded(values: np.ndarray, front_end: FrontEnd) -> np.ndarray:
    """To units of a feature."""
    shift = FEATURE_SHIFTS[front_end.kind]
    return np.clip((values + (1 << (shift - 1))) >> shift, -128, 127).astype(np.int8)


def _roots(values: np.ndarray, constants: Pcen) -> np.ndarray:
    """Roots of energies, from log2 E with 8 fractional bits; ROOT_FRACTION_BITS fractional bits."""
    exponent, fraction = values >> (FRACTION_BITS + 1), (values & 511) >> 3  # of the root: half the logarithm
    return (constants.roots[fraction].astype(np.int64) << 16) >> (31 - ROOT_FRACTION_BITS - exponent)


def _compressed(values: np.ndarray, level: np.ndarray, constants: Pcen) -> np.ndarray:
    """log2(E / (epsilon + M)^alpha / delta + 1) of log2 E, 8 fractional bits."""
    floored = level + constants.floor
    exponent = np.frexp(floored.astype(np.float64))[1] - 1
    log_root = (exponent - ROOT_FRACTION_BITS << FRACTION_BITS) + constants.logs[(floored << 7 >> exponent) & 127]
    log_level = 2 * log_root  # log2(epsilon + M)
    gain = ((log_level - _UNIT) * constants.alpha_q8 + 128) >> 8
    x = values - _UNIT - gain - constants.delta_q8
    return np.maximum(x, 0) + constants.bend[np.minimum(np.abs(x) >> 3, 255)]
