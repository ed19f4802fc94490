"""README's tables are filled from the metrics, and a stale README is noticed."""

import json

import pytest

from kws.estimate_table import layer_rows, width_figures
from tests.conftest import REPOSITORY
from tests.made_up_metrics import made_up_metrics
from tests.support_learning import float_model
from tools.readme_tables import main

README = """# Title
<!-- table: headline here speech_commands -->
<!-- end -->
text
<!-- table: bits here -->
| old |
<!-- end -->
<!-- table: pruning speech_commands -->
<!-- end -->
<!-- table: board here -->
<!-- end -->
"""


@pytest.fixture
def root(tmp_path):
    for folder, source in (("metrics", "synthetic"), ("results/speech_commands/metrics", "speech_commands")):
        (tmp_path / folder).mkdir(parents=True)
        for stage, values in made_up_metrics(source).items():
            (tmp_path / folder / f"{stage}.json").write_text(json.dumps(values))
    (tmp_path / "README.md").write_text(README)
    return tmp_path


def test_tables_are_filled_and_checked(root, capsys):
    assert main(["--check", "--root", str(root)]) == 1
    assert "make readme" in capsys.readouterr().err and (root / "README.md").read_text() == README
    assert main(["--root", str(root)]) == 0
    text = (root / "README.md").read_text()
    for line in (
        "|  | synthetic speech | Speech Commands v0.02 |",
        "| float model, test accuracy | 91.2% (mean of 3 seeds) | 91.2% (mean of 3 seeds) |",
        "| w2a8 | 87.5% ± 1.0 | -3.7 [-5.0, -2.4] | 87.5% ± 1.0 | -3.7 [-5.0, -2.4] | 4,000 |",
        "| its 95% interval | 85.6% to 93.2% | 85.6% to 93.2% |",
        "| Speech Commands v0.02 | 50.0% | 500 | 9,500 | 20.50 (modelled cycles) | 200 | 65.0% | 85.0% |",
        "| synthetic speech | structured_500 | 50.0% | 20.50 (modelled cycles) | 85.0% |",
    ):
        assert line in text.splitlines()
    assert "| old |" not in text
    assert main(["--check", "--root", str(root)]) == 0


def test_new_numbers_make_it_stale(root):
    main(["--root", str(root)])
    metrics = made_up_metrics()
    metrics["train"]["test_accuracy"] = 0.5
    (root / "metrics" / "train.json").write_text(json.dumps(metrics["train"]))
    assert main(["--check", "--root", str(root)]) == 1


def test_the_scaling_of_a_sweep(root):
    names = ("one_process_s", "two_processes_s", "dask_two_workers_s", "all_but_one_width_s", "that_width_added_s")
    measured = {"models": 15, "cores": 2, **{name: 10.0 * place for place, name in enumerate(names, 1)}}
    (root / "results" / "sweep_scaling.json").write_text(json.dumps(measured))
    (root / "README.md").write_text("<!-- table: sweep_scaling -->\n<!-- end -->\n")
    assert main(["--root", str(root)]) == 0
    lines = (root / "README.md").read_text().splitlines()
    assert lines[1] == "| QAT of 15 models, 2 cores | seconds |" and lines[3] == "| one process | 10 |"
    assert "| 7 bits added then | 50 |" in lines


def test_the_scaling_of_preprocessing(root):
    run = {
        "stage": "preprocess", "words": 2, "clips_in_folder": 105_829, "clips": 12_000, "features": 80_000,
        "workers": 2, "seconds": 160.0, "cpu_s": 320.0, "load_before": 0.25, "peak_bytes": 1_240_000_000,
        "peak_anonymous_bytes": 990_000_000, "cores": 2, "cpu": "a Z80",
    }  # fmt: skip
    train = {**run, "stage": "train", "seeds": 2, "epochs": 1}
    del train["features"]
    (root / "results" / "preprocess_scaling.json").write_text(json.dumps({"runs": [run, train]}))
    (root / "README.md").write_text("<!-- table: preprocess_scaling -->\n<!-- end -->\n")
    assert main(["--root", str(root)]) == 0
    lines = (root / "README.md").read_text().splitlines()
    assert lines[1].startswith("| stage, on 2 cores of a Z80 | words | clips in the folder |")
    numbers = "1.24 | 0.99 | 0.2 |"
    assert lines[3] == f"| preprocess, 12,000 clips used | 2 | 105,829 | 2 | 160 | 320 | 500 | 250 | {numbers}"
    assert lines[4] == f"| train, 2 models, 1 epoch | 2 | 105,829 | 2 | 160 | 320 |  |  | {numbers}"


@pytest.mark.parametrize("line", ["<!-- table: weather here -->\n<!-- end -->", "<!-- table: bits here -->\n"])
def test_a_wrong_marker_is_named(root, capsys, line):
    (root / "README.md").write_text(line)
    assert main(["--root", str(root)]) == 1
    assert "README.md" in capsys.readouterr().err and (root / "README.md").read_text() == line


def test_this_repositorys_readme_is_current():
    assert main(["--check", "--root", str(REPOSITORY)]) == 0


def test_the_estimates_tables_hold_layers_sums_and_widths(root):
    widths = width_figures(float_model(), "pcen")
    metrics = made_up_metrics()["train"] | {"layers": layer_rows(float_model()), "widths": widths}
    (root / "metrics" / "train.json").write_text(json.dumps(metrics))
    (root / "README.md").write_text(
        "<!-- table: estimate here -->\n<!-- end -->\n<!-- table: widths here -->\n<!-- end -->\n"
    )
    assert main(["--root", str(root)]) == 0
    lines = (root / "README.md").read_text().splitlines()
    assert "| conv | conv | 25 x 20 x 8 | 648 | 320,000 | 648,000 | 640,008 | 640 | 9,336 |" in lines
    assert "| all |  |  | 16,652 | 336,000 | 680,004 | 672,024 | 16,640 | 9,336 |" in lines
    widths = [line.split(" | ")[1:3] for line in lines if line.startswith("| synthetic speech")]
    assert widths[0] == ["w8", "16,640"] and widths[-1] == ["w2", "4,160"]


def test_forms_of_sparse_weights(root):
    model = {"name": "unstructured_900", "amount": 0.9, "weights": 16_640, "not_zero": 1_664, "dense": 16_640}
    forms = {"bitmap": 3_744, "run_lengths_4": 3_000, "run_lengths_8": 3_328, "rice": 2_600, "entropy": 2_500}
    (root / "results" / "sparse_forms.json").write_text(json.dumps({"models": [model | forms]}))
    (root / "README.md").write_text("<!-- table: sparse_forms -->\n<!-- end -->\n")
    assert main(["--root", str(root)]) == 0
    assert "| 90% | 1,664 | 16,640 | 3,744 | 3,000 | 3,328 | 2,600 | 2,500 |" in (root / "README.md").read_text()
