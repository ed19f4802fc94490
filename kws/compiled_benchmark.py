"""What a compiled model takes on the emulated nRF52840: a .tflite goes in; modelled cycles, flash and RAM come out.

The image is the firmware's with this model alone. Its prepare() and invoke() are called on a bare core
(kws/bench/core.py), so that a model of any input size is counted; what it computes is compared with TFLite's reference
kernels first.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kws.bench.core import count
from kws.bench.images import BenchImage, build
from kws.board.cycle_models import CYCLE_MODELS, TABLE, WAIT_STATES
from kws.board.memory import HOW_TO_SHRINK
from kws.codegen.lowering import lower
from kws.errors import BoardError, BuildError, MisfitError
from kws.files import sha256
from kws.tflite.interpreter import reference_logits
from kws.tflite.reader import read_graph
from kws.workspace import repository_root

CLOCK_HZ = 64_000_000  # of the nRF52840


@dataclass(frozen=True)
class CompiledBenchmark:
    """One inference of random features, and the image with the model; cycles by the name of a cycle model."""

    cycles: dict[str, int]
    macs: int
    flash_bytes: int
    ram_bytes: int
    compared: bool  # whether the outputs were compared: models with float ends are not

    def text(self) -> str:
        """In a few lines."""
        table, waiting = (self.cycles[name] * 1e3 / CLOCK_HZ for name in (TABLE, WAIT_STATES))
        rate = f", {self.macs / self.cycles[TABLE]:.2f} MAC a cycle" if self.macs else ""
        bytes_are = "bytes as TFLite's reference kernels give them" if self.compared else "not compared: float ends"
        return (
            f"An inference on the emulated nRF52840, modelled: {self.cycles[TABLE]:,} cycles, {table:.3f} ms at 64 MHz"
            f"{rate}; with wait states {waiting:.3f} ms; {bytes_are}.\n"
            f"The firmware with this model alone: {self.flash_bytes:,} bytes of flash, {self.ram_bytes:,} of RAM."
        )


def benchmark_compiled(tflite: bytes, name: str = "model") -> CompiledBenchmark:
    """Build, run, compare, count.

    Raises:
        ModelError, BuildError: the model is refused, or the image does not fit the chip.
        BoardError: its code cannot run, or computes other bytes than TFLite.
    """
    features = noise_for(tflite)
    with tempfile.TemporaryDirectory() as folder:
        image = built_alone(name, tflite, Path(folder) / "benchmark")
        counted = {
            which: count(Path(image.elf), sha256(tflite), features, CYCLE_MODELS[which])
            for which in (TABLE, WAIT_STATES)
        }
    compared = _compared(tflite, features, counted[TABLE].logits)
    cycles = {which: one.inference for which, one in counted.items()}
    return CompiledBenchmark(cycles, image.macs, image.flash_bytes, image.ram_bytes, compared)


def noise_for(tflite: bytes) -> np.ndarray:
    """As many int8 as the model takes; always the same."""
    return np.random.default_rng(0).integers(-128, 128, lower(read_graph(tflite)).input_bytes).astype(np.int8)


def built_alone(name: str, tflite: bytes, folder: Path) -> BenchImage:
    """The image; one that is too large is refused with what a model from elsewhere can change."""
    try:
        return build(name, tflite, repository_root(), folder)
    except MisfitError as error:
        raise BuildError(
            f"The firmware with this model alone does not fit the board: it {error.needs}. {HOW_TO_SHRINK}; without "
            "--benchmark it is compiled all the same."
        ) from error


def _compared(tflite: bytes, features: np.ndarray, logits: np.ndarray) -> bool:
    """Whether TFLite gives these logits too; False where its ends are floats. Raises BoardError where it does not."""
    graph = read_graph(tflite)
    if not graph.inputs[0].dtype == graph.outputs[0].dtype == "int8":
        return False
    if (reference_logits(tflite, features[None])[0] != logits).any():
        raise BoardError("the compiled model gives other bytes than TFLite: please report it, with the .tflite.")
    return True
