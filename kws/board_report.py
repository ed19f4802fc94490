"""`mcu_benchmark`: what the board gave, as metrics, tables and pictures.

The host computes its side from the WAV files with the reference front end and TFLite's reference kernels. A row's
accuracy and time belong to the same .tflite, whose hash stands in it.
"""

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from kws.audio import read_clip
from kws.board.benchmark import Clip, HostModel, ModelRun, measure, phase_cycles, phase_ms, spread
from kws.board.boards import board_named
from kws.board.bounds import add_bounds
from kws.board.cycle_models import BOUNDS
from kws.board.flashing import ensure_image
from kws.board.protocol import PHASES
from kws.board.session import Session
from kws.candidate_table import COLUMNS as CANDIDATE_COLUMNS
from kws.conversion_manifest import Candidate, read_candidates
from kws.deployment import benchmark_image
from kws.errors import ArtifactError, BoardError
from kws.features import features
from kws.figures.board import mcu_phases, structured_pruning_mcu
from kws.figures.comparison import compared
from kws.figures.devices import devices
from kws.figures.pareto import pareto
from kws.figures.training import confusion
from kws.files import write_json, write_text
from kws.gpu_reference import reference_for
from kws.labels import class_names
from kws.params import Params
from kws.tables import Row, read_table, write_table
from kws.tflite.interpreter import reference_logits

_PHASE_COLUMNS = ("model", "phase", "min_ms", "mean_ms", "max_ms", *(f"{bound}_ms" for bound in BOUNDS))
_PRUNING_COLUMNS = (
    "amount",
    "fine_tuned",
    "tflite_sha256",
    "test_accuracy",
    "parameters",
    "flops",
    "cpu_latency_us",
    "cpu_int8_latency_us",
    "mcu_inference_ms",
)
_PARETO_COLUMNS = (*CANDIDATE_COLUMNS, "timed_as", "mcu_inference_ms")
_SIGNIFICANT = 6


@dataclass(frozen=True, eq=False)
class Measured:
    """A finished session with the board."""

    cycles_are: str  # modelled or measured
    clock_hz: int
    board: str
    clips: list[Clip]
    candidates: list[Candidate]
    runs: list[ModelRun]  # as the candidates, the deployed one first


def measure_board(paths: SimpleNamespace, params: Params) -> Measured:
    """Make sure that the board holds the receipt's image, run the session, and keep its transcript.

    Raises:
        BoardError: the board cannot be reached or gives what cannot be right; the transcript so far is kept.
    """
    receipt = json.loads(paths.receipt.read_text())
    candidates = read_candidates(paths.candidates)
    clips = _chosen(paths.test_clips, class_names(params.data.words), params.mcu_benchmark.clips)
    board = board_named(params.flash)
    ensure_image(board, receipt, benchmark_image(paths.images, board), params.flash.timeout_s)
    models = [_host_model(*candidate) for candidate in candidates]
    section = params.mcu_benchmark
    with board.open() as port:
        session = Session(port, params.flash.timeout_s)
        try:
            who = session.handshake()
            if who.image_sha256 != receipt["image_sha256"]:
                raise BoardError(f"{board.name} changed its image between two greetings: run `dvc repro -f flash`.")
            runs = measure(
                session,
                clips,
                lambda samples: features(samples[None], params.front_end)[0],
                models,
                section.timed_clips,
                section.timed_clips_pruned,
            )
        finally:
            write_text(paths.transcript, session.transcript.text())
    add_bounds(board, runs, clips[0], params.flash.timeout_s)
    candidates_only = [candidate for candidate, _ in candidates]
    return Measured(board.cycles_are, who.clock_hz, board.name, clips, candidates_only, runs)


def write_report(paths: SimpleNamespace, params: Params, measured: Measured) -> None:
    """Write metrics, tables and pictures."""
    train, converted = (json.loads(path.read_text()) for path in (paths.train_metrics, paths.convert_metrics))
    source, classes = params.data.source, class_names(params.data.words)
    metrics = _metrics(measured, train, converted)
    phases = [row for run in measured.runs for row in _phase_rows(run)]
    write_table(paths.plots / "mcu_phases.csv", _PHASE_COLUMNS, phases)
    mcu_phases(paths.plots / "mcu_phases.png", phases, source, measured.cycles_are)
    pruning = _pruning_rows(measured, converted, read_table(paths.prune_table))
    write_table(paths.plots / "mcu_pruning.csv", _PRUNING_COLUMNS, pruning)
    structured_pruning_mcu(paths.plots / "structured_pruning_mcu.png", pruning, source, measured.cycles_are)
    candidates = _pareto_rows(measured, converted, read_table(paths.candidate_table, CANDIDATE_COLUMNS))
    write_table(paths.plots / "pareto.csv", _PARETO_COLUMNS, candidates)
    pareto(paths.plots / "pareto.png", candidates, source, measured.cycles_are)
    mistaken = [
        {"actual": classes[clip.label], "predicted": classes[label]}
        for clip, label in zip(measured.clips, measured.runs[0].labels, strict=True)
    ]
    write_table(paths.plots / "confusion.csv", ("actual", "predicted"), mistaken)
    confusion(paths.plots / "confusion.png", mistaken, classes, source)
    reference = reference_for(paths.gpu_references, train["architecture"])
    board, others = compared(metrics, train, converted, reference)
    devices(paths.plots / "devices.png", board, others, source, measured.cycles_are)
    write_json(paths.metrics, metrics)


def _chosen(folder: Path, classes: tuple[str, ...], count: int) -> list[Clip]:
    """`count` of the test clips, from every class in turn; all, which is said, where there are fewer."""
    clips = [
        Clip(f"{name}/{path.name}", read_clip(path), label)
        for label, name in enumerate(classes)
        for path in sorted((folder / name).glob("*.wav"))
    ]
    missing = [name for label, name in enumerate(classes) if not any(clip.label == label for clip in clips)]
    if missing:
        raise ArtifactError(f"{folder} holds no clip of {', '.join(missing)}; run `dvc repro preprocess`.")
    if count > len(clips):
        print(
            f"note: `mcu_benchmark.clips` is {count}, and preprocess put aside {len(clips)} test clips for the board: "
            "all of them are sent.",
            file=sys.stderr,
        )
    return spread(clips, count)


def _host_model(candidate: Candidate, tflite: bytes) -> HostModel:
    def logits(clip_features: np.ndarray) -> np.ndarray:
        return reference_logits(tflite, clip_features[None])[0]

    return HostModel(candidate.name, candidate.tflite_sha256, logits, candidate.output_scale)


def _metrics(measured: Measured, train: dict, converted: dict) -> dict:
    deployed = measured.runs[0]
    inference_ms = phase_ms(deployed.timings, "inference").mean
    cycles = phase_cycles(deployed.timings, "inference").mean
    macs = converted["deployed"]["macs"]
    return {
        "board": measured.board,
        "clock_hz": measured.clock_hz,
        "cycles_are": measured.cycles_are,
        "deployed": {
            **{f"{phase}_ms": _range(phase_ms(deployed.timings, phase)) for phase in PHASES},
            **{key: value for phase in PHASES for key, value in _bounds_ms(deployed, phase).items()},
            "inference_cycles": round(cycles),
            "macs": macs,
            "macs_per_cycle": _rounded(macs / cycles),
        },
        "test_clips": len(measured.clips),
        "mismatches_with_host": sum(run.mismatches.total() for run in measured.runs),
        "test_accuracy": deployed.accuracy(measured.clips),
        "slowdown_vs_cpu": _ratio(inference_ms * 1000, train["cpu_latency_us"]),
        "slowdown_vs_gpu": _ratio(inference_ms * 1000, train["gpu_latency_us"]),
        "models": [_model_entry(*pair, measured) for pair in _with_candidates(measured)[1:]],
    }


def _with_candidates(measured: Measured) -> list[tuple[Candidate, ModelRun]]:
    return list(zip(measured.candidates, measured.runs, strict=True))


def _model_entry(candidate: Candidate, run: ModelRun, measured: Measured) -> dict:
    return {
        "name": candidate.name,
        "method": candidate.method,
        "amount": candidate.amount,
        "fine_tuned": candidate.fine_tuned,
        "tflite_sha256": run.tflite_sha256,
        "inference_ms": _rounded(phase_ms(run.timings, "inference").mean),
        **_bounds_ms(run, "inference"),
        "test_accuracy": run.accuracy(measured.clips),
        "mismatches_with_host": run.mismatches.total(),
    }


def _bounds_ms(run: ModelRun, phase: str, form: str = "{phase}_ms_{bound}") -> dict[str, float | None]:
    """A phase under each bounding cycle model; None where cycles are measured."""
    return {
        form.format(phase=phase, bound=bound): _rounded(run.bounds[bound].ms(phase)) if bound in run.bounds else None
        for bound in BOUNDS
    }


def _phase_rows(run: ModelRun) -> list[Row]:
    rows = []
    for phase in (phase for phase in PHASES if phase in run.timings[0].cycles):
        found = _range(phase_ms(run.timings, phase))
        times = {f"{key}_ms": value for key, value in found.items()} | _bounds_ms(run, phase, "{bound}_ms")
        rows.append({"model": run.name, "phase": phase, **times})
    return rows


def _pruning_rows(measured: Measured, converted: dict, prune_rows: list[Row]) -> list[Row]:
    """A row a structured pruned model on the board: its counts and float latency from the sweep, of the same seed."""
    by_name = {entry["name"]: entry for entry in converted["models"]}
    rows = []
    for candidate, run in _with_candidates(measured)[1:]:
        if candidate.method != "structured":
            continue
        swept = next(row for row in prune_rows if _is_origin(row, candidate))
        entry = by_name[candidate.name]
        rows.append(
            {
                **{name: swept[name] for name in ("amount", "fine_tuned", "parameters", "flops", "cpu_latency_us")},
                "tflite_sha256": candidate.tflite_sha256,
                "test_accuracy": entry["test_accuracy"],
                "cpu_int8_latency_us": entry["cpu_int8_latency_us"],
                "mcu_inference_ms": _rounded(phase_ms(run.timings, "inference").mean),
            }
        )
    return rows


def _pareto_rows(measured: Measured, converted: dict, candidates: list[Row]) -> list[Row]:
    """Every candidate with its time on the board: its own, or that of one that was timed and has as many MACs.

    Models of the same shape take the same time, whatever their weights are and however they are stored.
    """
    entries = [converted["deployed"], *converted["models"]]
    timed = [
        (entry["candidate"], entry["macs"], _rounded(phase_ms(run.timings, "inference").mean))
        for entry, run in zip(entries, measured.runs, strict=True)
    ]
    rows = []
    for row in candidates:
        own = [one for one in timed if one[0] == row["candidate"]]
        alike = own or [one for one in timed if one[1] == row["macs"]]
        name, _, milliseconds = alike[0] if alike else (None, None, None)
        rows.append({**row, "timed_as": name, "mcu_inference_ms": milliseconds})
    return rows


def _is_origin(row: Row, candidate: Candidate) -> bool:
    key = ("structured", candidate.amount, candidate.fine_tuned, candidate.seed)
    return (row["method"], row["amount"], row["fine_tuned"], row["seed"]) == key


def _range(found) -> dict[str, float]:
    return {name: _rounded(value) for name, value in asdict(found).items()}


def _ratio(time_us: float, reference_us: float | None) -> float | None:
    return None if reference_us is None else _rounded(time_us / reference_us)


def _rounded(value: float) -> float:
    """Six significant digits: more than the clock has."""
    return float(f"{value:.{_SIGNIFICANT}g}")
