"""Put an image on a board and make sure that it is there: by the hash that the board computes over its own flash.

`flash` is what the stage of that name does; its receipt says which image the board must hold from then on.
`ensure_image` is for whoever measures later: DVC's run cache restores a receipt without running the stage, so the
board may hold another image by then.
"""

import sys
from pathlib import Path

from kws.board.boards import Board
from kws.board.replies import Handshake
from kws.board.session import Session
from kws.errors import ArtifactError, BoardError
from kws.files import sha256

SCHEMA_VERSION = 1


def flash(board: Board, image: Path, tflite_sha256s: tuple[str, ...], timeout_s: float) -> dict:
    """Program the board, start it, greet it, and check that it holds this image and these models.

    Args:
        board: where to.
        image: the bytes of flash from 0x10000 on (Image.bin).
        tflite_sha256s: the models that the image must name, in order.
        timeout_s: how long the board may take to answer.

    Returns:
        The receipt, JSON-serialisable: what `ensure_image` compares with.

    Raises:
        BoardError: the board cannot be programmed or reached, or holds something else afterwards.
    """
    expected = sha256(image.read_bytes())
    if board.can_program:
        board.program(image)
    who = _greet(board, timeout_s)
    if who.image_sha256 != expected:
        raise BoardError(_another_image(board, who, expected, image))
    if tuple(model.tflite_sha256 for model in who.models) != tflite_sha256s:
        names = ", ".join(f"{model.name} ({model.tflite_sha256[:12]})" for model in who.models)
        raise BoardError(
            f"The image on {board.name} carries {names}, not the models that it was built for: rebuild it."
        )
    return {
        "schema": SCHEMA_VERSION,
        "board": board.name,
        "image_sha256": expected,
        "image_bytes": who.image_bytes,
        "models": [{"name": model.name, "tflite_sha256": model.tflite_sha256} for model in who.models],
    }


def ensure_image(board: Board, receipt: dict, image: Path, timeout_s: float) -> bool:
    """Make sure that the board holds the receipt's image before it is measured.

    Returns:
        True where the board had to be programmed again, which is also said on stderr.

    Raises:
        ArtifactError: receipt and image do not belong together.
        BoardError: the board cannot be reached, or holds another image and is not programmed from here.
    """
    expected = _checked(receipt, board, image)
    try:
        who = _greet(board, timeout_s)
        found = None if who.image_sha256 == expected else _another_image(board, who, expected, image)
    except BoardError as error:
        found = str(error)
    if found is None:
        return False
    if not board.can_program:
        raise BoardError(found)
    print(f"Programming {board.name} again: {found}", file=sys.stderr)
    flash(board, image, tuple(model["tflite_sha256"] for model in receipt["models"]), timeout_s)
    return True


def _greet(board: Board, timeout_s: float) -> Handshake:
    with board.open() as port:
        return Session(port, timeout_s).handshake()


def _checked(receipt: dict, board: Board, image: Path) -> str:
    """The hash that the board must report, after making sure that the receipt is about this image and this board."""
    again = "run `dvc repro -f flash` again."
    if receipt.get("schema") != SCHEMA_VERSION:
        raise ArtifactError(
            f"The flash stage's receipt has schema {receipt.get('schema')}, not {SCHEMA_VERSION}: {again}"
        )
    if receipt["board"] != board.name:
        raise ArtifactError(f"The receipt is of board {receipt['board']}, flash.board is {board.name}: {again}")
    found = sha256(image.read_bytes())
    if receipt["image_sha256"] != found:
        raise ArtifactError(f"The receipt is of image {receipt['image_sha256'][:12]}, {image} is {found[:12]}: {again}")
    return found


def _another_image(board: Board, who: Handshake, expected: str, image: Path) -> str:
    what = f"{board.name} holds image {who.image_sha256[:12]} ({who.image_bytes} bytes), not {expected[:12]}."
    if board.can_program:
        return what
    return f"{what} flash.board {board.name} programs nothing: write {image} at 0x10000 with the board's own tool."
