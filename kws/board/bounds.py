"""The bounds of a modelled time: the same image, under cycle models that charge the least and the most.

Goes in: a programmed board, the runs that its models gave, a clip. Comes out: each run's `bounds`, a timing by the name
of a cycle model (kws/board/cycle_models.py); none on a board that measures its cycles. One clip is enough: apart from
a saturation here and there, the firmware takes the same path whatever it hears.
"""

from collections.abc import Sequence

from kws.board.benchmark import Clip, ModelRun
from kws.board.boards import Board
from kws.board.replies import Timing
from kws.board.session import Session
from kws.errors import BoardError


def add_bounds(board: Board, runs: Sequence[ModelRun], clip: Clip, timeout_s: float) -> None:
    """Fill `bounds` of every run: all phases of the first model, its own phases of each further one.

    Raises:
        BoardError: the board cannot be reached, or an output differs from the one before: cycles are all that may.
    """
    for name in board.bounds:
        with board.open(name) as port:
            session = Session(port, timeout_s)
            session.handshake()
            session.upload(clip.samples)
            for index, run in enumerate(runs):
                run.bounds[name] = _timed(session, index)
                _check_output(run, name)


def _timed(session: Session, index: int) -> Timing:
    session.select_model(index)
    session.run()
    return session.time() if index == 0 else session.time_model()


def _check_output(run: ModelRun, name: str) -> None:
    first = next(iter(run.bounds.values()))
    if run.bounds[name].output.label != first.output.label:
        raise BoardError(f"{run.name} gives another label under the cycle model {name}; look at the emulated board.")
