"""`ptq_sweep`: the float models quantized after training, at every width, with activations as wide and with 8 bits."""

import shutil
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from kws.confusion import paired_difference
from kws.params import Params, PtqSweep, Quantizers
from kws.points import file_digest, run_points
from kws.quantized import Scheme, quantized, weight_bytes
from kws.sweeps.float_training import float_point, teacher_of
from kws.sweeps.points_of_models import MODEL, cached_dataset, deviation, figures, keep, mean, right_on_test

COLUMNS = (
    "method",
    "weight_bits",
    "activation_bits",
    "seed",
    "validation_accuracy",
    "test_accuracy",
    "weight_bytes",
)
MINIFLOAT_COLUMNS = ("method", "weight_format", *COLUMNS[1:])
_MINIFLOAT_ACTIVATION_BITS = 8


def widths(weight_bits: tuple[int, ...]) -> list[tuple[int, int]]:
    """Pairs (weights, activations): WkAk and WkA8 for each k, 8 and 8 once; widest first."""
    ordered = sorted(set(weight_bits), reverse=True)
    return list(dict.fromkeys((bits, activations) for bits in ordered for activations in (8, bits)))


def run(dataset: Path, float_models: dict[int, Path], params: Params) -> tuple[list[dict], list[Path]]:
    """Rows of plots/ptq_sweep.csv and plots/ptq_minifloat.csv, a seed and a scheme each, and their checkpoints."""
    points = points_of(dataset, float_models, params.ptq_sweep)
    folders = run_points("ptq_sweep", points, _make)
    return rows("ptq", points, folders), [folder / MODEL for folder in folders]


def checkpoint_name(row: dict) -> str:
    """File name of a row's candidate among the stage's outs."""
    return f"{label(row)}_seed{row['seed']}.pt"


def write_candidates(folder: Path, table: list[dict], checkpoints: list[Path]) -> None:
    """Put every row's checkpoint into an empty folder."""
    for row, checkpoint in zip(table, checkpoints, strict=True):
        shutil.copyfile(checkpoint, folder / checkpoint_name(row))


def points_of(dataset: Path, float_models: dict[int, Path], section: Quantizers, **more: object) -> list[dict]:
    """A point a seed and a scheme, in the order of the table."""
    return [
        {
            "dataset": str(dataset),
            "dataset_sha256": file_digest(dataset),
            "calibration_clips": section.calibration_clips,
            "scheme": asdict(scheme),
            "seed": seed,
            **float_point(path),
            **more,
        }
        for seed, path in float_models.items()
        for scheme in _schemes(section)
    ]


def _schemes(section: Quantizers) -> list[Scheme]:
    names = ("granularity", "activation_symmetry", "calibration", "percentile")
    if isinstance(section, PtqSweep):
        names += ("weight_symmetry", "rounding", "bias_correction")
    common = {name: getattr(section, name) for name in names}
    minifloats = dict.fromkeys(section.minifloat)
    return [Scheme(bits, activation_bits, **common) for bits, activation_bits in widths(section.weight_bits)] + [
        Scheme(1 + sum(bits), _MINIFLOAT_ACTIVATION_BITS, bits, **{**common, "weight_symmetry": "symmetric"})
        for bits in minifloats
    ]


def quantized_point(point: dict, clips: torch.Tensor):
    """The float model of a point, quantized after training as the point says."""
    return quantized(teacher_of(point), Scheme(**point["scheme"]), clips)


def widths_of(point: dict) -> tuple[int, int]:
    """Bits of a point's weights and activations."""
    return point["scheme"]["weight_bits"], point["scheme"]["activation_bits"]


def rows(method: str, points: list[dict], folders: list[Path]) -> list[dict]:
    """Rows of finished points, of which `tables` makes tables.

    `weight_format` is None where the weights are integers; `right_on_test` is (clips,) bool.
    """
    return [
        {
            "method": method,
            "weight_format": _format(point),
            **_widths_and_seed(point),
            **figures(folder),
            "right_on_test": right_on_test(folder),
        }
        for point, folder in zip(points, folders, strict=True)
    ]


def _widths_and_seed(point: dict) -> dict:
    weight_bits, activation_bits = widths_of(point)
    return {"weight_bits": weight_bits, "activation_bits": activation_bits, "seed": point["seed"]}


def _format(point: dict) -> str | None:
    minifloat = point["scheme"]["minifloat"]
    return "e{}m{}".format(*minifloat) if minifloat else None


def tables(rows: list[dict]) -> tuple[list[dict], list[dict]]:
    """The rows of a sweep's table and of its minifloats' table, each with its own columns."""
    integers = [{name: row[name] for name in COLUMNS} for row in rows if row["weight_format"] is None]
    return integers, [{name: row[name] for name in MINIFLOAT_COLUMNS} for row in rows if row["weight_format"]]


def label(row: dict) -> str:
    """w3a8 for integers, e2m1a8 for minifloats."""
    return f"{row.get('weight_format') or 'w{weight_bits}'.format(**row)}a{row['activation_bits']}"


def summary(rows: list[dict], float_rights: dict[int, np.ndarray]) -> dict:
    """Metrics of a sweep: means over the seeds for each scheme, keys like w4a8 and e2m1a8.

    Args:
        rows: of `run`.
        float_rights: which test clips the float models get right, by seed.
    """
    result: dict = {"float_test_accuracy": mean(right.mean() for right in float_rights.values())}
    for name in dict.fromkeys(map(label, rows)):
        chosen = [row for row in rows if label(row) == name]
        difference, interval = paired_difference(
            np.array([row["right_on_test"] for row in chosen]), np.array([float_rights[row["seed"]] for row in chosen])
        )
        result[name] = {
            "validation_accuracy": mean(row["validation_accuracy"] for row in chosen),
            "test_accuracy": mean(row["test_accuracy"] for row in chosen),
            "test_accuracy_std": deviation(row["test_accuracy"] for row in chosen),
            "difference_from_float": difference,
            "difference_from_float_interval": list(interval),
            "weight_bytes": chosen[0]["weight_bytes"],
        }
    return result


def _make(folder: Path, point: dict) -> None:
    dataset = cached_dataset(point["dataset"], point["dataset_sha256"])
    model = quantized_point(point, torch.from_numpy(dataset.calibration(point["calibration_clips"])))
    bits = widths_of(point)
    keep(folder, model, dataset, bits, weight_bytes=weight_bytes(model, bits[0]))
