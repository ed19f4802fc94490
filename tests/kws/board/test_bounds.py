"""Lower and upper bounds of a modelled time, of a small model on the emulated board; none of a measured one."""

import numpy as np
import pytest

from kws.board.benchmark import Clip, ModelRun
from kws.board.boards import AnyBoard, EmulatorBoard
from kws.board.bounds import add_bounds
from kws.board.build import build_image
from kws.board.cycle_models import BOUNDS
from kws.board.session import Session
from kws.codegen import generate
from kws.errors import BoardError
from tests.support_tflite import Conv, Dense, Reshape, build

BAUD, TIMEOUT_S = 115200, 20.0


@pytest.fixture(scope="module")
def board(front_end, tmp_path_factory) -> EmulatorBoard:
    folder = tmp_path_factory.mktemp("bounds")
    layers = [Conv(2, (10, 8), (2, 2)), Reshape((1000,)), Dense(4)]
    generate([("small", build((49, 40, 1), layers, 1))], folder / "generated")
    made = EmulatorBoard(BAUD, folder / "board")
    made.program(build_image(folder / "generated", front_end, folder / "image", BAUD).bin)
    return made


def test_every_phase_lies_between_its_bounds(board, clips):
    run = ModelRun("small", "0" * 64)
    add_bounds(board, [run], Clip("tone", clips[4], 0), TIMEOUT_S)
    assert tuple(run.bounds) == BOUNDS
    with board.open() as port:
        session = Session(port, TIMEOUT_S)
        session.handshake()
        session.upload(clips[4])
        table = session.time()
    for phase, cycles in table.cycles.items():
        lower, waiting, upper = (run.bounds[name].cycles[phase] for name in BOUNDS)
        assert 0 < lower < cycles < waiting < upper < 4 * cycles
    assert np.array_equal(table.output.logits, run.bounds["upper"].output.logits)


def test_a_board_that_measures_has_no_bounds_and_takes_no_model():
    run, board = ModelRun("any", "0" * 64), AnyBoard("loop://", BAUD)
    add_bounds(board, [run], Clip("silence", np.zeros(16000, np.int16), 0), TIMEOUT_S)
    assert run.bounds == {}
    with pytest.raises(BoardError, match="any counts cycles itself"), board.open("upper"):
        pass
