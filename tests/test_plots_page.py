"""`dvc plots show` in a browser without a network: every plot drawn, nothing asked for, nothing complained about."""

import csv
import json
import re
import shutil
import subprocess
import sys

import pytest
import yaml

from kws.__main__ import main as command_line
from kws.errors import ArtifactError
from tests.conftest import REPOSITORY
from tests.support_browser import page
from tools.plots_page import PLACE, bundle, main
from tools.plots_page import page as built

SOURCE = (REPOSITORY / "tools" / "plots_page.html").read_text()
GRAPH = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text())
STATES = "drawn.map(({id}) => document.querySelector(id).dataset.state)"
ALL_DRAWN = f"{STATES}.every((state) => state === 'drawn') && [...document.images].every((one) => one.complete)"


def stage_plots() -> dict[str, dict]:
    return {path: properties for stage in GRAPH["stages"].values() for plot in stage.get("plots", [])
            for path, properties in plot.items()}  # fmt: skip


def definitions() -> dict[str, dict]:
    return {name: properties for plot in GRAPH["plots"] for name, properties in plot.items()}


def dvc_id(name: str) -> str:
    """As dvc-render makes an HTML id of a plot's name."""
    return name.translate({ord(character): "_" for character in r"!@#$%^&*()[]{};,<>?\/:.|`~=_+ "})


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """A repository with this one's plots, and a second revision whose PTQ is 10 points worse."""
    root = tmp_path_factory.mktemp("plots_page") / "clone"
    shutil.copytree(REPOSITORY / "plots", root / "plots", ignore=shutil.ignore_patterns(".gitignore"))
    shutil.copytree(REPOSITORY / ".dvc" / "plots", root / ".dvc" / "plots")
    for name in ("dvc.yaml", "dvc.lock", "params.yaml", ".dvc/plots.html", ".dvc/config"):
        shutil.copy(REPOSITORY / name, root / name)

    def git(*arguments):
        identity = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main")
        subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True)

    git("init")
    git("add", "-A")
    git("commit", "-m", "before")
    git("tag", "before")
    table = root / "plots" / "ptq_sweep.csv"
    rows = list(csv.DictReader(table.read_text().splitlines()))
    worse = [row | {"test_accuracy": repr(float(row["test_accuracy"]) - 0.1)} for row in rows]
    with table.open("w", newline="") as lines:
        writer = csv.DictWriter(lines, rows[0].keys())
        writer.writeheader()
        writer.writerows(worse)
    git("commit", "-am", "after")
    git("tag", "after")
    return root


def dvc_plots(root, *arguments):
    """The page that `dvc plots ...` writes."""
    out = root / "out" / "-".join(arguments)
    command = [sys.executable, "-m", "dvc", "plots", *arguments, "-o", str(out)]
    answer = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=300)
    assert answer.returncode == 0 and "failed" not in answer.stderr, answer.stderr
    return out / "index.html"


def test_the_page_in_git_is_the_one_its_source_gives():
    assert main(["--check", "--root", str(REPOSITORY)]) == 0
    assert (REPOSITORY / ".dvc" / "config").read_text().count("html_template = plots.html") == 1


def test_a_stale_page_is_told_and_written_anew(tmp_path, capsys):
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "plots_page.html").write_text(f"<script>{PLACE}</script>{{plot_divs}}")
    assert main(["--check", "--root", str(tmp_path)]) == 1 and "python tools/plots_page.py" in capsys.readouterr().err
    assert main(["--root", str(tmp_path)]) == 0
    assert "vegaEmbed" in (tmp_path / ".dvc" / "plots.html").read_text()
    assert main(["--check", "--root", str(tmp_path)]) == 0


@pytest.mark.parametrize("script", ["</script>", "'{plot_divs}'", "<!--"])
def test_a_script_that_dvc_or_a_browser_would_misread_is_refused(script):
    with pytest.raises(ArtifactError, match="bundle"):
        built(SOURCE, script)
    with pytest.raises(ArtifactError, match="plot_divs"):
        built(SOURCE.replace("{plot_divs}", ""), "1")


def test_the_bundle_names_no_script_elsewhere_and_has_its_notice():
    text = built(SOURCE, bundle())
    assert "Interactive Data Lab" in text and not re.search(r"<(script|link|img)[^>]+(src|href)=\"?https?:", text)


def test_every_plot_of_the_graph_has_its_place_in_the_story():
    story = SOURCE[SOURCE.index("const STORY") : SOURCE.index("function element")]
    placed = re.findall(r"(\w+): \"", re.sub(r"\b(id|title|stage|text): ", "", story))
    expected = [dvc_id(name) for name in (*stage_plots(), *definitions())]
    assert sorted(placed) == sorted(expected)
    assert set(re.findall(r'stage: "([^"]+)"', story)) <= {"ptq_sweep qat_sweep", *GRAPH["stages"]}


def test_tables_have_our_templates_titles_and_axes():
    tables = {name: one for name, one in stage_plots().items() if name.endswith(".csv")} | definitions()
    for name, properties in tables.items():
        template = json.loads((REPOSITORY / ".dvc" / "plots" / f"{properties['template']}.json").read_text())
        assert template["$schema"].endswith("vega-lite/v6.json")
        assert {"title", "x", "y", "x_label", "y_label"} <= set(properties), name
        if re.search(r"bytes|_ms|_us", str(properties["x"])):
            assert re.search(r"\((bytes|ms|µs)\)", properties["x_label"]), name


@pytest.mark.parametrize("dark", [False, True])
def test_every_plot_is_drawn_without_a_request_or_a_complaint(repository, dark):
    with page() as tab:
        tab.open(dvc_plots(repository, "show"), dark)
        tab.wait_for(ALL_DRAWN)
        ids = tab.evaluate("drawn.map(({id}) => id.slice(1))")
        pictures = tab.evaluate("[...document.images].map((one) => one.naturalWidth)")
        tables = [name for name in stage_plots() if name.endswith(".csv")]
        assert sorted(ids) == sorted(dvc_id(name) for name in (*tables, *definitions()))
        assert len(pictures) == len(stage_plots()) - len(tables) and min(pictures) > 400
        marks = tab.evaluate(f"{json.dumps(ids)}.map((id) => document.querySelectorAll(`#${{id}} svg path`).length)")
        assert min(marks) > 10, dict(zip(ids, marks, strict=True))
        sections = tab.evaluate("[...document.querySelectorAll('main > section')].map((one) => one.id)")
        assert sections == ["hear", "train", "bits", "cut", "convert", "board"]
        ground = tab.evaluate("getComputedStyle(document.body).backgroundColor")
        assert ground == ("rgb(20, 23, 27)" if dark else "rgb(255, 255, 255)")
        assert not tab.outside() and not tab.errors
        assert len(tab.requests) > len(pictures)  # so requests are seen at all


def test_the_curves_are_drawn_again_when_the_scheme_changes(repository):
    paths = "[...document.querySelectorAll('#accuracy_against_bits svg path[stroke]')]"
    colours = f"{paths}.map((one) => one.getAttribute('stroke'))"
    with page() as tab:
        tab.open(dvc_plots(repository, "show"))
        tab.wait_for(ALL_DRAWN)
        assert "#0072B2" in tab.evaluate(colours)
        tab.scheme(dark=True)
        tab.wait_for(f"{ALL_DRAWN} && {colours}.includes('#56B4E9')")
        assert not tab.errors


def test_two_revisions_lie_over_each_other(repository):
    with page() as tab:
        tab.open(dvc_plots(repository, "diff", "before", "after"))
        tab.wait_for(ALL_DRAWN)
        lines = "[...document.querySelectorAll('#accuracy_against_bits .mark-line path')]"
        assert tab.evaluate(f"{lines}.length") == 8  # two panels, PTQ and QAT, two revisions
        dashes = tab.evaluate(f"[...new Set({lines}.map((one) => one.getAttribute('stroke-dasharray')))].length")
        assert dashes == 2
        legend = tab.evaluate("document.querySelector('#accuracy_against_bits').textContent")
        assert "before" in legend and "after" in legend
        assert not tab.outside() and not tab.errors


def test_a_page_without_its_script_says_so(repository, tmp_path):
    text = dvc_plots(repository, "show").read_text()
    bare = tmp_path / "bare.html"
    bare.write_text(text.replace(bundle(), ""))
    assert len(bare.read_text()) < len(text) - 800_000
    with page() as tab:
        tab.open(bare)
        shown = tab.evaluate("document.getElementById('problem').checkVisibility() && problem.textContent")
        assert "python tools/plots_page.py" in shown


def test_the_page_can_be_mailed_as_one_file(repository, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(repository)
    mailed = tmp_path / "mail" / "plots.html"
    assert command_line(["plots", "before", "after", "-o", str(mailed)]) == 0
    with page() as tab:
        tab.open(mailed)
        tab.wait_for(ALL_DRAWN)
        sources = tab.evaluate("[...document.images].map((one) => one.src.slice(0, 22))")
        assert set(sources) == {"data:image/png;base64,"} and len(sources) >= 16
        assert tab.evaluate("Math.min(...[...document.images].map((one) => one.naturalWidth))") > 400
        assert not tab.outside() and not tab.errors
        assert [url for url in tab.requests if url.startswith("file:")] == [mailed.resolve().as_uri()]


def test_no_page_is_an_error_in_words(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert command_line(["plots", "-o", str(tmp_path / "plots.html")]) == 1
    assert "`dvc plots show` wrote no page" in capsys.readouterr().err
    assert not (tmp_path / "plots.html").exists()
