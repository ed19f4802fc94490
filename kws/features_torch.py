"""The front end by torchaudio: waveforms (B, N) int16 -> features (B, T, F) int8, for the training split.

Written anew from kws/normalization.py's formulas, in float32 and without tables, so that it also checks the reference;
the two differ by at most BOUND units of int8 (tests/kws/test_features_torch.py).
"""

import warnings
from functools import lru_cache

import numpy as np
import torch
from torch.nn import functional

from kws.audio_compat import torchaudio
from kws.features import BANDS, FFT_SAMPLES, POWER_SCALE, SAMPLE_RATE_HZ, STRIDE_SAMPLES, WINDOW_SAMPLES, mel_filters
from kws.params import FrontEnd

BOUND = 2  # units of int8, of any feature of any clip
_UNITS = {"log_mel": 16, "mfcc": 4, "pcen": 32}  # an octave
_PADDING = (FFT_SAMPLES - WINDOW_SAMPLES) // 2  # torch centres the window in the transform's samples


def features(audio: np.ndarray, front_end: FrontEnd) -> np.ndarray:
    """Features of whole clips: (B, N) int16 -> (B, T, F) int8."""
    waveforms = torch.from_numpy(audio.astype(np.float32) / 32768)
    with torch.inference_mode():
        energies = _spectrogram(front_end)(functional.pad(waveforms, (_PADDING, _PADDING))).transpose(1, 2)
        values = _values(energies, front_end)
        units = (values - values.mean(1, keepdim=True)) * _UNITS[front_end.kind]
        return torch.floor(units + 0.5).clamp(-128, 127).to(torch.int8).numpy()


def _values(energies: torch.Tensor, front_end: FrontEnd) -> torch.Tensor:
    """Mel energies (B, T, F) -> what a clip's mean is taken from, in octaves."""
    if front_end.kind == "pcen":
        energies = energies.clamp_min(1 / POWER_SCALE)
        level = (energies.sqrt().mean(1, keepdim=True) + front_end.pcen_epsilon**0.5).square()
        return torch.log2(energies / level**front_end.pcen_alpha + front_end.pcen_delta)
    log_mel = torch.log2(energies + front_end.log_floor)
    if front_end.kind == "log_mel":
        return log_mel
    return log_mel @ torchaudio().functional.create_dct(BANDS, BANDS, "ortho")


def hann(samples: int) -> torch.Tensor:
    """Hann's, symmetric about its middle: torch's own is half a sample early."""
    return torch.sin(torch.pi * (torch.arange(samples) + 0.5) / samples).square()


@lru_cache(maxsize=8)
def _spectrogram(front_end: FrontEnd) -> torch.nn.Module:
    """torchaudio's mel spectrogram; a band too narrow to hold a bin is filled as the reference fills it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "At least one mel filterbank has all zero values")
        spectrogram = torchaudio().transforms.MelSpectrogram(
            SAMPLE_RATE_HZ,
            n_fft=FFT_SAMPLES,
            win_length=WINDOW_SAMPLES,
            hop_length=STRIDE_SAMPLES,
            f_min=front_end.low_hz,
            f_max=front_end.high_hz,
            n_mels=BANDS,
            center=False,
            norm=None,
            mel_scale="htk",
            window_fn=hann,
        )
    filters = spectrogram.mel_scale.fb  # (257, F)
    empty = filters.sum(0) == 0
    filters[:, empty] = torch.from_numpy(mel_filters(front_end.low_hz, front_end.high_hz).T).float()[:, empty]
    return spectrogram
