"""The report of this repository's results: whole, self-contained, its numbers those of the files, and a look at it."""

import json
import re
import shutil

import pytest

from kws.__main__ import main
from kws.errors import ArtifactError
from kws.report.write import report_html
from tests.conftest import REPOSITORY
from tests.support_browser import page

RESULTS = ("metrics", "plots", "references", "results/speech_commands", "dvc.lock")


def copied(root):
    for name in RESULTS:
        source = REPOSITORY / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, root / name)
    return root


@pytest.fixture(scope="module")
def text():
    return report_html(REPOSITORY)


def test_it_needs_no_other_file(text):
    assert not re.findall(r'(?:src|href)="(?!data:|#)[^"]*"', text) and "url(" not in text
    assert text.count("<img") == len(re.findall(r'src="data:image/(?:png|svg\+xml);base64,', text)) >= 14


def test_every_link_of_the_contents_leads_somewhere(text):
    links = re.findall(r'href="#(\w+)"', text)
    assert len(links) == 11 and set(links) <= set(re.findall(r'<h2 id="(\w+)"', text))


def test_tables_and_figures_are_numbered_without_a_gap(text):
    for kind in ("Table", "Figure"):
        numbers = [int(number) for number in re.findall(rf"<b>{kind} (\d+)\.</b>", text)]
        assert numbers == list(range(1, len(numbers) + 1)) and len(numbers) >= 12


@pytest.mark.parametrize("results", [".", "results/speech_commands"])
def test_numbers_are_those_of_the_files(text, results):
    metrics = {path.stem: json.loads(path.read_text()) for path in (REPOSITORY / results / "metrics").glob("*.json")}
    board = metrics["mcu_benchmark"]
    expected = [
        f"{metrics['train']['test_accuracy']:.1%}", f"{metrics['convert']['deployed']['test_accuracy']:.1%}",
        f"{metrics['flash']['flash_bytes']:,}", metrics["flash"]["image_sha256"],
        metrics["convert"]["deployed"]["tflite_sha256"], f"{board['test_clips']} test clips",
        f"{metrics['qat_sweep']['w2a2']['test_accuracy']:.1%}",
        f"{board['deployed']['inference_ms']['mean'] * 3.3 * 3:.1f}", board["cycles_are"],
    ]  # fmt: skip
    assert not [one for one in expected if one not in text]


def test_changed_results_change_the_report(tmp_path):
    root = copied(tmp_path)
    train = json.loads((root / "metrics" / "train.json").read_text()) | {"test_accuracy": 0.1234}
    (root / "metrics" / "train.json").write_text(json.dumps(train))
    assert "12.3% (mean of 3 seeds)" in report_html(root)


def test_what_is_synthetic_modelled_and_estimated_is_said(text):
    for words in ("No current was measured", "synthetic speech", "Speech Commands v0.02", "modelled", "estimated",
                  "nRF52840 Product Specification"):  # fmt: skip
        assert words in text


def test_without_results_on_real_speech_there_is_one_run(tmp_path):
    root = copied(tmp_path)
    shutil.rmtree(root / "results")
    alone = report_html(root)
    assert "Speech Commands" not in alone and 'class="group"' not in alone and "not in git" in alone


@pytest.mark.parametrize("missing, stage", [("metrics/convert.json", "dvc repro convert"),
                                            ("plots/training.csv", "dvc repro"), ("dvc.lock", "dvc repro"),
                                            ("results/speech_commands/plots/audio_waveform.png", "repro")])  # fmt: skip
def test_what_is_missing_is_named_with_what_writes_it(tmp_path, capsys, missing, stage):
    root = copied(tmp_path / "copy")
    (root / missing).unlink()
    assert main(["report", "--root", str(root), "-o", str(tmp_path / "r.html"), "--no-pdf"]) == 1
    told = " ".join(capsys.readouterr().err.split())
    assert missing.split("/")[-1] in told and stage in told and not (tmp_path / "r.html").exists()


def test_metrics_of_another_version_are_told(tmp_path):
    root = copied(tmp_path)
    (root / "metrics" / "flash.json").write_text("{}")
    with pytest.raises(ArtifactError, match=r"'board'.*dvc repro"):
        report_html(root)


def test_a_machine_without_a_browser_gets_the_page_and_a_word(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("kws.report.pdf.browser", lambda: None)
    monkeypatch.setattr("kws.report.write.report_html", lambda root: "<!doctype html>")
    assert main(["report", "--root", str(REPOSITORY), "-o", str(tmp_path / "report.html")]) == 0
    assert "no PDF" in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


@pytest.mark.parametrize("dark", [False, True])
def test_a_browser_shows_it_without_a_request_or_a_complaint(tmp_path, text, dark):
    path = tmp_path / "report.html"
    path.write_text(text)
    with page() as tab:
        tab.open(path, dark, width=900)
        tab.wait_for("[...document.images].every((one) => one.complete && one.naturalWidth > 300)")
        assert not tab.outside() and not tab.errors
        assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
        ground, ink = (tab.evaluate(f"getComputedStyle({of}).{what}") for of, what in
                       (("document.documentElement", "backgroundColor"), ("document.body", "color")))  # fmt: skip
        light = [sum(map(int, re.findall(r"\d+", colour)[:3])) for colour in (ground, ink)]
        assert light[1] - light[0] > 400 if dark else light[0] - light[1] > 400
