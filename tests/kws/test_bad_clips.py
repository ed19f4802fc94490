"""Clips that no one would choose, from a file to features: each comes to something sensible or is named.

What the board makes of silence and of full-scale noise is compared with the host in test_features.py (the firmware's
front end) and board/test_whole_board.py (logits).
"""

import numpy as np
import pytest
import scipy.io.wavfile
import soundfile

from kws.audio import write_wav
from kws.corpus import load_corpus
from kws.features import features
from kws.preprocessing import preprocess
from tests.support_learning import params
from tests.support_speech import fill

RNG = np.random.default_rng(3)
LOUD = RNG.integers(-9000, 9000, 16000).astype(np.int16)
NOISE = RNG.integers(-32768, 32768, 16000).astype(np.int16)


def fill_with_bad_clips(folder):
    """The official layout, and odd clips among those of `yes`, each by a speaker named after what is odd."""
    fill(folder)

    def path(name):
        return folder / "yes" / f"{name}_nohash_0.wav"

    write_wav(path("silence"), np.zeros(16000, np.int16))
    write_wav(path("noise"), NOISE)
    write_wav(path("short"), LOUD[:3200])
    write_wav(path("long"), np.concatenate([np.zeros(40000, np.int16), LOUD, np.zeros(24000, np.int16)]))
    at_44100_hz = np.rint(8000 * np.sin(2 * np.pi * 500 * np.arange(44100) / 44100)).astype(np.int16)
    scipy.io.wavfile.write(path("stereo"), 44100, np.stack([at_44100_hz, at_44100_hz], axis=1))
    soundfile.write(path("bytes"), LOUD / 32768, 16000, subtype="PCM_U8")
    soundfile.write(path("floats"), LOUD / 32768, 16000, subtype="FLOAT")
    soundfile.write(path("flac"), LOUD / 32768, 16000, format="FLAC")
    soundfile.write(path("ogg"), LOUD / 32768, 16000, format="OGG")
    path("empty").touch()
    return folder


WANTED = {  # name -> samples of the clip, and how far off they may be
    "silence": (np.zeros(16000, np.int16), 0),
    "noise": (NOISE, 0),
    "short": (np.pad(LOUD[:3200], (0, 12800)), 0),
    "long": (LOUD, 0),
    "stereo": (np.rint(8000 * np.sin(2 * np.pi * 500 * np.arange(16000) / 16000)), 700),  # the filter rings at the ends
    "bytes": (LOUD, 260),
    "floats": (LOUD, 1),
}


@pytest.fixture(scope="module", params=["speech_commands", "folder"])
def choices(request, tmp_path_factory):
    """Parameters of both sources that read a person's files."""
    folder = tmp_path_factory.mktemp("bad")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KWS_STORE", str(folder / "store"))
        patch.setenv("KWS_JOBS", "1")
        root = fill_with_bad_clips(folder / "corpus")
        yield params(data={"source": request.param, "root": str(root)})


@pytest.fixture(scope="module")
def corpus(choices):
    with pytest.warns(UserWarning, match="3 of the clips .* are left out") as caught:
        corpus = load_corpus(choices.data)
    assert len(caught) == 1
    return corpus


def test_what_is_no_wav_is_named_with_the_reason(corpus):
    assert corpus.left_out == {
        "yes/empty_nohash_0.wav": "the file is empty",
        "yes/flac_nohash_0.wav": "it is not a WAV file",
        "yes/ogg_nohash_0.wav": "it is not a WAV file",
    }


@pytest.mark.parametrize("name", WANTED)
def test_every_other_clip_is_one_second_of_what_it_holds(corpus, name):
    (clip,) = (clip for clip in corpus.clips if clip.speaker == name)
    samples, (wanted, off) = corpus.read(clip), WANTED[name]
    assert samples.dtype == np.int16 and samples.shape == (16000,)
    np.testing.assert_allclose(samples, wanted, atol=off)


def test_silence_stands_still_and_noise_does_not_saturate(choices):
    silence, noise = features(np.stack([np.zeros(16000, np.int16), NOISE]), choices.front_end)
    assert silence.dtype == np.int8 and (silence == silence[0]).all()
    assert np.ptp(noise) > 0 and np.mean(np.abs(noise.astype(int)) >= 127) < 0.01


@pytest.mark.filterwarnings("ignore:3 of the clips")
def test_preprocess_takes_them_all(choices, corpus):
    _, dataset, metrics = preprocess(choices)
    assert metrics["clips_left_out"] == 3
    assert metrics["clips"]["training"] == len(dataset.training_labels) == len(corpus.of("training"))
    assert dataset.training_features.dtype == np.int8
