"""`flash`: candidates -> C -> two firmware images; the one with every model goes onto the board.

The image that carries the deployed model alone is what a product would ship: its sizes are the ones compared with the
estimate. The benchmark image carries every candidate, so that one programming serves the whole curve.
"""

import json
import tempfile
from pathlib import Path

from kws.board.boards import Board, board_named
from kws.board.build import Image, build_image
from kws.board.flashing import flash
from kws.board.sizes import Part, model_bytes, parts
from kws.codegen import Generated, generate
from kws.conversion_manifest import Candidate, read_candidates
from kws.params import Params

SHIPPED, BENCHMARK = "shipped", "benchmark"


def deploy(candidates_folder: Path, estimates: Path, folder: Path, params: Params) -> dict:
    """Build both images into a folder, program the board, check what it holds, and return the receipt with the sizes.

    Raises:
        ArtifactError: the candidates cannot be used.
        ModelError, BuildError: a model cannot be compiled, or an image does not fit the chip.
        BoardError: the board is not there, or holds something else after programming.
    """
    candidates, board = read_candidates(candidates_folder), board_named(params.flash)
    shipped, (model,) = _build(candidates[:1], folder / SHIPPED, params)
    benchmark, models = _build(candidates, folder / BENCHMARK, params, board)
    found = parts(benchmark.elf.read_bytes())
    hashes = tuple(candidate.tflite_sha256 for candidate, _ in candidates)
    receipt = flash(board, benchmark_image(folder, board), hashes, params.flash.timeout_s)
    estimate = json.loads(estimates.read_text())["deployed"]
    return {
        **receipt,
        "flash_bytes": shipped.flash_bytes,
        "ram_bytes": shipped.ram_bytes,
        "benchmark_flash_bytes": benchmark.flash_bytes,
        "benchmark_ram_bytes": benchmark.ram_bytes,
        "weight_bytes": model.weight_bytes,
        "stored": [_stored(one, found) for one in models],
        "shipped_image_sha256": shipped.sha256,
        "flash_estimate_error": estimate["flash_bytes_estimate"] / shipped.flash_bytes - 1,
        "ram_estimate_error": estimate["ram_bytes_estimate"] / shipped.ram_bytes - 1,
    }


def benchmark_image(folder: Path, board: Board) -> Path:
    """What this board was programmed with, in the folder that `deploy` filled."""
    return folder / BENCHMARK / board.image_file


def _stored(model: Generated, found: list[Part]) -> dict:
    """What a model takes of the benchmark image: its weights, and all that is its own, without the shared kernels."""
    weighted = [layer for layer in model.layers if layer.weights]
    return {
        "name": model.name,
        "weights": sum(layer.weights for layer in weighted),
        "weight_bytes": model.weight_bytes,
        "flash_bytes": model_bytes(found, model.name),
        "forms": [layer.form for layer in weighted],
    }


def _build(
    candidates: list[tuple[Candidate, bytes]], folder: Path, params: Params, board: Board | None = None
) -> tuple[Image, list[Generated]]:
    """An image with these models, beside it what else the board takes, and what the compiler says of the models."""
    with tempfile.TemporaryDirectory() as generated:
        models = generate([(candidate.name, tflite) for candidate, tflite in candidates], Path(generated))
        image = build_image(Path(generated), params.front_end, folder, params.flash.baud)
        if board is not None:
            board.prepare(Path(generated), params.front_end, folder)
    return image, models
