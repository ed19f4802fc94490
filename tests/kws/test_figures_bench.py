"""The picture of the bench's history: a line a model and phase, commits in the order of their dates."""

import pytest
from matplotlib.axes import Axes

from kws.errors import ArtifactError
from kws.figures.bench import bench_history


def rows():
    return [
        {"commit": commit, "date": date, "model": "tiny_conv", "phase": phase, "cycles": cycles, "lower_cycles": low,
         "upper_cycles": None}
        for commit, date, cycles in (("gb2", "2026-02-01", 64_000), ("ga1", "2026-01-01", 128_000))
        for phase, low in (("inference", 32_000), ("unpacking", None), ("inference_portable", None))
    ]  # fmt: skip


def test_lines_go_from_the_oldest_commit_on(tmp_path, monkeypatch):
    drawn = {}
    monkeypatch.setattr(Axes, "plot", lambda self, x, y, *_, **more: drawn.update({more["label"]: (x, y)}))
    monkeypatch.setattr(Axes, "legend", lambda *_, **__: None)
    bench_history(tmp_path / "history.png", rows())
    assert drawn == {"tiny conv": ([0, 1], [2.0, 1.0]), "tiny conv: unpacking": ([0, 1], [2.0, 1.0])}


def test_the_same_rows_give_the_same_bytes(tmp_path):
    for name in ("a.png", "b.png"):
        bench_history(tmp_path / name, rows())
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_no_rows(tmp_path):
    with pytest.raises(ArtifactError, match="holds no row"):
        bench_history(tmp_path / "a.png", [])
