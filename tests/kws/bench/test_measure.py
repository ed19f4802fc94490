"""The bench of one small model: every phase, the layers, and a model whose bytes are wrong."""

import numpy as np
import pytest

from kws.bench import measure as module
from kws.bench.core import Counted
from kws.bench.measure import FRONT_END_PHASES, PhaseRow, measure
from kws.errors import BoardError
from tests.conftest import REPOSITORY


@pytest.fixture(scope="module")
def bench(small, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "bench_models", lambda: (small,))
        patch.setenv("KWS_JOBS", "1")
        return measure(REPOSITORY, tmp_path_factory.mktemp("measure"))


def test_every_phase_is_counted(bench):
    phases = [(row.model.partition("_")[0], row.phase) for row in bench.phases]
    models = [("small", "inference"), ("small", "unpacking"), ("small", "inference_portable")]
    assert phases == [*models, *(("front", phase) for phase in FRONT_END_PHASES)] and bench.notes == []


def test_the_assembly_is_faster_than_portable_c(bench):
    own, _, portable = bench.phases[:3]
    assert 2 * own.cycles["table"] < portable.cycles["table"] and own.macs == portable.macs
    assert own.cycles["lower"] < own.cycles["table"] < own.cycles["wait_states"] < own.cycles["upper"]


def test_layers_add_up(bench):
    assert sum(layer.cycles for layer in bench.layers) == bench.phases[0].cycles["table"]
    assert sum(layer.macs for layer in bench.layers) == bench.phases[0].macs


def test_shares_of_the_floor():
    row = PhaseRow("m", "inference", {"table": 64_000}, 64_000, 1, 1)
    assert (row.ms, row.macs_per_cycle, row.floor_share) == (1.0, 1.0, 0.5)


def test_wrong_logits_are_refused(small, image, monkeypatch):
    wrong = Counted(np.zeros(4, np.int8), 1, 1, (1, 0))
    monkeypatch.setattr(module, "count", lambda *_: wrong)
    with pytest.raises(BoardError, match=r"small gives \[0, 0, 0, 0\] on the core"):
        module._count(small, False, image, "table")


def test_an_earlier_commits_failure_is_a_note(small, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "bench_models", lambda: (small,))
    monkeypatch.setenv("KWS_JOBS", "1")
    empty = tmp_path / "empty"
    empty.mkdir()
    found = measure(empty, tmp_path / "images", here=False)
    assert found.phases == [] and found.notes[0].startswith("small is not built: ")
