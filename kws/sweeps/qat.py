"""`qat_sweep`: the float models trained on with quantizers in place, taught by themselves as they were."""

import shutil
from dataclasses import asdict
from pathlib import Path

import torch
from torch import nn

from kws.errors import ArtifactError
from kws.labels import class_names
from kws.params import Params
from kws.points import file_digest, run_points
from kws.quantized import finish, weight_bytes
from kws.recipes import Recipe, recipe
from kws.sweeps.float_training import float_point, teacher_of
from kws.sweeps.points_of_models import MODEL, cached_dataset, keep
from kws.sweeps.ptq import calibration, quantized_point, rows, widths
from kws.training import fit


def run(dataset: Path, float_models: dict[int, Path], params: Params) -> tuple[list[dict], list[Path]]:
    """Rows of plots/qat_sweep.csv, a seed and a pair of widths each, and the checkpoint of each row."""
    points = [
        {
            "dataset": str(dataset),
            "dataset_sha256": file_digest(dataset),
            "calibration": calibration(params),
            "recipe": asdict(recipe(params.train, len(class_names(params.data.words)), params.qat_sweep)),
            "dropout": params.qat_sweep.dropout,
            "weight_bits": bits,
            "activation_bits": activation_bits,
            "seed": seed,
            **float_point(path),
        }
        for seed, path in float_models.items()
        for bits, activation_bits in widths(params.qat_sweep.weight_bits)
    ]
    folders = run_points("qat_sweep", points, _make)
    return rows("qat", points, folders), [folder / MODEL for folder in folders]


def checkpoint_name(row: dict) -> str:
    """File name of a row's candidate among the stage's outs."""
    return f"w{row['weight_bits']}a{row['activation_bits']}_seed{row['seed']}.pt"


def write_candidates(folder: Path, table: list[dict], checkpoints: list[Path]) -> None:
    """Put every row's checkpoint into an empty folder."""
    for row, checkpoint in zip(table, checkpoints, strict=True):
        shutil.copyfile(checkpoint, folder / checkpoint_name(row))


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


def _make(folder: Path, point: dict) -> None:
    dataset = cached_dataset(point["dataset"], point["dataset_sha256"])
    clips = torch.from_numpy(dataset.calibration(point["calibration"]["clips"]))
    model = quantized_point(point, clips)
    model.activations["logits"] = nn.Identity()  # the logits' range is taken anew once the weights are final
    model.dropout.p = point["dropout"]
    choices, teacher = Recipe(**point["recipe"]), teacher_of(point)
    fit(model, dataset, choices, point["seed"], teacher=teacher, snapshot=point["snapshot"])
    finish(model, clips)
    bits = (point["weight_bits"], point["activation_bits"])
    keep(folder, model, dataset, bits, weight_bytes=weight_bytes(model, bits[0]))
