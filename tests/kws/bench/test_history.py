"""The history: a commit has its rows once, and what became slower is said."""

import pytest

from kws.bench import history
from kws.bench.history import Commit, add, changes, counter_version, read_history
from kws.bench.measure import Bench, PhaseRow

OLD, NEW = Commit("g" + "1" * 12, "2026-01-01T00:00:00Z"), Commit("g12e456789012", "2026-01-02T00:00:00Z")


def counted(inference: int, portable: int = 9_000) -> Bench:
    cycles = {"table": inference, "lower": inference - 1, "wait_states": inference + 1, "upper": inference + 2}
    rows = [PhaseRow("tiny", "inference", cycles, 100, 10, 20)]
    return Bench([*rows, PhaseRow("tiny", "inference_portable", {"table": portable}, 100, 10, 20)])


def test_rows_are_read_as_they_were_written(tmp_path):
    path = tmp_path / "history.csv"
    add(path, OLD, counted(1_000))
    rows = add(path, NEW, counted(2_000))
    assert read_history(path) == rows and [row["cycles"] for row in rows] == [1_000, 9_000, 2_000, 9_000]
    assert rows[2]["commit"] == "g12e456789012" and rows[3]["upper_cycles"] is None


def test_the_same_commit_replaces_its_rows(tmp_path):
    path = tmp_path / "history.csv"
    add(path, OLD, counted(1_000))
    add(path, NEW, counted(2_000))
    rows = add(path, NEW, counted(3_000))
    assert [row["cycles"] for row in rows] == [1_000, 9_000, 3_000, 9_000]
    assert read_history(tmp_path / "none.csv") == []


@pytest.mark.parametrize(
    ("cycles", "said"), [(100_501, "SLOWER: inference of tiny 100,000 -> 100,501 cycles (+0.5%) since 111111111111"),
                         (100_499, None), (99_501, None), (90_000, "faster: inference of tiny")],
)  # fmt: skip
def test_half_a_percent_is_said(tmp_path, cycles, said):
    rows = add(tmp_path / "history.csv", OLD, counted(100_000))
    lines = changes(rows, NEW, counted(cycles).phases)
    assert [line[: len(said or "")] for line in lines] == ([said] if said else [])


def test_slower_comes_first_and_another_counter_is_said(tmp_path, monkeypatch):
    rows = add(tmp_path / "history.csv", OLD, counted(1_000))
    monkeypatch.setattr(history, "counter_version", lambda: "v00000000")
    lines = changes(rows, NEW, counted(500, portable=10_000).phases)
    assert [line.split(":")[0] for line in lines] == ["SLOWER", "faster"]
    assert all(line.endswith("counted by another cycle model") for line in lines)


def test_a_later_commit_and_the_own_one_are_not_compared_with(tmp_path):
    rows = add(tmp_path / "history.csv", NEW, counted(1_000))
    assert changes(rows, OLD, counted(2_000).phases) == [] == changes(rows, NEW, counted(2_000).phases)


def test_the_counters_version_is_a_word():
    assert counter_version() == counter_version() and counter_version().startswith("v")
