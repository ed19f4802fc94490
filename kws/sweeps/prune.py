"""`prune_sweep`: weights zeroed (unstructured) and filters taken out (structured), each with and without fine-tuning.

Accuracy, counts and latency of a row belong to one set of weights. Unstructured pruning leaves the shape as it is:
`parameters`, `macs` and `flops` are physical, `nonzero_parameters` says what is left.
"""

import shutil
from dataclasses import asdict
from pathlib import Path

import torch
from torch import nn

from kws.checkpoints import read_checkpoint
from kws.dataset import Dataset
from kws.errors import ParamsError
from kws.estimate import cost
from kws.labels import class_names
from kws.latency import cpu_latencies
from kws.models import filters_of
from kws.models.batch_norm import folded, normalized_as_it_is
from kws.params import Params
from kws.points import file_digest, run_points
from kws.pruning import gradual_amount, masked, nonzero_parameters, prune_weights, without_masks
from kws.pruning_filters import filters_left, filters_to_keep, without_filters
from kws.recipes import Recipe, recipe
from kws.sweeps.float_training import float_point, teacher_of
from kws.sweeps.points_of_models import MODEL, cached_dataset, figures, keep, mean
from kws.timing import Latency
from kws.training import fit

COLUMNS = (
    "method",
    "amount",
    "fine_tuned",
    "seed",
    "parameters",
    "nonzero_parameters",
    "macs",
    "flops",
    "cpu_latency_us",
    "validation_accuracy",
    "test_accuracy",
)
_MODULES = ("pruning", "pruning_filters", "importance")
_CALIBRATION_CLIPS = 1024
_COUNTS = ("parameters", "nonzero_parameters", "macs", "flops")  # the same for every seed


def run(dataset: Path, float_models: dict[int, Path], params: Params) -> tuple[list[dict], list[Path]]:
    """Rows of plots/prune_sweep.csv and the checkpoint of each row."""
    section = params.prune_sweep
    _refuse_twins(section.structured_amounts, filters_of(params.model))
    amounts = {"unstructured": section.unstructured_amounts, "structured": section.structured_amounts}
    choices = {
        "unstructured": {"ranking": section.ranking, "schedule": section.schedule},
        "structured": {"importance": section.importance},
    }
    points = [
        {
            "dataset": str(dataset),
            "dataset_sha256": file_digest(dataset),
            "recipe": asdict(recipe(params.train, len(class_names(params.data.words)), section)),
            "dropout": section.dropout,
            "method": method,
            **choices[method],
            "amount": amount,
            "fine_tuned": fine_tuned,
            "seed": seed,
            **float_point(path),
        }
        for method in amounts
        for amount in sorted(set(amounts[method]))
        for fine_tuned in (False, True)
        for seed, path in float_models.items()
    ]
    checkpoints = [folder / MODEL for folder in run_points("prune_sweep", points, _make, _MODULES)]
    latencies = cpu_latencies([read_checkpoint(checkpoint) for checkpoint in checkpoints])  # while nothing else runs
    return [_row(*one) for one in zip(points, checkpoints, latencies, strict=True)], checkpoints


def checkpoint_name(row: dict) -> str:
    """File name of a row's candidate among the stage's outs."""
    return f"{row['method']}_{row['amount']:g}_{'fine_tuned' if row['fine_tuned'] else 'pruned'}_seed{row['seed']}.pt"


def write_candidates(folder: Path, table: list[dict], checkpoints: list[Path]) -> None:
    """Put every row's checkpoint into an empty folder."""
    for row, checkpoint in zip(table, checkpoints, strict=True):
        shutil.copyfile(checkpoint, folder / checkpoint_name(row))


def summary(table: list[dict]) -> dict:
    """Metrics: a list of points for each method, means over the seeds."""
    return {method: _points(table, method) for method in ("unstructured", "structured")}


def best_seed(table: list[dict], method: str, amount: float, fine_tuned: bool) -> dict:
    """The row of this method and amount that is best on validation; of equals the lowest seed."""
    key = (method, amount, fine_tuned)
    chosen = [row for row in table if (row["method"], row["amount"], row["fine_tuned"]) == key]
    return max(chosen, key=lambda row: (row["validation_accuracy"], -row["seed"]))


def _points(table: list[dict], method: str) -> list[dict]:
    result = []
    for amount in dict.fromkeys(row["amount"] for row in table if row["method"] == method):
        chosen = [row for row in table if (row["method"], row["amount"]) == (method, amount)]
        result.append(
            {
                "amount": amount,
                **{name: chosen[0][name] for name in _COUNTS},
                "cpu_latency_us": round(mean(row["cpu_latency_us"] for row in chosen), 1),
                "test_accuracy": mean(row["test_accuracy"] for row in chosen if not row["fine_tuned"]),
                "test_accuracy_fine_tuned": mean(row["test_accuracy"] for row in chosen if row["fine_tuned"]),
            }
        )
    return result


def _refuse_twins(amounts: tuple[float, ...], filters: int) -> None:
    """Two amounts that leave the same number of filters would be one model under two names."""
    left: dict[int, float] = {}
    for amount in amounts:
        count = filters_left(filters, amount)
        if count in left:
            raise ParamsError(
                f"`prune_sweep.structured_amounts` holds {left[count]:g} and {amount:g}, which both leave {count} of "
                f"{filters} filters; keep one of them in params.yaml."
            )
        left[count] = amount


def _row(point: dict, checkpoint: Path, latency: Latency) -> dict:
    """A table row."""
    model = read_checkpoint(checkpoint)
    counts = cost(model)
    return {
        **{name: point[name] for name in ("method", "amount", "fine_tuned", "seed")},
        "parameters": counts.parameters,
        "nonzero_parameters": nonzero_parameters(model),
        "macs": counts.macs,
        "flops": counts.flops,
        "cpu_latency_us": latency.median_us,
        **figures(checkpoint.parent),
    }


def _make(folder: Path, point: dict) -> None:
    dataset = cached_dataset(point["dataset"], point["dataset_sha256"])
    make = _unstructured if point["method"] == "unstructured" else _structured
    keep(folder, make(point, dataset), dataset)


def _structured(point: dict, dataset: Dataset) -> nn.Module:
    teacher = teacher_of(point)
    labels = torch.from_numpy(dataset.calibration_labels(_CALIBRATION_CLIPS)).long()
    kept = filters_to_keep(teacher, point["amount"], _clips(dataset), labels, point["importance"])
    model = without_filters(teacher, kept, point["dropout"])
    return folded(_tuned(model, point, dataset, teacher)) if point["fine_tuned"] else model


def _unstructured(point: dict, dataset: Dataset) -> nn.Module:
    teacher, amount, ranking = teacher_of(point), point["amount"], point["ranking"]
    model = masked(teacher)
    model.dropout.p = point["dropout"]
    gradual = point["fine_tuned"] and point["schedule"] == "gradual"
    if not gradual:
        prune_weights(model, amount, ranking)
    if point["fine_tuned"]:

        def prune_more(share: float) -> None:
            prune_weights(model, gradual_amount(amount, share), ranking)

        _tuned(model, point, dataset, teacher, after_step=prune_more if gradual else None)
    if gradual:
        prune_weights(model, amount, ranking)
    return folded(without_masks(model))


def _tuned(model: nn.Module, point: dict, dataset: Dataset, teacher: nn.Module, **hooks) -> nn.Module:
    """Trained further with batch normalization, which is still to be folded: without it few weights hardly learn."""
    normalized_as_it_is(model, _clips(dataset))
    choices = Recipe(**point["recipe"])
    return fit(model, dataset, choices, point["seed"], teacher=teacher, snapshot=point["snapshot"], **hooks)


def _clips(dataset: Dataset) -> torch.Tensor:
    return torch.from_numpy(dataset.calibration(_CALIBRATION_CLIPS))
