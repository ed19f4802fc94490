"""Audio that is read when it is looked at: the corpus' samples, also in another process."""

import pickle

import numpy as np
import pytest

from kws import corpus as corpora
from kws.clip_audio import ClipAudio
from kws.corpus import load_corpus
from tests.support_speech import fill, params


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return load_corpus(params(root=str(fill(tmp_path_factory.mktemp("speech") / "corpus"))))


def test_it_is_the_corpus_audio(corpus):
    whole, labels, _, _ = corpus.load("training")
    audio = ClipAudio.of(corpus, corpus.of("training"))
    assert len(audio) == len(labels)
    np.testing.assert_array_equal(np.asarray(audio), whole)
    np.testing.assert_array_equal(np.asarray(audio[3:9]), whole[3:9])
    np.testing.assert_array_equal(np.asarray(audio[[7, 0, 7]]), whole[[7, 0, 7]])
    assert len(audio[3:9]) == 6 and np.asarray(audio[:0]).shape == (0, 16000)
    np.testing.assert_array_equal(np.asarray(pickle.loads(pickle.dumps(audio[3:9]))), whole[3:9])


def test_nothing_is_read_before_it_is_looked_at(corpus, monkeypatch):
    read = []
    monkeypatch.setattr(corpora, "read_clip", lambda path: read.append(path) or np.zeros(16000, np.int16))
    audio = ClipAudio.of(corpus, [clip for clip in corpus.of("training") if clip.cut is None])
    part = audio[2:5]
    assert read == []
    np.asarray(part)
    assert [path.name for path in read] == [clip.name.partition("/")[2] for clip in part.corpus.clips]
