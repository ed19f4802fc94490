"""The front end by torchaudio stays within its bound of the reference."""

import numpy as np
import pytest
import torch

from kws import features, features_torch
from kws.audio import read_clip
from kws.params import FrontEnd
from tests.kws.test_features import CLIPS, FRONT_ENDS
from tests.support_learning import PARAMS

MEAN_BOUND = 0.15  # of a unit, over a clip of speech
KINDS = ("pcen", "log_mel", "mfcc")


def differences(audio: np.ndarray, front_end: FrontEnd) -> np.ndarray:
    """|torchaudio's features - the reference's|, (B, T, F)."""
    return np.abs(features_torch.features(audio, front_end).astype(int) - features.features(audio, front_end))


@pytest.mark.parametrize("name", ["pcen", "log_mel", "mfcc", "full band"])
def test_made_up_clips(name):
    audio = np.stack(list(CLIPS.values()))
    assert differences(audio, FRONT_ENDS[name]).max() <= features_torch.BOUND


@pytest.mark.parametrize("kind", KINDS)
def test_real_speech(kind, real_speech_archive, tmp_path):
    import tarfile

    with tarfile.open(real_speech_archive) as archive:
        names = [name for name in archive.getnames() if name.endswith(".wav") and "_background" not in name][::40]
        archive.extractall(tmp_path, [archive.getmember(name) for name in names], filter="data")
    audio = np.stack([read_clip(tmp_path / name) for name in names])
    found = differences(audio, FrontEnd(**{**PARAMS["front_end"], "kind": kind}))
    assert len(audio) > 100
    assert found.max() <= features_torch.BOUND
    assert found.mean() < MEAN_BOUND


def test_a_clip_does_not_depend_on_its_neighbours():
    audio = np.stack(list(CLIPS.values()))
    together = features_torch.features(audio, FRONT_ENDS["pcen"])
    alone = np.concatenate([features_torch.features(clip[None], FRONT_ENDS["pcen"]) for clip in audio])
    np.testing.assert_array_equal(together, alone)


def test_nothing_is_left_in_torchs_graph():
    features_torch.features(np.zeros((1, 16000), np.int16), FRONT_ENDS["pcen"])
    assert torch.is_grad_enabled()
