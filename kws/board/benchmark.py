"""What a board is measured by: every clip on every model, compared with the host; some of them timed.

Goes in: an open session, clips as audio, and the host's own way from audio to features and from features to logits.
Comes out: per model the board's labels, how many clips differ from the host in what, and the timings. The host computes
its side from the audio alone; nothing that the board computed is fed to it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import fmean

import numpy as np

from kws.board.reference import postprocess
from kws.board.replies import Output, Timing
from kws.board.session import Session
from kws.errors import BoardError
from kws.progress import progress


@dataclass(frozen=True)
class Clip:
    """A clip of the test split: its name, samples (N,) int16, and the index of its true class."""

    name: str
    samples: np.ndarray
    label: int


@dataclass(frozen=True)
class HostModel:
    """The host's side of a model in the image.

    Attributes:
        tflite_sha256: of the .tflite; the board's model of the same place must name it.
        logits: features (T, F) int8 -> (K,) int8, by TFLite's reference interpreter.
        output_scale: real value of a unit of a logit.
    """

    name: str
    tflite_sha256: str
    logits: Callable[[np.ndarray], np.ndarray]
    output_scale: float


@dataclass
class Mismatches:
    """Clips of which the board gave something other than the host: each quantity counted for itself."""

    features: int = 0
    logits: int = 0
    probabilities: int = 0
    label: int = 0
    clips: list[str] = field(default_factory=list)  # names, each once

    def total(self) -> int:
        """Clips that differ in anything."""
        return len(self.clips)


@dataclass
class ModelRun:
    """A model on the board: its label for each clip, in order; what differs from the host; the timed runs.

    `bounds` are timings under other cycle models, by name (kws/board/bounds.py); empty where cycles are measured.
    """

    name: str
    tflite_sha256: str
    labels: list[int] = field(default_factory=list)
    mismatches: Mismatches = field(default_factory=Mismatches)
    timings: list[Timing] = field(default_factory=list)
    bounds: dict[str, Timing] = field(default_factory=dict)

    def accuracy(self, clips: Sequence[Clip]) -> float:
        """Fraction of clips that the board gets right."""
        return sum(label == clip.label for label, clip in zip(self.labels, clips, strict=True)) / len(clips)


@dataclass(frozen=True)
class Range:
    """The least, mean and largest of several runs."""

    min: float
    mean: float
    max: float


def measure(
    session: Session,
    clips: Sequence[Clip],
    features: Callable[[np.ndarray], np.ndarray],
    models: Sequence[HostModel],
    timed_clips: int,
    timed_clips_further: int,
) -> list[ModelRun]:
    """Run every clip through every model of the image and compare; then time.

    Args:
        session: after its handshake.
        clips: at least one.
        features: the host's front end, samples (N,) int16 -> (T, F) int8.
        models: as in the image, in order; the first one is the deployed one.
        timed_clips: clips on which the first model is timed, all phases, after an untimed run of as many.
        timed_clips_further: the same for each further model, its own phases only.

    Raises:
        BoardError: the image carries other models, or an answer cannot be right.
    """
    _check_models(session, models)
    runs = [ModelRun(model.name, model.tflite_sha256) for model in models]
    for clip in progress(clips, "clips on the board", len(clips)):
        host_features = features(clip.samples)
        session.upload(clip.samples)
        for index, (model, run) in enumerate(zip(models, runs, strict=True)):
            session.select_model(index)
            output = session.run() if index == 0 else session.classify()
            if index == 0:
                board_features = session.features()
            _compare(run, clip, model, index, host_features, board_features, output)
            run.labels.append(output.label)
    _time(session, spread(clips, timed_clips), spread(clips, timed_clips_further), models, runs)
    return runs


def spread(clips: Sequence[Clip], count: int) -> list[Clip]:
    """`count` clips (all, where there are fewer), of the classes in turn and each class in its order."""
    queues: dict[int, list[Clip]] = {}
    for clip in clips:
        queues.setdefault(clip.label, []).append(clip)
    turns = sorted((place, label) for label, queue in queues.items() for place in range(len(queue)))
    return [queues[label][place] for place, label in turns[:count]]


def phase_cycles(timings: Sequence[Timing], phase: str) -> Range:
    """Cycles of a phase over several runs; at least one."""
    return _range([timing.cycles[phase] for timing in timings])


def phase_ms(timings: Sequence[Timing], phase: str) -> Range:
    """Milliseconds of a phase over several runs; at least one."""
    return _range([timing.ms(phase) for timing in timings])


def _range(values: Sequence[float]) -> Range:
    """A mean that rounding leaves between least and largest."""
    least, largest = min(values), max(values)
    return Range(least, min(max(fmean(values), least), largest), largest)


def _check_models(session: Session, models: Sequence[HostModel]) -> None:
    board_has = [model.tflite_sha256 for model in session.handshake().models]
    if board_has != [model.tflite_sha256 for model in models]:
        raise BoardError(
            f"The board's image carries {len(board_has)} models ({', '.join(sha[:12] for sha in board_has)}), the host "
            f"compares {', '.join(model.tflite_sha256[:12] for model in models)}: run `dvc repro -f flash` again."
        )


def _compare(
    run: ModelRun,
    clip: Clip,
    model: HostModel,
    index: int,
    host_features: np.ndarray,
    board_features: np.ndarray,
    output: Output,
) -> None:
    """Count in what the board differs from the host."""
    if output.model != index:
        raise BoardError(f"{clip.name}: asked for model {index}, the board ran {output.model}; start the stage again.")
    logits = model.logits(host_features)
    probabilities, label = postprocess(logits, model.output_scale)
    differs = {
        "features": not np.array_equal(board_features, host_features),
        "logits": not np.array_equal(output.logits, logits),
        "probabilities": not np.array_equal(output.probabilities, probabilities),
        "label": output.label != label,
    }
    for quantity, is_different in differs.items():
        setattr(run.mismatches, quantity, getattr(run.mismatches, quantity) + is_different)
    if any(differs.values()):
        run.mismatches.clips.append(clip.name)


def _time(
    session: Session,
    deployed_clips: Sequence[Clip],
    further_clips: Sequence[Clip],
    models: Sequence[HostModel],
    runs: Sequence[ModelRun],
) -> None:
    """First every clip without the counter, as a warm-up, then every clip with it."""
    for index, run in enumerate(runs):
        chosen = deployed_clips if index == 0 else further_clips
        session.select_model(index)
        expected = [_warm(session, clip) for clip in chosen]
        for clip, warm in progress(
            list(zip(chosen, expected, strict=True)), f"timing {models[index].name}", len(chosen)
        ):
            session.upload(clip.samples)
            if index == 0:
                timing = session.time()
            else:
                session.run()
                timing = session.time_model()
            if not np.array_equal(timing.output.logits, warm.logits):
                raise BoardError(f"{clip.name}: {run.name} gives other logits when it is timed; look at the firmware.")
            run.timings.append(timing)


def _warm(session: Session, clip: Clip) -> Output:
    session.upload(clip.samples)
    return session.run()
