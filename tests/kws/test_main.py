"""`python -m kws`: evaluate and record as a person calls them, each failure one paragraph and status 1."""

import io
import json
import subprocess
import sys

import numpy as np
import pytest

from kws.__main__ import main
from kws.audio import write_wav
from kws.checkpoints import write_checkpoint
from kws.corpus_index import scan
from kws.yaml_files import dump
from tests.conftest import REPOSITORY
from tests.kws.test_recording import room, with_words
from tests.kws.test_recording_devices import fake
from tests.support_learning import PARAMS, float_model
from tests.support_speech import fill


def told(capsys) -> str:
    """What stands on stderr, unwrapped."""
    return " ".join(capsys.readouterr().err.split())


@pytest.fixture
def parameters(tmp_path):
    (tmp_path / "params.yaml").write_text(dump(PARAMS))
    return ["--params", str(tmp_path / "params.yaml")]


def test_evaluate_prints_and_writes_json(tmp_path, parameters, capsys):
    write_checkpoint(tmp_path / "float.pt", float_model())
    folder = fill(tmp_path / "speech")
    words = ["evaluate", str(tmp_path / "float.pt"), str(folder), *parameters]
    assert main([*words, "--split", "validation", "--json", str(tmp_path / "out.json")]) == 0
    found = json.loads((tmp_path / "out.json").read_text())
    assert found["split"] == "validation" and found["clips"] == sum(map(sum, found["confusion"])) > 0
    out = capsys.readouterr().out
    assert f"accuracy {found['accuracy']:.2%}, 95% interval" in out and f"written to {tmp_path}" in out
    assert "taken to be trained for yes, no with front_end.kind pcen" in out
    assert main(["evaluate", str(tmp_path / "none.pt"), str(folder), *parameters]) == 1
    assert told(capsys).startswith("error: ")
    assert main([*words, "--json", str(tmp_path / "none" / "out.json")]) == 1
    assert "there is no folder" in told(capsys) and not (tmp_path / "none").exists()


def test_record_cuts_a_phones_recording(tmp_path, capsys):
    write_wav(tmp_path / "phone.wav", with_words(room(6), 0.5, 2.5, 4.5))
    words = ["--input", str(tmp_path / "phone.wav"), "--out", str(tmp_path / "own"), "--speaker", "anna"]
    assert main(["record", "lamp", *words]) == 0
    assert "3 filed in" in capsys.readouterr().out
    assert main(["record", "_background_noise_", *words]) == 0
    recordings, left_out = scan(tmp_path / "own")
    assert [recording.name for recording in recordings] == [f"lamp/anna_nohash_{n}.wav" for n in range(3)]
    assert not left_out and (tmp_path / "own" / "_background_noise_" / "anna_nohash_0.wav").stat().st_size > 190_000


def test_record_from_the_computers_microphone(tmp_path, monkeypatch, capsys):
    takes = iter([with_words(room(2), 1.1), with_words(room(2), 0.9, peak=500), with_words(room(2), 0.3)])
    module = fake(monkeypatch)
    monkeypatch.setattr(module, "rec", lambda *_, **__: (next(takes) / 32768).astype(np.float32)[:, None])
    monkeypatch.setattr("kws.recording_dialogue._COUNT_S", 0)
    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))  # once more
    assert main(["record", "lamp", "--count", "2", "--out", str(tmp_path / "own")]) == 0
    printed = capsys.readouterr().out
    assert printed.count("good: peak -12 dB") == 2 and "too quiet" in printed and "2 filed in" in printed
    recordings, left_out = scan(tmp_path / "own")
    assert [recording.name for recording in recordings] == ["lamp/me_nohash_0.wav", "lamp/me_nohash_1.wav"]
    assert not left_out


def test_a_recording_that_is_not_there_is_named(tmp_path, capsys):
    assert main(["record", "lamp", "--input", str(tmp_path / "phnoe.wav"), "--out", str(tmp_path / "own")]) == 1
    said = told(capsys)
    assert said.endswith("phnoe.wav is not there: name a recording that is.") and "ffmpeg" not in said


def test_whoever_reads_may_stop_reading():
    command = f"'{sys.executable}' -m kws summary | true"
    done = subprocess.run(["sh", "-c", command], cwd=REPOSITORY, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("content", "reason"), [(None, "is not there"), (b"words", "not a WAV"), ("silence", "no sound in it")]
)
def test_record_refuses_an_input_without_words(tmp_path, capsys, content, reason):
    path = tmp_path / "phone.wav"
    if content == "silence":
        write_wav(path, np.zeros(50000, np.int16))
    elif content is not None:
        path.write_bytes(content)
    assert main(["record", "lamp", "--input", str(path), "--out", str(tmp_path / "own")]) == 1
    assert reason in told(capsys) and not (tmp_path / "own").exists()


def test_record_without_a_microphone_is_one_paragraph(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    assert main(["record", "lamp", "--out", str(tmp_path / "own")]) == 1
    message = told(capsys)
    assert message.startswith("error: the computer's microphone needs the package sounddevice") and "--input" in message
    assert main(["record", "a/b"]) == 1 and "cannot be the name" in told(capsys)


def test_record_from_a_board_that_is_not_there(parameters, tmp_path, capsys):
    words = ["--from", "board", "--port", str(tmp_path / "tty"), "--out", str(tmp_path / "own"), *parameters]
    assert main(["record", "lamp", *words]) == 1
    assert "cannot be opened" in told(capsys)


@pytest.mark.parametrize("words", [["record", "lamp", "--count", "0"], ["record"], ["evaluate", "a.pt"], ["dance"]])
def test_wrong_words_are_status_2(words):
    with pytest.raises(SystemExit) as left:
        main(words)
    assert left.value.code == 2


def test_the_table_of_commands_is_quick_to_show():
    answer = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "kws", "--help"], cwd=REPOSITORY, capture_output=True, text=True
    )
    assert answer.returncode == 0 and all(name in answer.stdout for name in ("check", "evaluate", "record"))
    assert not {"torch", "numpy", "scipy"} & {line.split("|")[-1].strip() for line in answer.stderr.splitlines()}
