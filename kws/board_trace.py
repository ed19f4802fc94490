"""`python -m kws trace`: a model on the emulated board -> where a phase's cycles went, as text, tables and picture.

The traced run is the timed run of the firmware's own bench, and the traced cycles add up to the count that it reports.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kws.audio import problem_of, read_clip
from kws.bench.core import count
from kws.board.boards import EmulatorBoard
from kws.board.boards.ports import opened
from kws.board.build import build_image
from kws.board.cycle_models import CYCLE_MODELS
from kws.board.emulator import running_emulator
from kws.board.faults import Symbols
from kws.board.profile import Profile, interval_of_phase, profile_of
from kws.board.protocol import CLASSES_MAX, CLIP_SAMPLES
from kws.board.replies import Handshake
from kws.board.session import Session
from kws.board.trace_file import read_trace
from kws.board.tracing import Interval, Tracer, joined
from kws.codegen import generate
from kws.codegen.layers import Network
from kws.codegen.lowering import lower
from kws.compiled_benchmark import CLOCK_HZ, built_alone, noise_for
from kws.errors import BoardError, DataError, ModelError
from kws.features import BANDS, FRAMES
from kws.figures.flame import flame_graph
from kws.files import sha256, write_text
from kws.params import Params
from kws.tables import write_table
from kws.tflite.reader import read_graph

_COLUMNS = ("function", "block", "address", "size_bytes", "executions", "cycles", "share")
_NOISE_AMPLITUDE = 1000.0  # of int16: a quiet room's, so that every phase has something to do


@dataclass(frozen=True)
class Traced:
    """A phase of a model under a cycle model, and where its cycles went; cycles are modelled."""

    model: str
    phase: str
    cycle_model: str
    clock_hz: int
    profile: Profile


def trace(
    params: Params,
    phase: str,
    cycle_model: str,
    model: Path | None = None,
    candidate: str | None = None,
    clip: Path | None = None,
) -> Traced:
    """Run a clip through a model on the emulated board, timed and traced.

    Args:
        params: front end, rate and time-out.
        phase: one of kws.board.protocol.PHASES.
        cycle_model: a name of kws.board.cycle_models.CYCLE_MODELS.
        model: a .tflite to build an image of; one whose sizes are not the bench's runs on a bare core, on noise, its
            inference alone; without it the image that the emulated board holds.
        candidate: name of a model of that image; without it the first.
        clip: WAV, of which a second is taken; without it a second of noise.

    Raises:
        BoardError: no image, no such candidate, or the board fails.
        ModelError, BuildError: the model cannot be compiled or does not fit.
        DataError: the clip cannot be read.
    """
    if model is not None:
        tflite = _read(model)
        network = lower(read_graph(tflite))
        if network.input_bytes != FRAMES * BANDS or network.classes > CLASSES_MAX:
            _refuse_clip(model, network, phase, clip)
            return _traced_alone(tflite, cycle_model)
    samples = _samples(clip)
    with _board(params, model) as board, tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "trace.json"
        elf = board.elf_file
        with (
            running_emulator(board.flash_file, elf=elf, cycle_model=cycle_model, trace=file) as url,
            opened(url, params.flash.baud, board.name) as port,
        ):
            session = Session(port, params.flash.timeout_s)
            index, name = _chosen(session.handshake(), candidate)
            session.select_model(index)
            session.upload(samples)
            timing = session.time()
            intervals = read_trace(file)
        profile = profile_of(interval_of_phase(intervals, timing.cycles, phase), Symbols(elf.read_bytes()))
    return Traced(name, phase, cycle_model, timing.clock_hz, profile)


def trace_text(traced: Traced, blocks_shown: int) -> str:
    """Functions, then the hottest blocks, as tables for a terminal."""
    cycles = traced.profile.cycles
    ms = 1e3 * cycles / traced.clock_hz
    functions = [
        (
            cost.name,
            f"{cost.calls:,}",
            f"{cost.self_cycles:,}",
            _share(cost.self_cycles, cycles),
            f"{cost.total_cycles:,}",
        )
        for cost in traced.profile.functions()
        if cost.self_cycles
    ]
    blocks = [
        (block.place, f"{block.size_bytes}", f"{block.executions:,}", f"{block.cycles:,}", _share(block.cycles, cycles))
        for block in traced.profile.merged_blocks()[:blocks_shown]
    ]
    return "\n\n".join(
        [
            f"{_title(traced)}: {cycles:,} cycles, {ms:.3f} ms at {traced.clock_hz / 1e6:g} MHz",
            _table(("function", "calls", "own cycles", "share", "with what it calls"), functions),
            _table(("block", "bytes", "executions", "cycles", "share"), blocks),
        ]
    )


def write_trace_files(traced: Traced, folder: Path) -> list[Path]:
    """Write trace.csv (blocks, hottest first), trace.folded (call stacks) and trace.svg (flame graph)."""
    paths = [folder / f"trace.{suffix}" for suffix in ("csv", "folded", "svg")]
    folder.mkdir(parents=True, exist_ok=True)
    cycles = traced.profile.cycles
    rows = [
        {
            "function": block.function,
            "block": block.place,
            "address": f"0x{block.address:08x}",
            "size_bytes": block.size_bytes,
            "executions": block.executions,
            "cycles": block.cycles,
            "share": block.cycles / cycles,
        }
        for block in traced.profile.merged_blocks()
    ]
    write_table(paths[0], _COLUMNS, rows)
    write_text(paths[1], traced.profile.folded())
    write_text(paths[2], flame_graph(traced.profile.stacks(), f"{_title(traced)}: {cycles:,} cycles", "cycles"))
    return paths


def _title(traced: Traced) -> str:
    return f"{traced.phase} of {traced.model} on the emulated board (modelled, cycle model {traced.cycle_model})"


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}"


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    lines = (
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        )
        for row in (head, *rows)
    )
    return "\n".join(lines)


@contextmanager
def _board(params: Params, model: Path | None) -> Iterator[EmulatorBoard]:
    """The emulated board as it is, or another one with an image of this model alone."""
    if model is None:
        board = EmulatorBoard(params.flash.baud)
        board.refuse_empty_flash()
        if not board.elf_file.exists():
            raise BoardError(f"The image on the emulated board has no {board.elf_file.name}: run `dvc repro -f flash`.")
        yield board
        return
    tflite = _read(model)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        generate([("model", tflite)], folder / "generated")
        image = build_image(folder / "generated", params.front_end, folder / "image", params.flash.baud)
        board = EmulatorBoard(params.flash.baud, folder / "board")
        board.program(image.bin)
        yield board


def _read(model: Path) -> bytes:
    try:
        return model.read_bytes()
    except OSError as error:
        raise ModelError(f"--model {model} cannot be read ({error.strerror}): name an int8 .tflite.") from None


def _refuse_clip(model: Path, network: Network, phase: str, clip: Path | None) -> None:
    """What needs the firmware's front end and bench, which are of other sizes than the model."""
    if phase != "inference" or clip is not None:
        what = f"--phase {phase}" if phase != "inference" else f"--clip {clip}"
        raise ModelError(
            f"--model {model} takes {network.input_bytes} bytes and gives {network.classes} classes, where the front "
            f"end gives {FRAMES * BANDS} and the bench takes {CLASSES_MAX} at most: only its inference is traced, on "
            f"noise. Leave out {what}."
        )


def _traced_alone(tflite: bytes, cycle_model: str) -> Traced:
    """An inference of noise on a bare core, for a model of any input (kws/bench/core.py)."""
    intervals: list[Interval] = []
    with tempfile.TemporaryDirectory() as folder:
        elf = Path(built_alone("model", tflite, Path(folder) / "image").elf)
        features = noise_for(tflite)
        counted = count(elf, sha256(tflite), features, CYCLE_MODELS[cycle_model], Tracer(intervals.extend))
        # The last interval is the caller's, behind the call.
        profile = profile_of(joined(intervals[:-1]), Symbols(elf.read_bytes()))
    if profile.cycles != counted.inference:
        raise BoardError(f"The trace has {profile.cycles} cycles and the count {counted.inference}: please report it.")
    return Traced("model", "inference", cycle_model, CLOCK_HZ, profile)


def _chosen(who: Handshake, candidate: str | None) -> tuple[int, str]:
    for model in who.models:
        if candidate in (None, model.name):
            return model.index, model.name
    names = ", ".join(model.name for model in who.models)
    raise BoardError(f"--candidate {candidate}: the image on the emulated board has {names}.")


def _samples(clip: Path | None) -> np.ndarray:
    if clip is None:
        return np.random.default_rng(0).normal(0, _NOISE_AMPLITUDE, CLIP_SAMPLES).astype(np.int16)
    reason = problem_of(clip)
    if reason:
        raise DataError(f"--clip {clip}: {reason}. Name a WAV file.")
    return read_clip(clip)
