"""What an inference takes on the emulated board, before anything is deployed: .tflite files in, milliseconds out."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from kws.board.boards import EmulatorBoard
from kws.board.build import build_image
from kws.board.session import Session
from kws.codegen import generate
from kws.features import SAMPLE_RATE_HZ
from kws.params import Params


def modelled_inference_ms(models: Mapping[str, bytes], params: Params) -> dict[str, float]:
    """By name: of one inference on silence, by the cycle model without wait states. Needs the firmware's compiler.

    Raises:
        ModelError, BuildError: a model cannot be compiled, or the image with all of them does not fit the chip.
        BoardError: the emulated board fails.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        generate(list(models.items()), folder / "generated")
        image = build_image(folder / "generated", params.front_end, folder / "image", params.flash.baud)
        board = EmulatorBoard(params.flash.baud, folder / "board")
        board.program(image.bin)
        with board.open() as port:
            session = Session(port, params.flash.timeout_s)
            session.handshake()
            session.upload(np.zeros(SAMPLE_RATE_HZ, np.int16))
            return {name: _timed(session, index) for index, name in enumerate(models)}


def _timed(session: Session, index: int) -> float:
    session.select_model(index)
    session.run()
    return session.time_model().ms("inference")
