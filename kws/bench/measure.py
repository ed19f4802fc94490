"""Everything the bench counts of one commit: images are built, models called, the front end timed over the serial port.

Goes in: a repository (this one, or an earlier commit's). Comes out: `Bench`, rows of cycles by model and phase, and of
layers. Logits are compared with TFLite's reference kernels first: cycles of wrong bytes are worth nothing.
"""

import json
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from kws.bench import images
from kws.bench.core import Counted, count
from kws.bench.images import BenchImage, build
from kws.bench.networks import BenchModel, bench_models
from kws.board.boards import EmulatorBoard
from kws.board.cycle_models import BOUNDS, CYCLE_MODELS, TABLE
from kws.board.replies import Timing
from kws.board.session import Session
from kws.errors import BoardError, ParamsError
from kws.features import SAMPLE_RATE_HZ
from kws.files import sha256, write_bytes
from kws.params import load_params
from kws.points import jobs
from kws.tflite.interpreter import reference_logits

CLOCK_HZ = 64_000_000
INFERENCE, UNPACKING, PORTABLE = "inference", "unpacking", "inference_portable"
FRONT_END_PHASES = ("preprocess", "preprocess_stride", "preprocess_window", "postprocess")
MACS_PER_CYCLE_MOST = 2  # of int8, by SMLAD
_LEAST_UNPACKING = 100  # cycles of a prepare() that does something


@dataclass(frozen=True)
class PhaseRow:
    """A phase of a model: cycles by the name of a cycle model, and what is known of the image.

    `macs` is None where a phase has none; flash_bytes and ram_bytes are of the image with this model alone.
    """

    model: str
    phase: str
    cycles: dict[str, int]
    macs: int | None
    flash_bytes: int
    ram_bytes: int

    @property
    def ms(self) -> float:
        """At 64 MHz, by the table."""
        return self.cycles[TABLE] * 1e3 / CLOCK_HZ

    @property
    def macs_per_cycle(self) -> float | None:
        """By the table."""
        return self.macs / self.cycles[TABLE] if self.macs else None

    @property
    def floor_share(self) -> float | None:
        """Cycles that the multiplications need at MACS_PER_CYCLE_MOST, of those that the table counts."""
        return self.macs_per_cycle / MACS_PER_CYCLE_MOST if self.macs else None


@dataclass(frozen=True)
class LayerRow:
    """One layer of an inference, by the table."""

    model: str
    layer: str
    macs: int
    cycles: int


@dataclass
class Bench:
    """What was counted; `notes` says what could not be."""

    phases: list[PhaseRow] = field(default_factory=list)
    layers: list[LayerRow] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def measure(repository: Path, folder: Path, here: bool = True) -> Bench:
    """Build and count.

    Args:
        repository: whose compiler and firmware build the images.
        folder: for images and sources, empty or not there.
        here: whether `kws` is the repository's own; else each image is built by a process of its own, and a model that
            the repository's compiler refuses is left out with a note.

    Raises:
        ModelError, BuildError, BoardError: an image cannot be built or run, or gives other logits than TFLite.
    """
    bench, models = Bench(), bench_models()
    with ProcessPoolExecutor(jobs(), multiprocessing.get_context("spawn")) as pool:
        tasks = [(model, repository, folder / model.name, here, False) for model in models]
        tasks += [(model, repository, folder / f"{model.name}_portable", here, True) for model in models if here]
        built = list(pool.map(_build, *zip(*tasks, strict=True)))
        bench.notes += [text for text in built if isinstance(text, str)]
        ready = [(task[0], task[4], one) for task, one in zip(tasks, built, strict=True) if not isinstance(one, str)]
        runs = [(*one, name) for one in ready for name in _counted_by(one[1] or not here)]
        counted = pool.map(_count, *zip(*reversed(runs), strict=True)) if runs else ()
        results = dict(zip(((one.elf, name) for _, _, one, name in reversed(runs)), counted, strict=True))
    for model, portable, image in ready:
        counted_by = _counted_by(portable or not here)
        _add_model(bench, model, portable, image, {name: results[image.elf, name] for name in counted_by})
    if ready:
        _add_front_end(bench, repository, ready[0][2], folder / "board", _counted_by(not here))
    return bench


def _counted_by(to_compare: bool) -> Sequence[str]:
    """For what is there to compare with, the portable kernels and earlier commits, the table will do."""
    return (TABLE,) if to_compare else (TABLE, *BOUNDS)


def _build(model: BenchModel, repository: Path, folder: Path, here: bool, portable: bool) -> BenchImage | str:
    if here:
        return build(model.name, model.tflite, repository, folder, portable)
    tflite = folder / f"{model.name}.tflite"
    tflite.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(tflite, model.tflite)
    command = [sys.executable, "-P", images.__file__, model.name, str(tflite), str(repository), str(folder)]
    environment = os.environ | {"PYTHONPATH": str(repository)}
    done = subprocess.run(command, env=environment, cwd=repository, capture_output=True, text=True, check=False)
    if done.returncode:
        return f"{model.name} is not built: {done.stderr.strip().splitlines()[-1]}"
    return BenchImage(**json.loads(done.stdout))


def _count(model: BenchModel, _portable: bool, image: BenchImage, cycle_model: str) -> Counted:
    features = np.random.default_rng(0).integers(-128, 128, model.input_shape).astype(np.int8)
    counted = count(Path(image.elf), sha256(model.tflite), features, CYCLE_MODELS[cycle_model])
    expected = reference_logits(model.tflite, features[None])[0]
    if not np.array_equal(counted.logits, expected):
        raise BoardError(
            f"{model.name} gives {counted.logits.tolist()} on the core and {expected.tolist()} by TFLite's reference "
            f"kernels: mend the kernels before you time them (image {image.elf})."
        )
    return counted


def _add_model(bench: Bench, model: BenchModel, portable: bool, image: BenchImage, counted: dict[str, Counted]) -> None:
    inference = {name: one.inference for name, one in counted.items()}
    sizes = (image.flash_bytes, image.ram_bytes)
    bench.phases.append(PhaseRow(model.name, PORTABLE if portable else INFERENCE, inference, image.macs, *sizes))
    if portable:
        return
    if counted[TABLE].prepare >= _LEAST_UNPACKING:
        unpacking = {name: one.prepare for name, one in counted.items()}
        bench.phases.append(PhaseRow(model.name, UNPACKING, unpacking, None, *sizes))
    calls = counted[TABLE].calls
    if len(calls) != len(image.calls):
        bench.notes.append(f"{model.name}: {len(calls)} calls where its C has {len(image.calls)}, so none by layer.")
        return
    cycles = [0] * len(image.layers)
    for layer, spent in zip(image.calls, calls, strict=True):
        cycles[layer] += spent
    bench.layers += [
        LayerRow(model.name, title, macs, spent) for (title, macs), spent in zip(image.layers, cycles, strict=True)
    ]


def _add_front_end(
    bench: Bench, repository: Path, image: BenchImage, folder: Path, cycle_models: Sequence[str]
) -> None:
    """What comes before and after a model, timed by the firmware itself; of tiny_conv's image.

    An earlier commit's protocol or parameters may not be today's: a note says so.
    """
    try:
        params = load_params(repository / "params.yaml")
        board = EmulatorBoard(params.flash.baud, folder)
        board.program(Path(image.elf).with_suffix(".bin"))
        timings = {name: _timed(board, name, params.flash.timeout_s) for name in cycle_models}
    except (BoardError, ParamsError) as error:
        bench.notes.append(f"No front end: {error}")
        return
    for phase in FRONT_END_PHASES:
        cycles = {name: timing.cycles[phase] for name, timing in timings.items()}
        sizes = (image.flash_bytes, image.ram_bytes)
        bench.phases.append(PhaseRow(f"front_end_{params.front_end.kind}", phase, cycles, None, *sizes))


def _timed(board: EmulatorBoard, cycle_model: str, timeout_s: float) -> Timing:
    """On a second of noise."""
    noise = np.random.default_rng(0).normal(0, 3000, SAMPLE_RATE_HZ).astype(np.int16)
    with board.open(cycle_model) as port:
        session = Session(port, timeout_s)
        session.handshake()
        session.upload(noise)
        session.run()
        return session.time()
