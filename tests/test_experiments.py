"""docs/experiments.md, its lines run on a tiny corpus: a grid in parallel, one applied, back, a remote."""

import json
import time

import pytest

from tests.conftest import REPOSITORY
from tests.support_docs import commands
from tests.support_laboratory import PATIENCE_S, Laboratory, settled

WIDTHS = (3, 8)  # of the grid's, those that the tiny corpus was trained for
PAGE = [command.words for command in commands(REPOSITORY / "docs" / "experiments.md") if ":" in command.place]


def line(*head: str) -> list[str]:
    """The first line of the page that begins so."""
    return next(words for words in PAGE if words[: len(head)] == list(head))


@pytest.fixture(scope="module")
def laboratory(finished, tmp_path_factory):
    """The finished graph in git, from where the page starts."""
    first = [line(*head) for head in (("dvc", "repro"), ("git", "add"), ("git", "commit"))]
    return settled(finished, tmp_path_factory.mktemp("laboratory") / "clone", *first)


@pytest.fixture(scope="module")
def grid(laboratory) -> dict[int, dict]:
    """Bits -> what DVC says of the experiment, after the queue has run."""
    wanted = [word.replace("range(2, 9)", ",".join(map(str, WIDTHS))) for word in line("dvc", "exp", "run", "--queue")]
    assert f"bits={WIDTHS[0]},{WIDTHS[1]}" in wanted
    laboratory.run(wanted)
    end, start = time.monotonic() + PATIENCE_S, line("dvc", "queue", "start")
    laboratory.run(start)
    while (status := laboratory.run(line("dvc", "queue", "status"))).count("Success") < len(WIDTHS):
        assert "Failed" not in status and time.monotonic() < end, status
        if "Worker status: 0 active, 0 idle" in status and "Running" not in status:
            laboratory.run(start)  # as the page says
        time.sleep(3)
    shown = json.loads(laboratory.run(["dvc", "exp", "show", "--json"]))
    revisions = [entry["revs"][0] for state in shown for entry in state.get("experiments") or []]
    return {revision["data"]["params"]["params.yaml"]["data"]["bits"]: revision for revision in revisions}


def test_a_grid_in_parallel_gives_each_width_its_own_result(grid):
    assert sorted(grid) == sorted(WIDTHS)
    for bits, revision in grid.items():
        metrics = {name: one["data"] for name, one in revision["data"]["metrics"].items()}
        assert metrics["metrics/convert.json"]["deployed"]["bits"] == bits
        assert metrics["metrics/mcu_benchmark.json"]["mismatches_with_host"] == 0


def test_metrics_have_their_stages_names(grid):
    """What an editor's extension shows: it reads the same answer."""
    names = {f"metrics/{path.name}" for path in (REPOSITORY / "metrics").glob("*.json")}
    data = grid[WIDTHS[0]]["data"]
    assert set(data["metrics"]) == names and set(data["params"]) == {"params.yaml"}


def test_the_table_has_a_row_for_each(laboratory, grid):
    table = laboratory.run(line("dvc", "exp", "show", "--drop"))
    assert all(grid[bits]["name"] in table for bits in WIDTHS)


def test_the_best_is_applied_and_taken_back(laboratory, grid):
    laboratory.run(["dvc", "exp", "apply", grid[3]["name"]])
    assert laboratory.bits() == (3, 3)
    laboratory.run(line("git", "checkout"))
    assert "Running stage" not in laboratory.run(["dvc", "repro"])
    assert laboratory.bits() == (8, 8)


def test_a_colleague_trains_nothing(laboratory, grid, tmp_path):
    """`grid`: whose runs the run cache has."""
    store, origin = laboratory.root.parent / "kws-store", laboratory.root.parent / "origin.git"
    laboratory.run([word.replace("/srv/kws-store", str(store)) for word in line("dvc", "remote", "add")])
    laboratory.run(line("git", "commit", "-m", "A store"))
    laboratory.run(line("dvc", "push"))
    laboratory.run(["git", "init", "-q", "-b", "main", "--bare", str(origin)])
    laboratory.run(["git", "remote", "add", "origin", str(origin)])
    laboratory.run(["git", "push", "-q", "origin", "HEAD"])
    laboratory.run(["dvc", "exp", "run", "--name", "narrow", "-S", "bits=3"])
    laboratory.run(["dvc", "exp", "push", "origin", "narrow"])
    clone = Laboratory(laboratory.root.parent / "colleague", tmp_path / "another-store")
    laboratory.run(["git", "clone", "-q", str(origin), str(clone.root)])
    clone.run(line("dvc", "pull"))
    assert "Running stage" not in clone.run(["dvc", "repro"])
    assert "up to date" in clone.run(["dvc", "status"])
    clone.run(["dvc", "exp", "pull", "origin", "narrow"])
    clone.run(["dvc", "exp", "apply", "narrow"])
    assert clone.bits() == (3, 3)
    assert "Running stage" not in clone.run(["dvc", "repro"])
