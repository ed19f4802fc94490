"""`train`: the float models, one a seed, that every other sweep starts from."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kws.checkpoints import read_checkpoint
from kws.dataset import read_dataset
from kws.estimate import cost, footprint
from kws.estimate_table import layer_rows, width_figures
from kws.files import write_json
from kws.latency import cpu_latency, cpu_name, gpu_latency
from kws.models import create
from kws.models.batch_norm import folded
from kws.params import Model, Params, Train
from kws.points import file_digest, run_points
from kws.recipes import recipe, training_device
from kws.sweeps.points_of_models import (
    MODEL,
    RIGHT,
    cached_dataset,
    deviation,
    figures,
    keep,
    mean,
    read_right,
)
from kws.timing import named
from kws.training import fit

HISTORY_COLUMNS = ("seed", "epoch", "split", "loss", "accuracy")
DEPLOYED_BITS = 8  # of the estimate before any quantization
_HISTORY = "history.json"


@dataclass(frozen=True)
class FloatPoint:
    """One trained float model."""

    seed: int
    checkpoint: Path
    figures: dict  # validation_accuracy, test_accuracy, train_s
    history: Path  # JSON: a list with an entry an epoch


def run(dataset: Path, params: Params) -> list[FloatPoint]:
    """Train params.train.seeds models, in parallel, resuming where an earlier run was interrupted."""
    training_device(params.train.device)  # refuse before any work
    common = {
        "dataset": str(dataset),
        "dataset_sha256": file_digest(dataset),
        "model": params.model.model_dump(),
        "train": {name: value for name, value in params.train.model_dump().items() if name != "seeds"},
    }
    points = [{**common, "seed": seed} for seed in range(params.train.seeds)]
    folders = run_points("train", points, _make)
    return [FloatPoint(seed, folder / MODEL, figures(folder), folder / _HISTORY) for seed, folder in enumerate(folders)]


def report(dataset: Path, points: list[FloatPoint], front_end: str) -> tuple[dict, list[dict], str]:
    """Metrics, the rows of plots/training.csv, and where the speech came from; `front_end` is front_end.kind.

    Latency is measured here, alone.
    """
    model = read_checkpoint(points[0].checkpoint)
    counts, estimate = cost(model), footprint(model, DEPLOYED_BITS, front_end)
    metrics = {
        "validation_accuracy": mean(point.figures["validation_accuracy"] for point in points),
        "test_accuracy": mean(point.figures["test_accuracy"] for point in points),
        "test_accuracy_std": deviation(point.figures["test_accuracy"] for point in points),
        "architecture": model.architecture(),
        "parameters": counts.parameters,
        "macs": counts.macs,
        "flops": counts.flops,
        "flash_bytes_estimate": estimate.flash_bytes,
        "ram_bytes_estimate": estimate.ram_bytes,
        **named("cpu_latency", cpu_latency(model)),
        "cpu": cpu_name(),
        **named("gpu_latency", gpu_latency(model)),
        "train_s": round(mean(point.figures["train_s"] for point in points), 1),
        "seeds": len(points),
        "widths": width_figures(model, front_end),
        "layers": layer_rows(model),
    }
    return metrics, _history_rows(points), read_dataset(dataset).source


def write_models(folder: Path, points: list[FloatPoint]) -> None:
    """Put checkpoints, and which test clips each gets right, into an empty folder, for the sweeps."""
    for point in points:
        shutil.copyfile(point.checkpoint, folder / f"float_{point.seed}.pt")
        shutil.copyfile(point.checkpoint.parent / RIGHT, folder / f"float_{point.seed}.{RIGHT}")


def read_float_rights(folder: Path) -> dict[int, np.ndarray]:
    """Which test clips float models get right: (clips,) bool by seed, from the folder that `write_models` filled."""
    return {seed: read_right(path.with_suffix(f".{RIGHT}")) for seed, path in read_float_models(folder).items()}


def read_float_models(folder: Path) -> dict[int, Path]:
    """Checkpoints by seed, from the folder that the stage `train` wrote."""
    return {int(path.stem.removeprefix("float_")): path for path in sorted(folder.glob("float_*.pt"))}


def float_point(path: Path) -> dict:
    """How a point names the float model it starts from."""
    return {"float_model": str(path), "float_model_sha256": file_digest(path)}


def _make(folder: Path, point: dict) -> None:
    dataset = cached_dataset(point["dataset"], point["dataset_sha256"])
    train = Train(**point["train"], seeds=1)
    history: list[dict] = []
    model = create(Model(**point["model"]), len(dataset.classes), point["seed"])
    choices = recipe(train, len(dataset.classes))
    fit(model, dataset, choices, point["seed"], after_epoch=history.append, snapshot=point["snapshot"])
    train_s = sum(entry.pop("epoch_s") for entry in history)  # also of epochs before an interruption
    model = folded(model)  # batch normalization is a part of training alone
    keep(folder, model, dataset, train_s=round(train_s, 1))
    write_json(folder / _HISTORY, history)


def teacher_of(point: dict):
    """The float model that a point starts from and is taught by."""
    return read_checkpoint(Path(point["float_model"]))


def _history_rows(points: list[FloatPoint]) -> list[dict]:
    rows = []
    for point in points:
        for epoch in json.loads(point.history.read_text()):
            for split in ("training", "validation"):
                figures_of_split = {key: epoch[f"{split}_{key}"] for key in ("loss", "accuracy")}
                rows.append({"seed": point.seed, "epoch": epoch["epoch"], "split": split, **figures_of_split})
    return rows
