"""kws.sources_folder: a user's own clips, from the files they recorded to a corpus."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import scipy.io.wavfile

from kws.audio import read_audio, write_wav
from kws.corpus import load_corpus
from kws.corpus_index import scan, split_by_hash
from tests.support_speech import params

RATES_HZ = (8000, 16000, 44100, 48000)


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("KWS_STORE", str(tmp_path / "store"))


def record(folder: Path, words: tuple[str, ...], clips: int = 50) -> Path:
    """Clips of several rates, mono and stereo, of 1.5 seconds with the word at the end, named as people name them."""
    for word in words:
        (folder / word).mkdir(parents=True)
        for number in range(clips):
            rate_hz = RATES_HZ[number % len(RATES_HZ)]
            sound = np.zeros(3 * rate_hz // 2, np.int16)
            sound[rate_hz:] = 8000 * np.sin(np.arange(len(sound) - rate_hz) * 2 * np.pi * 440 / rate_hz)
            samples = np.stack([sound, sound], axis=1) if number % 2 else sound
            scipy.io.wavfile.write(folder / word / f"{word} take {number:03d}.wav", rate_hz, samples)
    return folder


def own(root: Path, **changes):
    return params(source="folder", root=str(root), words=("hello", "bye"), **changes)


def test_any_rate_and_channels_become_the_official_layout(tmp_path):
    corpus = load_corpus(own(record(tmp_path / "mine", ("hello", "bye", "lamp"))))
    recordings, left_out = scan(corpus.folder)
    assert not left_out
    assert Counter(recording.word for recording in recordings) == {"hello": 50, "bye": 50, "lamp": 50}
    for recording in recordings:
        assert "_nohash_" in recording.name
        assert recording.split == split_by_hash(recording.speaker)
        samples = read_audio(corpus.folder / recording.name).astype(float)
        assert len(samples) == 16000
        assert np.sqrt(np.mean(samples[8400:-400] ** 2)) == pytest.approx(8000 / np.sqrt(2), rel=0.01)


def test_takes_of_a_speaker_stay_together(tmp_path):
    folder = record(tmp_path / "mine", ("hello", "bye", "lamp"))
    for number, path in enumerate(sorted((folder / "lamp").iterdir())):
        path.rename(folder / "lamp" / f"anna_nohash_{number}.wav")
    recordings, _ = scan(load_corpus_folder(folder))
    assert len({r.split for r in recordings if r.word == "lamp"}) == 1
    assert len({r.name for r in recordings if r.speaker == "anna"}) == 50


def load_corpus_folder(folder: Path) -> Path:
    from kws.sources import official_folder

    return official_folder(own(folder))


def test_what_a_lone_speaker_recorded_is_enough_and_the_notes_say_what_it_means(tmp_path):
    folder = record(tmp_path / "mine", ("hello", "bye", "lamp"))
    for word in folder.iterdir():
        for number, path in enumerate(sorted(word.iterdir())):
            path.rename(word / f"anna_nohash_{number}.wav")
    corpus = load_corpus(own(folder))
    assert corpus.counts()["training"]["hello"] == 40 and corpus.counts()["testing"]["bye"] == 5
    assert "All clips are of one person, in every split" in corpus.notes[0]


def test_missing_noise_is_synthetic_and_said(tmp_path):
    corpus = load_corpus(own(record(tmp_path / "mine", ("hello", "bye", "lamp"))))
    assert len(corpus.noises()) == 6
    assert any("Background noise is synthetic" in note for note in corpus.notes)


def test_own_noise_is_used_whole(tmp_path):
    folder = record(tmp_path / "mine", ("hello", "bye", "lamp"))
    (folder / "_background_noise_").mkdir()
    noise = np.random.default_rng(0).integers(-99, 99, 200_000).astype(np.int16)
    write_wav(folder / "_background_noise_" / "street.wav", noise)
    corpus = load_corpus(own(folder))
    np.testing.assert_array_equal(corpus.recordings_of_noise["street"], noise)
    assert corpus.notes == ()


def test_without_other_words_unknown_is_synthetic_and_said(tmp_path):
    data = own(record(tmp_path / "mine", ("hello", "bye")))
    with pytest.warns(UserWarning, match="_unknown_ is synthetic speech"):
        corpus = load_corpus(data)
    assert any("_unknown_ is synthetic speech" in note for note in corpus.notes)
    assert corpus.counts()["training"]["_unknown_"] >= 40
    speakers = [{clip.speaker for clip in corpus.of(split)} - {""} for split in ("training", "validation", "testing")]
    assert not (speakers[0] & speakers[1] or speakers[0] & speakers[2] or speakers[1] & speakers[2])


def test_bad_files_are_named_every_time_not_only_when_converted(tmp_path):
    folder = record(tmp_path / "mine", ("hello", "bye", "lamp"))
    (folder / "hello" / "broken.wav").write_bytes((folder / "hello" / "hello take 001.wav").read_bytes()[:3000])
    (folder / "bye" / "phone.m4a").write_bytes(b"\0" * 100)
    for _ in range(2):
        with pytest.warns(UserWarning) as caught:
            load_corpus(own(folder))
        (message,) = [str(one.message) for one in caught]
        assert "bye/phone.m4a (it is not a WAV file), hello/broken.wav (it is truncated" in message


def test_a_changed_recording_is_converted_again(tmp_path):
    folder = record(tmp_path / "mine", ("hello", "bye", "lamp"))
    first = load_corpus_folder(folder)
    assert load_corpus_folder(folder) == first
    write_wav(folder / "hello" / "hello take 000.wav", np.full(16000, 7, np.int16))
    assert load_corpus_folder(folder) != first
