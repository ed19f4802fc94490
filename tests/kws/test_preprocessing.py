"""`preprocess` on a small made-up corpus: a dataset, metrics, WAV files and pictures, the same for a seed."""

import numpy as np
import pytest

from kws import augmentation, features_torch, preprocessing
from kws.audio import read_clip
from kws.corpus import Corpus
from kws.dataset import write_dataset
from kws.features import features
from kws.preprocessing import preprocess, write_pictures, write_test_clips
from tests.support_learning import params
from tests.support_speech import fill

CLASSES = ("_silence_", "_unknown_", "yes", "no")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """Parameters, corpus, dataset and metrics."""
    folder = tmp_path_factory.mktemp("speech")
    choices = params(data={"root": str(fill(folder / "corpus"))}, augmentation={"copies": 2})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KWS_STORE", str(folder / "store"))
        patch.setenv("KWS_JOBS", "1")
        return choices, *preprocess(choices)


def test_the_dataset_has_every_split_and_the_copies(prepared):
    _, corpus, dataset, _ = prepared
    assert dataset.classes == CLASSES and dataset.source == corpus.source == "speech_commands"
    for split in ("training", "validation", "testing"):
        labels = getattr(dataset, f"{split}_labels")
        assert labels.dtype == np.int64 and set(labels) == {0, 1, 2, 3}
        assert getattr(dataset, f"{split}_features").shape[-3:] == (len(labels), 49, 40)
        assert getattr(dataset, f"{split}_features").dtype == np.int8
    assert len(dataset.training_features) == 3


def test_features_are_of_the_clips_in_their_order(prepared):
    choices, corpus, dataset, _ = prepared
    for split in ("validation", "testing"):
        clips = corpus.of(split)
        np.testing.assert_array_equal(
            getattr(dataset, f"{split}_features"), features(corpus.audio(clips), choices.front_end)
        )
        assert getattr(dataset, f"{split}_labels").tolist() == [clip.label for clip in clips]
    audio, labels, _, _ = corpus.load("training")
    np.testing.assert_array_equal(dataset.training_features[0], features_torch.features(audio, choices.front_end))
    np.testing.assert_array_equal(dataset.training_labels, labels)


def test_metrics_count_what_is_there(prepared):
    _, _, dataset, metrics = prepared
    assert {"source", "clips", "speakers", "classes"} <= set(metrics)
    assert metrics["classes"] == list(CLASSES) and metrics["source"] == "speech_commands"
    for split, count in metrics["clips"].items():
        assert count == len(getattr(dataset, f"{split}_labels")) == sum(metrics["clips_by_class"][split].values())
    assert set(metrics["speakers"]) == set(metrics["clips"]) and metrics["speakers"]["testing"] == 4


def test_many_clips_at_a_time_or_few(prepared, monkeypatch):
    choices, corpus, dataset, _ = prepared
    monkeypatch.setattr(preprocessing, "_CHUNK_CLIPS", 3)
    found = preprocessing._evaluated(corpus, "testing", choices)["testing_features"]
    np.testing.assert_array_equal(found, dataset.testing_features)


def test_two_processes_and_the_place_of_the_features_change_no_byte(prepared, monkeypatch, tmp_path):
    choices, _, dataset, _ = prepared
    monkeypatch.setenv("KWS_JOBS", "2")
    _, again, _ = preprocess(choices, tmp_path / "artifacts")
    write_dataset(tmp_path / "a.npz", dataset)
    write_dataset(tmp_path / "b.npz", again)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_no_more_than_a_chunk_of_audio_is_held(prepared, monkeypatch):
    choices, _, dataset, _ = prepared
    held = []

    def audio(corpus, clips, whole=Corpus.audio):
        held.append(len(clips))
        return whole(corpus, clips)

    monkeypatch.setenv("KWS_JOBS", "1")
    monkeypatch.setattr(Corpus, "audio", audio)
    for module in (preprocessing, augmentation):
        monkeypatch.setattr(module, "_CHUNK_CLIPS", 7)
    _, again, _ = preprocess(choices)
    assert max(held) == 7
    np.testing.assert_array_equal(again.training_features, dataset.training_features)
    np.testing.assert_array_equal(again.validation_features, dataset.validation_features)


def test_test_clips_are_wav_files_by_class(prepared, tmp_path):
    _, corpus, dataset, _ = prepared
    write_test_clips(tmp_path / "clips", corpus)
    assert {path.name for path in (tmp_path / "clips").iterdir()} == set(CLASSES)
    for label, name in enumerate(CLASSES):
        clips = [clip for clip in corpus.of("testing") if clip.label == label]
        paths = sorted((tmp_path / "clips" / name).iterdir())
        assert len(paths) == len(clips) == int((dataset.testing_labels == label).sum())
        for path, clip in zip(paths, clips, strict=True):
            np.testing.assert_array_equal(read_clip(path), corpus.read(clip))


def test_test_clips_have_a_limit_that_is_shared_alike(prepared, tmp_path, monkeypatch):
    monkeypatch.setattr(preprocessing, "BOARD_CLIPS", 10)
    write_test_clips(tmp_path / "clips", prepared[1])
    assert [len(list((tmp_path / "clips" / name).iterdir())) for name in CLASSES] == [2, 2, 2, 2]


def test_five_pictures(prepared, tmp_path):
    write_pictures(tmp_path, prepared[1], tmp_path / "no recordings")
    names = ("waveform", "spectrum", "spectrogram", "mel_spectrogram", "mfcc")
    for name in names:
        assert (tmp_path / f"audio_{name}.png").read_bytes().startswith(b"\x89PNG")
