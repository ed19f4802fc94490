"""`train`: the float models, one a seed, that every other sweep starts from."""

import time
from dataclasses import dataclass
from pathlib import Path

from kws.checkpoints import read_checkpoint
from kws.files import write_json
from kws.models import create
from kws.params import Model, Params, Train
from kws.points import file_digest, run_points
from kws.sweeps.points_of_models import MODEL, cached_dataset, figures, keep
from kws.training import fit, recipe, training_device

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
    start = time.perf_counter()
    model = create(Model(**point["model"]), len(dataset.classes), point["seed"])
    choices = recipe(train, len(dataset.classes))
    fit(model, dataset, choices, point["seed"], after_epoch=history.append, device=training_device(train.device))
    keep(folder, model, dataset, train_s=round(time.perf_counter() - start, 1))
    write_json(folder / _HISTORY, history)


def teacher_of(point: dict):
    """The float model that a point starts from and is taught by."""
    return read_checkpoint(Path(point["float_model"]))
