"""Clips in a stream: what kws.features.streamed_features gives, and which clip comes before which."""

import numpy as np
import pytest

from kws.features import CLIP_SAMPLES, STRIDE_SAMPLES, features, streamed_features
from kws.normalization import FRAMES
from kws.params import FrontEnd
from kws.streaming import PRECEDING, preceding_clips, warm_features
from tests.support_learning import PARAMS

WINDOW_SAMPLES = FRAMES * STRIDE_SAMPLES  # after which a stream's frames are all new


@pytest.mark.parametrize("kind", ["pcen", "log_mel", "mfcc"])
def test_warm_features_are_those_of_a_stream(kind):
    """Two seconds that overlap as a stream's windows do: 49 frames after the first, every frame is the second's."""
    front_end = FrontEnd(**(PARAMS["front_end"] | {"kind": kind}))
    stream = np.random.default_rng(4).normal(0, 1, WINDOW_SAMPLES + CLIP_SAMPLES) * np.geomspace(30, 9000, 31680)
    stream = stream.astype(np.int16)
    before, clip = stream[None, :CLIP_SAMPLES], stream[None, WINDOW_SAMPLES:]
    np.testing.assert_array_equal(warm_features(before, clip, front_end)[0], streamed_features(stream, front_end)[-1])
    assert (warm_features(before, clip, front_end) != features(clip, front_end)).any()


def test_clips_do_not_hear_each_other():
    front_end = FrontEnd(**PARAMS["front_end"])
    audio = np.random.default_rng(5).normal(0, 1000, (4, CLIP_SAMPLES)).astype(np.int16)
    together = warm_features(audio[::-1], audio, front_end)
    alone = [warm_features(audio[3 - i][None], audio[i][None], front_end)[0] for i in range(4)]
    np.testing.assert_array_equal(together, alone)


def test_each_clip_comes_once_before_another_and_silence_takes_turns():
    labels = np.repeat([0, 1, 2], [3, 5, 4])
    another, silence = preceding_clips(labels, seed=0)
    assert len(PRECEDING) == 2 and sorted(another) == list(range(12)) and (another != np.arange(12)).all()
    assert silence.tolist() == [0, 1, 2] * 4
    np.testing.assert_array_equal(preceding_clips(labels, seed=0), [another, silence])
    assert (preceding_clips(labels, seed=1)[0] != another).any()
