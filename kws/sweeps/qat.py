"""`qat_sweep`: the float models trained on with quantizers in place, taught by themselves as they were.

The widths of a seed are trained side by side: they see the same clips in the same order.
"""

import json
from dataclasses import asdict
from pathlib import Path

import torch
from torch import nn

from kws.errors import ArtifactError
from kws.labels import class_names
from kws.models import ARCHITECTURES
from kws.params import Params
from kws.points import run_batches
from kws.quantized import finish, weight_bytes
from kws.recipes import Recipe, recipe
from kws.side_by_side import SideBySide
from kws.sweeps.float_training import teacher_of
from kws.sweeps.points_of_models import MODEL, cached_dataset, keep
from kws.sweeps.ptq import points_of, quantized_point, rows, widths_of
from kws.training import fit


def run(dataset: Path, float_models: dict[int, Path], params: Params) -> tuple[list[dict], list[Path]]:
    """Rows of plots/qat_sweep.csv and plots/qat_minifloat.csv, a seed and a scheme each, and their checkpoints."""
    section = params.qat_sweep
    choices = {
        "recipe": asdict(recipe(params.train, len(class_names(params.data.words)), section)),
        "dropout": section.dropout,
        "places": ARCHITECTURES[params.model.name].side_by_side,
    }
    points = points_of(dataset, float_models, section, **choices)
    folders = run_batches("qat_sweep", points, _make, choices["places"], _alike)
    return rows("qat", points, folders), [folder / MODEL for folder in folders]


def best_candidate(table: list[dict], bits: int) -> dict:
    """The row with weights of `bits` and activations of 8 that is best on validation; of equals the lowest seed.

    Raises ArtifactError when the sweep has no such width.
    """
    chosen = [row for row in table if (row["weight_bits"], row["activation_bits"]) == (bits, 8)]
    if not chosen:
        raise ArtifactError(
            f"`bits` is {bits}, but `qat_sweep.weight_bits` in params.yaml leaves that width out: add {bits} to it, "
            f"or set bits to one of {sorted({row['weight_bits'] for row in table})}."
        )
    return max(chosen, key=lambda row: (row["validation_accuracy"], -row["seed"]))


def _alike(point: dict) -> str:
    """Equal for points that can be trained side by side: all but the widths."""
    scheme = {**point["scheme"], "weight_bits": None, "activation_bits": None}
    return json.dumps({**point, "scheme": scheme}, sort_keys=True)


def _make(folders: list[Path], points: list[dict], snapshot: Path) -> None:
    common = points[0]
    dataset = cached_dataset(common["dataset"], common["dataset_sha256"])
    clips = torch.from_numpy(dataset.calibration(common["calibration_clips"]))
    models = [_prepared(point, clips) for point in points]
    together = SideBySide(models, common["places"]) if common["places"] > 1 else models[0]
    fit(together, dataset, Recipe(**common["recipe"]), common["seed"], teacher=teacher_of(common), snapshot=snapshot)
    if isinstance(together, SideBySide):
        together.hand_back(models)
    for folder, point, model in zip(folders, points, models, strict=True):
        bits = widths_of(point)
        keep(folder, finish(model, clips), dataset, bits, weight_bytes=weight_bytes(model, bits[0]))


def _prepared(point: dict, clips: torch.Tensor) -> nn.Module:
    """Quantized as after training, but for the logits: their range is taken anew once the weights are final."""
    model = quantized_point(point, clips)
    model.activations["logits"] = nn.Identity()
    model.dropout.p = point["dropout"]
    return model
