"""From a clip's log energies to its features, in integers: (B, T, F) int16 -> int8. The board's front_end_normalize.c.

Three kinds, `front_end.kind` in params.yaml:

log_mel  log energies, a unit of int8 is 1/16 octave
mfcc     their orthonormal DCT-II, 1/4 octave
pcen     per-channel energy normalization, log2(E / (epsilon + M)^alpha + delta), 1/32 octave

and in each kind less the mean over the clip, a band (or coefficient) for itself.

PCEN follows Wang et al. (2017), Trainable frontend for robust and far-field keyword spotting, arXiv:1607.05666, with
two changes: M, a band's level, is taken over the clip's 49 frames (the square of the mean root energy) where the paper
smooths over the past, so that there is no state that runs on between clips; and a logarithm stands for the root.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy.fft import dct

from kws.logarithm import FRACTION_BITS, log2_q8
from kws.params import FrontEnd

FRAMES = 49  # T
BANDS = 40  # F
POWER_SCALE = 4.0 * 2.0**30  # our power spectrum over that of samples in [-1, 1): (2 x 32768) squared
FEATURE_SHIFTS = {"log_mel": 4, "mfcc": 4, "pcen": 3}  # fractional bits of a frame's values that a feature drops

DCT_FRACTION_BITS = 14
MFCC_FRACTION_BITS = 6  # of a frame's coefficients
ROOT_FRACTION_BITS = 25  # of 2^(i/256) in the table of roots: that of the largest energy just fits
PCEN_STEPS = 32  # of the table of log2(2^x + delta), an octave of x
PCEN_LOWEST, PCEN_HIGHEST = -8, 16  # octaves x that the table covers
_UNIT = int(np.log2(POWER_SCALE)) << FRACTION_BITS  # log2 of the energy that counts as 1
_OFFSET = 1 << 15  # makes every sum positive, so that C's division rounds as NumPy's does


class Pcen(NamedTuple):
    """PCEN's constants, all integers; the firmware's header is written from the same."""

    roots: np.ndarray  # (256,) uint32: 2^(i / 256), ROOT_FRACTION_BITS fractional bits
    floor: int  # what epsilon adds to the sum of T root energies
    frames_q8: int  # log2(T squared)
    alpha_q8: int
    compression: np.ndarray  # int16 log2(2^x + delta), 8 fractional bits, for x in steps of 1/32 octave


@lru_cache(maxsize=8)
def pcen_constants(front_end: FrontEnd) -> Pcen:
    """Constants for these parameters."""
    x = PCEN_LOWEST + (np.arange((PCEN_HIGHEST - PCEN_LOWEST) * PCEN_STEPS) + 0.5) / PCEN_STEPS
    return Pcen(
        roots=np.round(2.0 ** (ROOT_FRACTION_BITS + np.arange(256) / 256)).astype(np.uint32),
        floor=round(FRAMES * (front_end.pcen_epsilon * POWER_SCALE) ** 0.5),
        frames_q8=round(2 * np.log2(FRAMES) * (1 << FRACTION_BITS)),
        alpha_q8=round(front_end.pcen_alpha * 256),
        compression=np.round(np.log2(2.0**x + front_end.pcen_delta) * (1 << FRACTION_BITS)).astype(np.int16),
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
    """Features of whole clips from their frames' values: (B, T, F) int16 -> (B, T, F) int8."""
    values = values.astype(np.int32)
    if front_end.kind == "pcen":
        values = _compressed(values, pcen_constants(front_end))
    mean = (values.sum(1, keepdims=True) + FRAMES * _OFFSET + FRAMES // 2) // FRAMES - _OFFSET
    shift = FEATURE_SHIFTS[front_end.kind]
    return np.clip((values - mean + (1 << (shift - 1))) >> shift, -128, 127).astype(np.int8)


def _compressed(values: np.ndarray, constants: Pcen) -> np.ndarray:
    """log2(E / (epsilon + M)^alpha + delta) of log2 E, all with 8 fractional bits: (B, T, F) int32."""
    exponent, fraction = values >> (FRACTION_BITS + 1), (values & 511) >> 1  # of the root: half the logarithm
    roots = constants.roots[fraction] >> (ROOT_FRACTION_BITS - exponent).astype(np.uint32)
    total = roots.sum(1, dtype=np.uint32, keepdims=True) + np.uint32(constants.floor)
    level = 2 * log2_q8(total.astype(np.float32)).astype(np.int32) - constants.frames_q8  # log2(epsilon + M)
    gain = ((level - _UNIT) * constants.alpha_q8 + 128) >> 8
    x = values - _UNIT - gain - (PCEN_LOWEST << FRACTION_BITS)
    place = np.clip(x >> 3, 0, len(constants.compression) - 1)  # 256 / PCEN_STEPS = 2^3
    return constants.compression[place].astype(np.int32)
