"""Features from log energies: each kind against its formula in float64, and what PCEN is there for."""

import numpy as np
import pytest

from kws.features import log_mel
from kws.normalization import POWER_SCALE, dct_matrix, frame_values, normalize
from kws.params import FrontEnd
from tests.support_learning import PARAMS


def front_end(kind: str) -> FrontEnd:
    return FrontEnd(**{**PARAMS["front_end"], "kind": kind})


@pytest.fixture(scope="module")
def clips():
    """(4, N) int16: noise whose loudness moves."""
    rng = np.random.default_rng(3)
    envelope = np.interp(np.arange(16000), np.linspace(0, 16000, 12), rng.uniform(0, 3000, 12))
    return (rng.normal(0, 1, (4, 16000)) * envelope).astype(np.int16)


def test_log_mel_is_the_energy_less_its_mean(clips):
    values = log_mel(clips, front_end("log_mel"))
    wanted = (values - values.mean(1, keepdims=True)) / 256 * 16
    assert np.abs(normalize(values, front_end("log_mel")) - np.clip(wanted, -128, 127)).max() < 0.54


def test_mfcc_is_the_cosine_transform_less_its_mean(clips):
    values = log_mel(clips, front_end("mfcc")) / 256
    k, band = np.arange(40)[:, None], np.arange(40)
    matrix = np.sqrt(2 / 40) * np.cos(np.pi * k * (2 * band + 1) / 80)
    matrix[0] /= np.sqrt(2)
    np.testing.assert_allclose(dct_matrix() / 2**14, matrix, atol=2**-14)
    wanted = (values - values.mean(1, keepdims=True)) @ matrix.T * 4
    found = normalize(frame_values(log_mel(clips, front_end("mfcc")), front_end("mfcc")), front_end("mfcc"))
    assert np.abs(found - np.clip(wanted, -128, 127)).max() < 0.6


def test_pcen_is_its_formula(clips):
    chosen = front_end("pcen")
    values = log_mel(clips, chosen)
    energies = 2.0 ** (values / 256) / POWER_SCALE
    level = (np.sqrt(energies).mean(1, keepdims=True) + np.sqrt(chosen.pcen_epsilon)) ** 2
    wanted = np.log2(energies / level**chosen.pcen_alpha + chosen.pcen_delta) * 32
    wanted -= wanted.mean(1, keepdims=True)
    assert np.abs(normalize(values, chosen) - np.clip(wanted, -128, 127)).max() < 1.6


def test_pcen_hears_a_loud_clip_almost_as_a_quiet_one(clips):
    """Four times as loud is four octaves of energy: a tenth of them is left."""
    quiet, loud = (log_mel(clips // 4 * factor, front_end("pcen")) for factor in (1, 4))
    assert np.median(loud - quiet) == pytest.approx(4 * 256, abs=2)
    changes = normalize(loud, front_end("pcen")).astype(int) - normalize(quiet, front_end("pcen"))
    assert np.abs(changes).mean() < 0.5 * 32  # half an octave


def test_windows_are_normalized_each_by_itself(clips):
    chosen = front_end("pcen")
    values = log_mel(clips, chosen)
    np.testing.assert_array_equal(normalize(values[2:3], chosen), normalize(values, chosen)[2:3])
