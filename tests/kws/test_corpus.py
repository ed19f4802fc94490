"""kws.corpus: classes, balance, what is left out and what is refused, on small folders and on the real dataset."""

import warnings

import numpy as np
import pytest

from kws.corpus import index_corpus, load_corpus
from kws.errors import DataError
from tests.support_speech import LISTED, fill, params


def test_classes_are_balanced_in_every_split(tmp_path):
    corpus = index_corpus(fill(tmp_path), params())
    assert corpus.classes == ("_silence_", "_unknown_", "yes", "no")
    for split, count in LISTED.items():
        assert corpus.counts()[split] == {"_silence_": count, "_unknown_": 2 * count, "yes": count, "no": count}
    assert corpus.speakers() == LISTED


def test_ratios_limit_silence_and_unknown(tmp_path):
    corpus = index_corpus(fill(tmp_path), params(unknown_ratio=0.5, silence_ratio=1.5))
    assert corpus.counts()["training"] == {"_silence_": 30, "_unknown_": 10, "yes": 20, "no": 20}


def test_loading_gives_audio_labels_speakers_and_names(tmp_path):
    corpus = index_corpus(fill(tmp_path), params())
    audio, labels, speakers, names = corpus.load("training")
    assert audio.shape == (100, 16000) and audio.dtype == np.int16
    assert labels.shape == (100,) and labels.dtype == np.int64
    assert len(speakers) == len(names) == len(set(names)) == 100
    for clip, row in zip(corpus.of("training"), audio, strict=True):
        np.testing.assert_array_equal(corpus.read(clip), row)
    assert {name.partition("/")[0] for name, label in zip(names, labels, strict=True) if label == 2} == {"yes"}
    np.testing.assert_array_equal(corpus.audio(corpus.of("training")[3:5]), audio[3:5])


def test_the_same_folder_gives_the_same_corpus(tmp_path):
    first, again = (index_corpus(tmp_path, params()) for _ in [fill(tmp_path), None])
    assert first.clips == again.clips
    np.testing.assert_array_equal(first.load("testing")[0], again.load("testing")[0])
    assert index_corpus(tmp_path, params(seed=1)).clips != first.clips


def test_noises_for_training_are_the_training_part_only(tmp_path):
    (training,) = index_corpus(fill(tmp_path), params()).noises()
    assert training.dtype == np.int16 and len(training) == 256_000


def test_own_silence_and_unknown_folders_are_used(tmp_path):
    folder = fill(tmp_path, ("yes", "no", "up", "_silence_", "_unknown_"), noise=False)
    corpus = index_corpus(folder, params())
    used = {clip.word for clip in corpus.clips}
    assert used == {"yes", "no", "_silence_", "_unknown_"}
    assert all(clip.cut is None for clip in corpus.clips)
    assert corpus.noises() == []


def test_all_bad_clips_are_named_in_one_warning_and_left_out(tmp_path):
    folder = fill(tmp_path)
    whole = (folder / "yes" / "tr00_nohash_0.wav").read_bytes()
    (folder / "yes" / "tr00_nohash_0.wav").write_bytes(whole[:9000])
    (folder / "no" / "tr01_nohash_0.wav").write_bytes(b"")
    (folder / "up" / "tr02_nohash_0.wav").write_text("a text")
    with pytest.warns(UserWarning) as caught:
        corpus = index_corpus(folder, params())
    (message,) = [str(one.message) for one in caught]
    assert "3 of the clips" in message and "\n" not in message
    for part in ("yes/tr00_nohash_0.wav (it is truncated", "no/tr01_nohash_0.wav (the file is empty", "up/tr02_nohash"):
        assert part in message
    assert corpus.counts()["training"]["yes"] == 19
    assert len(corpus.left_out) == 3


def test_a_warning_names_ten_and_counts_the_rest(tmp_path):
    folder = fill(tmp_path)
    for number in range(14):
        (folder / "up" / f"bad{number:02d}_nohash_0.wav").write_bytes(b"")
    with pytest.warns(UserWarning, match=r"^14 of the clips.*bad09_nohash_0.wav \(the file is empty\) and 4 more"):
        index_corpus(folder, params())


def test_too_few_clips_are_refused_with_class_split_and_number(tmp_path):
    folder = fill(tmp_path)
    for path in sorted((folder / "no").glob("te*"))[1:]:
        path.unlink()
    with pytest.raises(DataError, match=r"no has 1 in testing \(2 needed\)") as caught:
        index_corpus(folder, params())
    assert "\n" not in str(caught.value) and "yes has" not in str(caught.value)


def test_a_word_that_is_not_there_is_named_with_those_that_are(tmp_path):
    fill(tmp_path)
    with pytest.raises(DataError, match=r"no clip of hello \(data.words\); words found: down, left, no, up, yes"):
        index_corpus(tmp_path, params(words=("yes", "hello")))


def test_a_folder_without_noise_lacks_silence(tmp_path):
    with pytest.raises(DataError, match=r"_silence_ has 0 in training.*add _background_noise_/\*\.wav"):
        index_corpus(fill(tmp_path, noise=False), params())


def test_too_few_synthetic_clips_say_which_number_to_raise(tmp_path, monkeypatch):
    monkeypatch.setenv("KWS_STORE", str(tmp_path))
    with pytest.raises(DataError, match=r"Raise data.synthetic_clips \(200\)"):
        words = tuple(f"{a} {b}" for a in ("red", "green", "blue") for b in ("one", "two", "three", "four", "five"))
        load_corpus(params(source="synthetic", words=words))


def test_real_speech(real_speech_archive, tmp_path, monkeypatch):
    monkeypatch.setenv("KWS_STORE", str(tmp_path))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        corpus = load_corpus(params(root=str(real_speech_archive)))
    counts = corpus.counts()
    assert counts["training"] == {"_silence_": 787, "_unknown_": 1503, "yes": 794, "no": 780}
    assert counts["testing"] == {"_silence_": 240, "_unknown_": 372, "yes": 239, "no": 240}
    by_split = [{clip.speaker for clip in corpus.of(split)} - {""} for split in LISTED]
    assert not (by_split[0] & by_split[1] or by_split[0] & by_split[2] or by_split[1] & by_split[2])
    audio, labels, _, _ = corpus.load("validation")
    assert audio.shape == (sum(counts["validation"].values()), 16000) and labels.max() == 3
    assert len(corpus.noises()) == 6
