"""`ptq_sweep`: the float models quantized after training, at every width, with activations as wide and with 8 bits."""

from pathlib import Path

import torch

from kws.params import Params
from kws.points import file_digest, run_points
from kws.quantized import quantized, weight_bytes
from kws.sweeps.float_training import float_point, teacher_of
from kws.sweeps.points_of_models import cached_dataset, deviation, figures, keep, mean

COLUMNS = (
    "method",
    "weight_bits",
    "activation_bits",
    "seed",
    "validation_accuracy",
    "test_accuracy",
    "weight_bytes",
)


def widths(weight_bits: tuple[int, ...]) -> list[tuple[int, int]]:
    """Pairs (weights, activations): WkAk and WkA8 for each k, 8 and 8 once; widest first."""
    ordered = sorted(set(weight_bits), reverse=True)
    return list(dict.fromkeys((bits, activations) for bits in ordered for activations in (8, bits)))


def run(dataset: Path, float_models: dict[int, Path], params: Params) -> list[dict]:
    """Rows of plots/ptq_sweep.csv, a seed and a pair of widths each."""
    points = [
        {
            "dataset": str(dataset),
            "dataset_sha256": file_digest(dataset),
            "calibration": calibration(params),
            "weight_bits": bits,
            "activation_bits": activation_bits,
            "seed": seed,
            **float_point(path),
        }
        for seed, path in float_models.items()
        for bits, activation_bits in widths(params.ptq_sweep.weight_bits)
    ]
    return rows("ptq", points, run_points("ptq_sweep", points, _make))


def calibration(params: Params) -> dict:
    """How scales are first chosen, here and in QAT."""
    section = params.ptq_sweep
    return {"method": section.calibration, "percentile": section.percentile, "clips": section.calibration_clips}


def quantized_point(point: dict, clips: torch.Tensor):
    """The float model of a point, quantized after training as the point says."""
    method, percentile = point["calibration"]["method"], point["calibration"]["percentile"]
    return quantized(teacher_of(point), point["weight_bits"], point["activation_bits"], clips, method, percentile)


def rows(method: str, points: list[dict], folders: list[Path]) -> list[dict]:
    """Table rows of finished points."""
    names = ("weight_bits", "activation_bits", "seed")
    return [
        {"method": method, **{name: point[name] for name in names}, **figures(folder)}
        for point, folder in zip(points, folders, strict=True)
    ]


def summary(table: list[dict], float_test_accuracy: float) -> dict:
    """Metrics of a sweep: means over the seeds for each pair of widths, keys like w4a8."""
    result: dict = {"float_test_accuracy": float_test_accuracy}
    pairs = dict.fromkeys((row["weight_bits"], row["activation_bits"]) for row in table)
    for bits, activation_bits in pairs:
        chosen = [row for row in table if (row["weight_bits"], row["activation_bits"]) == (bits, activation_bits)]
        result[f"w{bits}a{activation_bits}"] = {
            "validation_accuracy": mean(row["validation_accuracy"] for row in chosen),
            "test_accuracy": mean(row["test_accuracy"] for row in chosen),
            "test_accuracy_std": deviation(row["test_accuracy"] for row in chosen),
            "weight_bytes": chosen[0]["weight_bytes"],
        }
    return result


def _make(folder: Path, point: dict) -> None:
    dataset = cached_dataset(point["dataset"], point["dataset_sha256"])
    model = quantized_point(point, torch.from_numpy(dataset.calibration(point["calibration"]["clips"])))
    bits = (point["weight_bits"], point["activation_bits"])
    keep(folder, model, dataset, bits, weight_bytes=weight_bytes(model, bits[0]))
