"""Any model on any folder: the stages' own figures on a split, every clip without lists, errors in words."""

import json
import shutil
import tarfile
from itertools import pairwise

import numpy as np
import pytest

from kws.audio import write_wav
from kws.checkpoints import write_checkpoint
from kws.corpus import load_corpus
from kws.errors import ArtifactError, DataError, ModelError
from kws.evaluation import evaluate
from kws.evaluation_folder import evaluate_folder, figures, report_text
from kws.features import features
from tests.support_learning import float_model, params, quantized_model
from tests.support_speech import fill
from tests.support_tflite import Dense, Reshape, build

CLASSES = ["_silence_", "_unknown_", "yes", "no"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with official lists; what lies in it is noise, of which a random model makes something."""
    return fill(tmp_path_factory.mktemp("speech") / "corpus")


@pytest.fixture
def models(tmp_path):
    """A float checkpoint, a quantized one and a .tflite, with random weights."""
    write_checkpoint(tmp_path / "float.pt", float_model())
    write_checkpoint(tmp_path / "quantized.pt", quantized_model(4), (4, 8))
    (tmp_path / "model.tflite").write_bytes(build((49, 40, 1), [Reshape((1960,)), Dense(4)], 1))
    return tmp_path


def without_lists(folder, place):
    return shutil.copytree(folder, place, ignore=shutil.ignore_patterns("*_list.txt"))


@pytest.mark.parametrize("name", ["float.pt", "quantized.pt"])
def test_a_split_gives_exactly_the_stages_accuracy(folder, models, name):
    choices = params(data={"root": str(folder)})
    corpus = load_corpus(choices.data)
    audio, labels, _, _ = corpus.load("testing")
    from kws.checkpoints import read_checkpoint

    wanted = evaluate(read_checkpoint(models / name), features(audio, choices.front_end), labels)
    found = evaluate_folder(models / name, folder, choices)
    assert found["split"] == "testing" and found["accuracy"] == wanted.accuracy
    assert {of: entry["clips"] for of, entry in found["classes"].items()} == corpus.counts()["testing"]
    assert evaluate_folder(models / name, folder, choices, "validation")["clips"] == len(corpus.of("validation"))


def test_a_tflite_gives_what_the_reference_kernels_give(folder, models):
    from kws.tflite.interpreter import reference_logits

    choices = params(data={"root": str(folder)})
    audio, labels, _, _ = load_corpus(choices.data).load("testing")
    logits = reference_logits((models / "model.tflite").read_bytes(), features(audio, choices.front_end))
    found = evaluate_folder(models / "model.tflite", folder, choices)
    assert found["accuracy"] == float((logits.argmax(1) == labels).mean())
    assert np.array(found["confusion"]).sum(axis=0).tolist() == np.bincount(logits.argmax(1), minlength=4).tolist()


def test_without_lists_every_clip_counts_and_other_words_are_unknown(folder, models, tmp_path):
    place = without_lists(folder, tmp_path / "plain")
    found = evaluate_folder(models / "float.pt", place, params())
    clips = {of: entry["clips"] for of, entry in found["classes"].items()}
    assert found["split"] == "all" and clips["_unknown_"] == 3 * 28 and clips["yes"] == clips["no"] == 28
    assert clips["_silence_"] > 20  # cut out of the noise, for lack of a folder


def test_folders_of_silence_and_unknown_are_honoured(folder, models, tmp_path):
    place = without_lists(folder, tmp_path / "plain")
    for name, clips in (("_silence_", 3), ("_unknown_", 5)):
        (place / name).mkdir()
        for number in range(clips):
            write_wav(place / name / f"{number}_nohash_0.wav", np.zeros(16000, np.int16))
    found = evaluate_folder(models / "float.pt", place, params())
    assert found["classes"]["_silence_"]["clips"] == 3  # and none of the noise beside them
    assert found["classes"]["_unknown_"]["clips"] == 3 * 28 + 5


def test_an_archive_is_a_folder_too(folder, models, tmp_path, monkeypatch):
    monkeypatch.setenv("KWS_STORE", str(tmp_path / "store"))
    with tarfile.open(tmp_path / "speech.tar.gz", "w:gz") as archive:
        archive.add(folder, "speech")
    found = evaluate_folder(models / "float.pt", tmp_path / "speech.tar.gz", params())
    assert found["confusion"] == evaluate_folder(models / "float.pt", folder, params())["confusion"]


def test_unusable_files_are_named_and_counted(folder, models, tmp_path):
    place = without_lists(folder, tmp_path / "plain")
    (place / "yes" / "te00_nohash_0.wav").write_bytes(b"")
    (place / "no" / "phone.m4a").write_bytes(b"\0" * 99)
    found = evaluate_folder(models / "float.pt", place, params())
    assert found["left_out"] == {"no/phone.m4a": "it is not a WAV file", "yes/te00_nohash_0.wav": "the file is empty"}
    assert found["classes"]["yes"]["clips"] == 27
    assert "Left out, 2 unusable files:\n  no/phone.m4a: it is not a WAV file" in report_text(found)


def test_figures_by_hand_and_as_text():
    counts = np.array([[0, 0, 0], [1, 3, 0], [0, 0, 6]])
    found = figures(counts, ("_silence_", "_unknown_", "lamp"))
    assert found["clips"] == 10 and found["accuracy"] == 0.9
    assert found["classes"]["_silence_"] == {"clips": 0, "recall": None, "recall_interval": None}
    assert found["classes"]["_unknown_"]["recall"] == 0.75
    low, high = found["accuracy_interval"]
    assert low == pytest.approx(0.5958, abs=1e-4) and high == pytest.approx(0.9821, abs=1e-4)
    text = report_text(
        {
            "model": "m.pt",
            "folder": "f",
            "split": "all",
            "words": ["lamp"],
            "front_end": "pcen",
            "left_out": {},
            **found,
        }
    )
    assert "accuracy 90.00%, 95% interval 59.58% to 98.21% (Wilson)" in text
    assert "_silence_      0  no clip" in text and "_unknown_         1         3     0" in text
    assert json.loads(json.dumps(found))["confusion"] == counts.tolist()
    columns = [line for line in text.splitlines() if line.startswith(("_", "lamp", "class"))]
    assert len(columns) == 7 and all(len(a) == len(b) for a, b in pairwise(columns[-3:]))


def test_another_number_of_classes_is_refused(folder, models):
    with pytest.raises(ModelError, match=r"float\.pt tells 4 classes apart, but data\.words .* makes 5 .*--params"):
        evaluate_folder(models / "float.pt", folder, params(data={"words": ["yes", "no", "up"]}))


@pytest.mark.parametrize(
    ("name", "content", "error", "words"),
    [
        ("missing.pt", None, ModelError, "is not there"),
        ("notes.txt", b"words", ModelError, "neither a .pt nor a .tflite"),
        ("broken.pt", b"words", ArtifactError, "not a checkpoint"),
        ("broken.tflite", b"words", ModelError, "TFLite"),
    ],
)
def test_what_is_no_model_is_refused(folder, tmp_path, name, content, error, words):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(error, match=words):
        evaluate_folder(tmp_path / name, folder, params())


def test_folders_without_clips_are_refused(models, tmp_path):
    with pytest.raises(DataError, match="is no folder"):
        evaluate_folder(models / "float.pt", tmp_path / "missing", params())
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no <word>"):
        evaluate_folder(models / "float.pt", tmp_path / "empty", params())
    (tmp_path / "empty" / "yes").mkdir()
    (tmp_path / "empty" / "yes" / "a.wav").write_bytes(b"no audio at all")
    with pytest.raises(
        DataError, match=r"no clip in split all .* none\. Unusable files: 1, such as yes/a\.wav \(it is not"
    ):
        evaluate_folder(models / "float.pt", tmp_path / "empty", params())
