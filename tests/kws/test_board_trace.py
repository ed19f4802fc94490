"""`python -m kws trace` on the emulated board: the phase's cycles to the last one, in every file that it writes."""

import csv
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from kws.__main__ import main
from kws.board.boards import EmulatorBoard
from kws.board.build import build_image
from kws.board.session import Session
from kws.board_trace import trace, trace_text, write_trace_files
from kws.codegen import generate
from kws.compiled_benchmark import benchmark_compiled
from kws.errors import BoardError, DataError, ModelError
from kws.yaml_files import dump
from tests.support_learning import PARAMS, params
from tests.support_tflite import Conv, Dense, Depthwise, Reshape, build

PHASES = ("preprocess_stride", "preprocess_window", "inference", "postprocess")


def tiny_conv(filters: int, seed: int) -> bytes:
    return build((49, 40, 1), [Conv(filters, (10, 8), (2, 2)), Reshape((500 * filters,)), Dense(4)], seed)


@pytest.fixture(scope="module")
def flashed(tmp_path_factory):
    """An emulated board in a store of its own, with two models."""
    folder = tmp_path_factory.mktemp("trace")
    generate([("deployed", tiny_conv(4, 1)), ("smaller", tiny_conv(2, 2))], folder / "generated")
    image = build_image(folder / "generated", params().front_end, folder / "image", params().flash.baud)
    board = EmulatorBoard(params().flash.baud, folder / "store" / "board")
    board.program(image.bin)
    return folder / "store"


@pytest.fixture
def store(flashed, monkeypatch):
    monkeypatch.setenv("KWS_STORE", str(flashed))
    return flashed


def plain_cycles(index: int) -> dict[str, int]:
    """What the board reports without a trace, on the same clip."""
    from kws.board_trace import _samples

    with EmulatorBoard(params().flash.baud).open() as port:
        session = Session(port, 20.0)
        session.handshake()
        session.select_model(index)
        session.upload(_samples(None))
        return session.time().cycles


def test_a_trace_adds_up_to_the_phase_without_a_trace(store, tmp_path):
    expected = plain_cycles(0)
    for phase in PHASES:
        traced = trace(params(), phase, "table")
        assert traced.model == "deployed" and traced.profile.cycles == expected[phase]
        table, folded, svg = write_trace_files(traced, tmp_path / phase)
        rows = list(csv.DictReader(table.read_text().splitlines()))
        assert sum(int(row["cycles"]) for row in rows) == expected[phase]
        assert abs(sum(float(row["share"]) for row in rows) - 1) < 1e-9
        lines = folded.read_text().splitlines()
        assert sum(int(line.rsplit(" ", 1)[1]) for line in lines) == expected[phase]
        assert all("counted;" in line for line in lines)  # the bench's function around each phase
        assert f"{phase} of deployed on the emulated board (modelled" in ElementTree.parse(svg).getroot()[1].text


def test_another_model_of_the_image_and_another_cycle_model(store):
    expected = plain_cycles(1)
    smaller = trace(params(), "inference", "table", candidate="smaller")
    assert smaller.profile.cycles == expected["inference"]
    upper = trace(params(), "inference", "upper", candidate="smaller")
    assert upper.profile.cycles > smaller.profile.cycles  # its waits for memory are traced too
    executed = [{b.address: b.executions for b in t.profile.merged_blocks()} for t in (smaller, upper)]
    assert executed[0] == executed[1]
    with pytest.raises(BoardError, match="--candidate larger: the image on the emulated board has deployed, smaller"):
        trace(params(), "inference", "table", candidate="larger")


def test_the_text_names_the_functions_of_the_kernels(store):
    text = trace_text(trace(params(), "inference", "table"), blocks_shown=3)
    functions, blocks = text.split("\n\n")[1:]
    assert any(line.startswith("kws_m4_conv") for line in functions.splitlines()[1:3])  # the hottest
    assert len(blocks.splitlines()) == 1 + 3 and "+0x" in blocks


def test_a_model_from_elsewhere_leaves_the_flashed_image_alone(store, tmp_path, capsys):
    before = (store / "board" / "emulator.flash").read_bytes()
    (tmp_path / "m.tflite").write_bytes(tiny_conv(2, 7))
    (tmp_path / "params.yaml").write_text(dump(PARAMS))
    words = ["trace", "--params", str(tmp_path / "params.yaml"), "-o", str(tmp_path / "out")]
    assert main([*words, "--model", str(tmp_path / "m.tflite"), "--phase", "postprocess"]) == 0
    assert "postprocess of model on the emulated board" in capsys.readouterr().out
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["trace.csv", "trace.folded", "trace.svg"]
    assert (store / "board" / "emulator.flash").read_bytes() == before
    assert main([*words, "--phase", "lunch"]) == 1
    assert "--phase lunch: it is one of preprocess" in " ".join(capsys.readouterr().err.split())


def test_a_model_of_another_input_is_traced_as_the_benchmark_counts_it(tmp_path):
    tflite = build((12, 10, 3), [Conv(8, (3, 3)), Depthwise((3, 3)), Reshape((960,)), Dense(4)], 3)
    (tmp_path / "m.tflite").write_bytes(tflite)
    for cycle_model, cycles in benchmark_compiled(tflite).cycles.items():
        traced = trace(params(), "inference", cycle_model, model=tmp_path / "m.tflite")
        assert traced.profile.cycles == cycles and traced.cycle_model == cycle_model
        names = {cost.name for cost in traced.profile.functions() if cost.self_cycles}
        assert {"kws_depthwise_conv_2d", "kws_fully_connected"} <= names
    with pytest.raises(
        ModelError, match=r"takes 360 bytes .* the front end gives 1960 .*Leave out --phase preprocess_"
    ):
        trace(params(), "preprocess_stride", "table", model=tmp_path / "m.tflite")
    with pytest.raises(ModelError, match=r"only its inference is traced, on noise\. Leave out --clip a\.wav"):
        trace(params(), "inference", "table", model=tmp_path / "m.tflite", clip=Path("a.wav"))


def test_what_is_not_there_is_named(store, tmp_path, monkeypatch):
    with pytest.raises(ModelError, match=r"--model .*none\.tflite cannot be read"):
        trace(params(), "inference", "table", model=tmp_path / "none.tflite")
    with pytest.raises(DataError, match=r"--clip .*none\.wav: "):
        trace(params(), "inference", "table", clip=tmp_path / "none.wav")
    monkeypatch.setenv("KWS_STORE", str(tmp_path))
    with pytest.raises(BoardError, match="flash is empty"):
        trace(params(), "inference", "table")
    (tmp_path / "board").mkdir()
    (tmp_path / "board" / "emulator.flash").write_bytes(b"")
    with pytest.raises(BoardError, match=r"has no emulator\.elf: run `dvc repro -f flash`"):
        trace(params(), "inference", "table")
