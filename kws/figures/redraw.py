"""All pictures again, from the small tables and metrics alone, in any format: SVG or PDF for a paper.

In: a folder with metrics/ and plots/, such as the repository or results/speech_commands; for the pictures of audio, the
clips that preprocess put aside. Out: the pictures that the stages drew, under the same names.
"""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy as np

from kws.audio import read_clip
from kws.errors import ArtifactError
from kws.figures.audio import audio_figures
from kws.figures.board import mcu_phases, structured_pruning_mcu
from kws.figures.comparison import compared
from kws.figures.devices import devices
from kws.figures.pareto import pareto
from kws.figures.sweeps import accuracy_vs_bits, structured_pruning, unstructured_pruning
from kws.figures.training import confusion, training_figure
from kws.gpu_reference import reference_for
from kws.tables import Row, read_table

Metrics = Mapping[str, dict]
Draw = Callable[[Path], None]
_STRUCTURED = {"parameters": "parameters", "flops": "flops", "cpu": "cpu_latency_us"}


def pictures(metrics: Metrics, plots: Path, references: Path) -> dict[str, Draw]:
    """Name of a picture, without suffix -> what draws it into a path; in the order of the pipeline.

    Args:
        metrics: by stage, as `kws.summary.load_metrics` gives them.
        plots: the folder of the tables.
        references: the folder of times from other machines.

    Raises:
        ArtifactError: a table is missing or damaged; the message says what writes it.
    """

    def table(name: str) -> list[Row]:
        return read_table(plots / f"{name}.csv")

    source, classes = metrics["preprocess"]["source"], metrics["preprocess"]["classes"]
    board, pruned = metrics["mcu_benchmark"], table("prune_sweep")
    cycles_are = board["cycles_are"]
    sweeps = {name: table(f"{name.lower()}_sweep") + table(f"{name.lower()}_minifloat") for name in ("PTQ", "QAT")}
    float_accuracies = [metrics["ptq_sweep"]["float_test_accuracy"]]
    reference = reference_for(references, metrics["train"]["architecture"])
    shown = compared(board, metrics["train"], metrics["convert"], reference)
    return {
        "training": partial(training_figure, rows=table("training"), source=source),
        "accuracy_vs_bits": partial(accuracy_vs_bits, sweeps=sweeps, float_accuracies=float_accuracies, source=source),
        "unstructured_pruning": partial(unstructured_pruning, rows=pruned, source=source),
        **{
            f"structured_pruning_{name}": partial(structured_pruning, rows=pruned, x=x, source=source)
            for name, x in _STRUCTURED.items()
        },
        "pareto": partial(pareto, rows=table("pareto"), source=source, cycles_are=cycles_are),
        "structured_pruning_mcu": partial(
            structured_pruning_mcu, rows=table("mcu_pruning"), source=source, cycles_are=cycles_are
        ),
        "mcu_phases": partial(mcu_phases, rows=table("mcu_phases"), source=source, cycles_are=cycles_are),
        "confusion": partial(confusion, rows=table("confusion"), classes=classes, source=source),
        "devices": lambda path: devices(path, *shown, source, cycles_are),
    }


def audio_pictures(folder: Path, clips: Path, metrics: Metrics, recordings: Path, suffix: str) -> None:
    """The five pictures of audio: the first test clip of each class, and a few of the user's own recordings.

    Args:
        folder: where they go.
        clips: artifacts/test_clips of preprocess.
        metrics: by stage.
        recordings: <word>/*.wav of the user's own.
        suffix: .png, .svg or .pdf.

    Raises:
        ArtifactError: a class has no clip.
    """
    from kws.recordings import own_clips

    firsts: dict[str, np.ndarray] = {}
    for name in metrics["preprocess"]["classes"]:
        found = sorted((clips / name).glob("*.wav"))
        if not found:
            raise ArtifactError(f"{clips} holds no clip of {name}: `dvc repro preprocess` writes them.")
        firsts[name] = read_clip(found[0])
    audio_figures(folder, firsts, metrics["preprocess"]["source"], *own_clips(recordings), suffix=suffix)
