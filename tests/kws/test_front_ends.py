"""The comparison of front ends runs each kind through the graph and keeps figures of that very run."""

import json

import pytest

from kws import front_ends
from kws.errors import DataError, KwsError

METRICS = {
    "train": {"validation_accuracy": 0.9, "test_accuracy": 0.8, "test_accuracy_std": 0.01, "seeds": 3},
    "flash": {"flash_bytes": 50_000},
    "mcu_benchmark": {
        "cycles_are": "modelled",
        "deployed": {
            "preprocess_ms": {"mean": 25.0},
            "preprocess_stride_ms": {"mean": 1.5},
            "preprocess_window_ms": {"mean": 0.75},
        },
    },
}


@pytest.fixture
def runs(monkeypatch):
    """Overrides of each copy, in turn; the graph is a stand-in that writes metrics."""
    seen = []

    def run(folder, _store):
        (folder / "metrics").mkdir(parents=True)
        for place, (name, content) in enumerate(METRICS.items()):
            content = content | ({"test_accuracy": 0.8 + len(seen) / 100} if place == 0 else {})
            (folder / "metrics" / f"{name}.json").write_text(json.dumps(content))

    monkeypatch.setattr(front_ends, "make_copy", lambda _root, _folder, overrides, cache: seen.append(overrides))
    monkeypatch.setattr(front_ends, "run_graph", run)
    return seen


def test_a_row_a_kind(runs, tmp_path):
    (tmp_path / "speech").mkdir()
    rows = json.loads(front_ends.compare_front_ends(tmp_path, "speech").read_text())
    assert [row["kind"] for row in rows] == ["pcen", "log_mel", "mfcc"]
    assert [run["front_end"]["kind"] for run in runs] == ["pcen", "log_mel", "mfcc"]
    assert [row["test_accuracy"] for row in rows] == pytest.approx([0.81, 0.82, 0.83])
    assert all(run["data"]["root"] == str(tmp_path / "speech") for run in runs)
    assert rows[0]["preprocess_stride_ms"] == 1.5 and rows[0]["preprocess_window_ms"] == 0.75
    assert rows[0]["cycles_are"] == "modelled"


def test_no_speech_no_run(runs, tmp_path):
    with pytest.raises(DataError, match="DATA_ROOT=nowhere"):
        front_ends.compare_front_ends(tmp_path, "nowhere")
    assert not runs


def test_a_failed_run_leaves_the_older_file(runs, tmp_path, monkeypatch):
    def fail(_folder, _store):
        raise KwsError("a stage failed")

    monkeypatch.setattr(front_ends, "run_graph", fail)
    (tmp_path / "results").mkdir()
    (tmp_path / front_ends.RESULT).write_text("older")
    with pytest.raises(KwsError):
        front_ends.compare_front_ends(tmp_path, "")
    assert (tmp_path / front_ends.RESULT).read_text() == "older"
