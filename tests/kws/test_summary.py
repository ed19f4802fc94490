"""The last table: honest labels, units, and errors that name the stage."""

import json

import pytest

from kws.__main__ import main
from kws.errors import ArtifactError
from kws.summary import headline, load_metrics, summary_text
from tests.made_up_metrics import made_up_metrics


@pytest.fixture
def folder(tmp_path):
    for stage, values in made_up_metrics().items():
        (tmp_path / f"{stage}.json").write_text(json.dumps(values))
    return tmp_path


def test_the_table_says_what_was_measured(folder):
    text = summary_text(load_metrics(folder), folder / "plots")
    for part in (
        "synthetic speech", "91.2% (mean of 3 seeds)", "8-bit weights", "90.5%",
        "of each class in turn; 0 differ from the host",
        "65,432 bytes", "32,100 bytes", "modelled cycles at 64 MHz", "1.500 ms (1.000 to 2.000)", str(folder / "plots"),
    ):  # fmt: skip
        assert part in text
    assert max(map(len, text.splitlines()[:-1])) <= 120


def test_one_seed_is_one_seed():
    metrics = made_up_metrics()
    metrics["train"]["seeds"] = 1
    assert dict(headline(metrics))["float model, test accuracy"] == "91.2% (mean of 1 seed)"


def test_a_missing_or_damaged_file_names_its_stage(folder):
    (folder / "flash.json").write_text("{")
    with pytest.raises(ArtifactError, match=r"flash\.json is not JSON .*dvc repro -f flash"):
        load_metrics(folder)
    (folder / "flash.json").unlink()
    with pytest.raises(ArtifactError, match=r"flash\.json is missing: `dvc repro flash`"):
        load_metrics(folder)


def test_a_missing_key_is_named():
    metrics = made_up_metrics()
    del metrics["mcu_benchmark"]["deployed"]["inference_ms"]
    with pytest.raises(ArtifactError, match="inference_ms"):
        headline(metrics)


def test_the_command_prints_the_table_or_one_paragraph(folder, capsys):
    assert main(["summary", "--metrics", str(folder)]) == 0
    assert "Results on synthetic speech" in capsys.readouterr().out
    assert main(["summary", "--metrics", str(folder / "none")]) == 1
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("error: ") and "\n\n" not in err and "preprocess.json" in err


def test_check_refuses_a_bad_file(tmp_path, capsys):
    assert main(["check"]) == 0
    (tmp_path / "params.yaml").write_text("bits: 9\n")
    assert main(["check", "--params", str(tmp_path / "params.yaml")]) == 1
    assert "`bits` is 9" in " ".join(capsys.readouterr().err.split())
