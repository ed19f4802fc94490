"""What the bench prints and keeps, from made-up counts."""

from kws.bench.history import Commit
from kws.bench.measure import Bench, LayerRow, PhaseRow
from kws.bench.peers import read_peers
from kws.bench.report import as_json, text
from tests.conftest import REPOSITORY

COMMIT = Commit("g123456789012", "2026-01-01T00:00:00Z")
CYCLES = {"table": 640_000, "lower": 600_000, "wait_states": 700_000, "upper": 800_000}
BENCH = Bench(
    [
        PhaseRow("tiny_conv", "inference", CYCLES, 320_000, 50_000, 60_000),
        PhaseRow("tiny_conv", "inference_portable", {"table": 6_400_000}, 320_000, 49_000, 60_000),
        PhaseRow("front_end_pcen", "preprocess", CYCLES, None, 50_000, 60_000),
    ],
    [
        LayerRow("tiny_conv", "operator 0 CONV_2D", 320_000, 600_000),
        LayerRow("tiny_conv", "operator 1 MEAN", 0, 40_000),
    ],
    ["something could not be had"],
)


def test_json_holds_every_figure_with_its_unit():
    kept = as_json(COMMIT, [], BENCH)
    first, portable, front_end = kept["phases"]
    assert (kept["commit"], kept["cycles_are"], kept["floor_macs_per_cycle"]) == ("g123456789012", "modelled", 2)
    assert (first["cycles"], first["upper_cycles"], first["ms"]) == (640_000, 800_000, 10.0)
    assert (first["macs_per_cycle"], first["floor_share"]) == (0.5, 0.25)
    assert portable["lower_cycles"] is None and front_end["floor_share"] is None
    assert [layer["macs_per_cycle"] for layer in kept["layers"]] == [0.5333, None]
    assert as_json(COMMIT, [], BENCH) == kept


def test_text_marks_what_was_quoted_and_defines_the_floor():
    said = text(BENCH, read_peers(REPOSITORY / "references" / "mcu_peers.json"), ["SLOWER: something"])
    lines = said.splitlines()
    (inference,) = [line for line in lines if line.startswith("tiny_conv       inference     ")]
    cells = "640,000 600,000 700,000 800,000 10.000 0.500 25.0% 50,000 60,000"
    assert " ".join(inference.split()[2:]) == cells
    assert "two multiply-accumulates of int8 (SMLAD)" in said and "SLOWER: something" in said
    quoted = [line for line in lines if "CMSIS-NN" in line]
    assert quoted and all("quoted" in line for line in quoted)
    assert sum(line.endswith("this run") for line in lines) == 2
    assert "note: something could not be had" in said


def test_nothing_that_changed_is_said_too():
    said = text(Bench(BENCH.phases), read_peers(REPOSITORY / "references" / "mcu_peers.json"), [])
    assert "No phase differs by more than 0.5%" in said
