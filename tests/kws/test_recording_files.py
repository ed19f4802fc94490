"""Recordings land where the folder source finds them, numbered on, under names it can read."""

import numpy as np
import pytest

from kws.audio import read_clip
from kws.corpus_index import scan, speaker_of_file
from kws.errors import DataError
from kws.recording_files import check_names, file_clip

CLIP = np.arange(16000).astype(np.int16)


def test_takes_are_numbered_on_for_each_speaker_and_word(tmp_path):
    names = [file_clip(tmp_path, "lamp", "anna", CLIP).name for _ in range(2)]
    assert names == ["anna_nohash_0.wav", "anna_nohash_1.wav"]
    (tmp_path / "lamp" / "anna_nohash_0.wav").unlink()
    (tmp_path / "lamp" / "anna_nohash_11.wav").write_bytes(b"")
    (tmp_path / "lamp" / "anna_nohash_x.wav").write_bytes(b"")
    assert file_clip(tmp_path, "lamp", "anna", CLIP).name == "anna_nohash_12.wav"  # a number is not used twice
    assert file_clip(tmp_path, "lamp", "ben", CLIP).name == "ben_nohash_0.wav"
    assert file_clip(tmp_path, "heater", "anna", CLIP) == tmp_path / "heater" / "anna_nohash_0.wav"


def test_what_is_filed_is_what_the_corpus_reads(tmp_path):
    path = file_clip(tmp_path, "_background_noise_", "me", CLIP[:5000])
    assert path.stat().st_size == 44 + 10000
    path = file_clip(tmp_path, "front door", "ben-2", CLIP)
    np.testing.assert_array_equal(read_clip(path), CLIP)
    (recording,), left_out = scan(tmp_path)
    assert (recording.word, recording.speaker, left_out) == ("front door", "ben-2", {})
    assert speaker_of_file(path.name) == "ben-2"


@pytest.mark.parametrize("word", ["lamp", "front door", "it's", "größe", "_background_noise_"])
def test_good_words(word):
    check_names(word, "me")


@pytest.mark.parametrize("word", ["", "_unknown_", "_silence_", "../lamp", "a/b", ".lamp", "lamp ", "a\nb", "x" * 41])
def test_words_that_are_no_folders_are_refused(word):
    with pytest.raises(DataError, match="cannot be the name of a word"):
        check_names(word, "me")


@pytest.mark.parametrize("speaker", ["", "a_nohash_", "a/b", "-x", "anna b", "x" * 41])
def test_speakers_that_would_be_read_otherwise_are_refused(speaker):
    with pytest.raises(DataError, match="--speaker"):
        check_names("lamp", speaker)
