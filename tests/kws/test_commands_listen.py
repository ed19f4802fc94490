"""`python -m kws listen` and `field-test`, as they are typed, on the emulated board."""

import json
import os
import shutil
import signal
import subprocess
import sys

import pytest

from kws import yaml_files
from kws.__main__ import main
from kws.audio import write_wav
from kws.board.boards.emulator import EmulatorBoard
from kws.board.build import build_image
from kws.board.flashing import flash
from kws.codegen import generate
from kws.deployment import benchmark_image
from kws.labels import class_names
from kws.listening import ListenSettings, heard
from kws.params import Params, load_params
from kws.tflite.interpreter import reference_logits
from kws.tflite.reader import read_graph
from tests.conftest import REPOSITORY
from tests.support_listening import SECONDS, recording_samples
from tests.support_tflite import Conv, Dense, Reshape, build

WORDS = ["yes", "no"]


@pytest.fixture(scope="module")
def model() -> bytes:
    return build((49, 40, 1), [Conv(8, (10, 8), (2, 2)), Reshape((4000,)), Dense(4)], 19)  # it likes words


@pytest.fixture(scope="module")
def store(model, tmp_path_factory):
    """A store whose emulated board holds the model, and params.yaml for it."""
    folder = tmp_path_factory.mktemp("store")
    values = yaml_files.load((REPOSITORY / "params.yaml").read_text())
    values["data"]["words"] = WORDS
    values["listen"] = {"strides": 3, "smoothing": 2, "threshold": 0.3, "suppression_ms": 100}  # a model that is unsure
    (folder / "params.yaml").write_text(yaml_files.dump(values))
    (folder / "board").mkdir()
    (entry,) = generate([("deployed", model)], folder / "generated")
    params = load_params(folder / "params.yaml")
    image = build_image(folder / "generated", params.front_end, folder / "build", params.flash.baud)
    receipt = flash(EmulatorBoard(params.flash.baud, folder / "board"), image.bin, (entry.tflite_sha256,), 20.0)
    (folder / "metrics").mkdir()
    (folder / "metrics" / "flash.json").write_text(json.dumps(receipt))
    kept = benchmark_image(folder / "artifacts" / "flash", EmulatorBoard)
    kept.parent.mkdir(parents=True)
    shutil.copyfile(image.bin, kept)
    return folder


@pytest.fixture
def params(store, monkeypatch) -> Params:
    monkeypatch.setenv("KWS_STORE", str(store))
    return load_params(store / "params.yaml")


@pytest.fixture(scope="module")
def recording(store):
    write_wav(store / "bursts.wav", recording_samples())
    return store / "bursts.wav"


def listen(store, recording, *more: str) -> list[str]:
    return ["listen", "--params", str(store / "params.yaml"), "--wav", str(recording), *more]


def test_the_words_are_those_that_the_host_computes(params, store, recording, model, capsys):
    assert main(listen(store, recording, "--speed", "fast", "--json")) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    scale = read_graph(model).outputs[0].quantization.scales[0]
    settings = ListenSettings.of(params.listen)
    expected = heard(recording_samples(), params.front_end, settings, lambda x: reference_logits(model, x), scale)
    names = class_names(WORDS)
    found = [(line["ms"], line["word"], line["score"]) for line in lines if "word" in line]
    assert found == [(word.ms, names[word.label], round(word.score, 4)) for word in expected] and len(found) > 2
    assert lines[-1]["end"].pop("ms") >= 1000 * SECONDS  # it has heard all of it
    assert lines[-1]["end"] == {"words": len(found), "lost_samples": 0, "missed": 0}
    assert any("level" in line for line in lines)


def test_a_person_reads_a_line_a_word(params, store, recording, capsys):
    assert main(listen(store, recording, "--speed", "fast")) == 0
    *words, end = capsys.readouterr().out.splitlines()
    assert len(words) > 2 and all("%" in line and line.split()[1] in WORDS for line in words)
    assert f"end: {len(words)} words" in end


def test_another_image_on_the_board_is_replaced(params, store, recording, capsys):
    listen_now = listen(store, recording, "--speed", "fast", "--json")
    assert main(listen_now) == 0
    words = capsys.readouterr().out
    board = EmulatorBoard(params.flash.baud, store / "board")
    kept = benchmark_image(store / "artifacts" / "flash", board).read_bytes()
    (store / "other.bin").write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
    board.program(store / "other.bin")  # as an experiment leaves it that is taken back
    assert main(listen_now) == 0
    shown = capsys.readouterr()
    assert "Programming emulator again: emulator holds image" in " ".join(shown.err.split()) and shown.out == words


def test_ctrl_c_ends_it_in_good_order(params, store, recording):
    command = [sys.executable, "-m", "kws", *listen(store, recording)]
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "KWS_STORE": str(store)}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    first = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 0 and errors == ""
    assert "%" in first and "end: " in out.splitlines()[-1]


def test_the_emulated_board_wants_a_recording(params, store, capsys):
    assert main(["listen", "--params", str(store / "params.yaml")]) == 1
    assert "--wav FILE" in " ".join(capsys.readouterr().err.split())


def test_a_recording_that_is_none_is_named(params, store, tmp_path, capsys):
    (tmp_path / "none.wav").write_text("none")
    assert main(listen(store, tmp_path / "none.wav")) == 1
    assert "none.wav" in "".join(capsys.readouterr().err.split())


@pytest.fixture(scope="module")
def clips(store):
    folder = store / "clips"
    for place, word in enumerate((*WORDS, *WORDS)):
        (folder / word).mkdir(parents=True, exist_ok=True)
        clip = recording_samples()[place * 16_000 : (place + 1) * 16_000]
        write_wav(folder / word / f"0000000{place}_nohash_0.wav", clip)
    return folder


def test_a_folder_is_played_to_the_board_and_the_test_split_set_beside_it(params, store, clips, tmp_path, capsys):
    (tmp_path / "metrics.json").write_text(json.dumps({"test_accuracy": 0.5}))
    common = ["field-test", "--params", str(store / "params.yaml"), "--folder", str(clips)]
    assert main([*common, "--metrics", str(tmp_path / "metrics.json")]) == 0
    text = capsys.readouterr().out
    assert " of 4 right: " in text and "test split    50.0%" in text
    assert text.count("missed: ") == 4 - int(text.split("on the board  ")[1].split()[0])
    assert main([*common, "--metrics", str(tmp_path / "no_metrics.json")]) == 0
    assert "test split" not in capsys.readouterr().out


def test_a_word_that_is_no_class_is_named(params, store, capsys):
    assert main(["field-test", "maybe", "--params", str(store / "params.yaml")]) == 1
    assert "maybe: data.words is yes, no" in " ".join(capsys.readouterr().err.split())
