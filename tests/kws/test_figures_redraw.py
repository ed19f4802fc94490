"""Every picture in git is what its table gives: drawn again it has the same bytes."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from kws.__main__ import main
from kws.audio import write_wav
from kws.errors import ArtifactError
from kws.figures.redraw import audio_pictures, pictures
from kws.summary import load_metrics
from tests.conftest import REPOSITORY
from tests.made_up_metrics import made_up_metrics

REFERENCES = REPOSITORY / "references"
AUDIO = {f"audio_{kind}" for kind in ("waveform", "spectrum", "spectrogram", "mel_spectrogram", "mfcc")}


@pytest.mark.parametrize("results", [".", "results/speech_commands"])
def test_the_pictures_in_git_are_those_of_the_tables_in_git(tmp_path, results):
    folder = REPOSITORY / results
    drawn = pictures(load_metrics(folder / "metrics"), folder / "plots", REFERENCES)
    assert set(drawn) | AUDIO == {path.stem for path in (folder / "plots").glob("*.png")}
    for name, draw in drawn.items():
        path = tmp_path / f"{name}.png"
        draw(path)
        assert path.read_bytes() == (folder / "plots" / path.name).read_bytes(), name


def test_a_missing_table_says_what_writes_it(tmp_path):
    shutil.copytree(REPOSITORY / "plots", tmp_path / "plots")
    (tmp_path / "plots" / "pareto.csv").unlink()
    with pytest.raises(ArtifactError, match=r"pareto\.csv is missing: run `dvc repro`"):
        pictures(load_metrics(REPOSITORY / "metrics"), tmp_path / "plots", REFERENCES)


def put_aside(folder: Path) -> Path:
    """Test clips as preprocess leaves them: the first of each class is drawn."""
    noise = np.random.default_rng(0).normal(0, 500, 16_000).astype(np.int16)
    for place, name in enumerate(made_up_metrics()["preprocess"]["classes"]):
        (folder / name).mkdir(parents=True)
        write_wav(folder / name / "000_first.wav", noise // (place + 1))
        write_wav(folder / name / "001_second.wav", np.zeros(16_000, np.int16))
    return folder


def test_audio_is_drawn_from_the_clips_put_aside(tmp_path):
    clips = put_aside(tmp_path / "clips")
    audio_pictures(tmp_path / "out", clips, made_up_metrics(), tmp_path / "none", ".svg")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {f"{name}.svg" for name in AUDIO}
    shutil.rmtree(clips / "yes")
    with pytest.raises(ArtifactError, match="no clip of yes: `dvc repro preprocess`"):
        audio_pictures(tmp_path / "out", clips, made_up_metrics(), tmp_path / "none", ".svg")


def test_the_command_writes_every_format_and_says_what_it_left_out(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(REPOSITORY)
    out, nowhere = tmp_path / "figures", str(tmp_path / "nowhere")
    assert main(["figures", "-o", str(out), "--format", "svg", "--format", "pdf", "--clips", nowhere]) == 0
    names = {path.name for path in out.iterdir()}
    assert {"pareto.svg", "pareto.pdf", "devices.svg"} <= names and len(names) == 22
    assert "dvc repro preprocess" in capsys.readouterr().out


def test_the_command_names_what_is_missing(tmp_path, capsys):
    assert main(["figures", str(tmp_path)]) == 1
    assert "preprocess.json is missing" in " ".join(capsys.readouterr().err.split())
