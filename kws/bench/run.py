"""The bench from end to end: count, compare with the history, write. A repository goes in; text comes out.

results/bench.json holds the last run. results/bench_history.csv gets rows where what was counted is a commit: with
files that differ from it, nothing is kept. results/bench_history.png is the picture of the latter.
"""

import tempfile
from pathlib import Path

from kws.bench import history, report
from kws.bench.commits import changed, commit_of, work_tree
from kws.bench.measure import Bench, measure
from kws.bench.peers import read_peers
from kws.figures.bench import bench_history
from kws.files import write_json
from kws.tables import Row

LATEST = Path("results") / "bench.json"
HISTORY = Path("results") / "bench_history.csv"
PICTURE = Path("results") / "bench_history.png"
PEERS = Path("references") / "mcu_peers.json"


def bench_here(repository: Path) -> str:
    """Count the repository as it is.

    Raises:
        KwsError: a model cannot be built or run, or gives other logits than TFLite; nothing is written then.
    """
    peers, commit, dirty = read_peers(repository / PEERS), commit_of(repository), changed(repository)
    bench = _measured(repository)
    differences = history.changes(history.read_history(repository / HISTORY), commit, bench.phases)
    write_json(repository / LATEST, report.as_json(commit, dirty, bench))
    said = report.text(bench, peers, differences)
    if dirty:
        return f"{said}\n\nNot kept in the history: uncommitted changes in {', '.join(dirty[:5])}."
    _keep(repository, history.add(repository / HISTORY, commit, bench))
    return f"{said}\n\nWritten: {LATEST}, {HISTORY}, {PICTURE}."


def bench_commit(repository: Path, revision: str) -> str:
    """Count an earlier commit: its compiler and its firmware, on today's emulator and by today's table.

    Raises:
        KwsError: there is no such commit, or a model gives other logits than TFLite.
    """
    commit = commit_of(repository, revision)
    with tempfile.TemporaryDirectory() as name, work_tree(repository, revision, Path(name) / "tree") as tree:
        bench = measure(tree, Path(name) / "images", here=False)
    differences = history.changes(history.read_history(repository / HISTORY), commit, bench.phases)
    _keep(repository, history.add(repository / HISTORY, commit, bench))
    notes = [f"note: {note}" for note in bench.notes]
    return "\n".join([f"{commit.name}: {len(bench.phases)} phases", *notes, *differences])


def _measured(repository: Path) -> Bench:
    with tempfile.TemporaryDirectory() as name:
        return measure(repository, Path(name))


def _keep(repository: Path, rows: list[Row]) -> None:
    bench_history(repository / PICTURE, rows)
