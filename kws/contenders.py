"""Every model of the three sweeps that could be deployed, and what it would cost: a row each of plots/candidates.csv.

Of each setting the seed that is best on validation. What quantization leaves has weights of k bits and activations of
8; what pruning leaves is quantized to 8 bits after training, by rounding to nearest, which keeps zeros. Accuracies are
those of the integers, as the board computes them.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from kws.checkpoints import read_checkpoint
from kws.codegen.storage import Storage, storage
from kws.errors import ArtifactError
from kws.estimate import Cost, Footprint, cost, footprint
from kws.models.chain import Chain
from kws.params import Params
from kws.points import file_digest, run_points
from kws.quantized import Scheme, integer_weights, is_deployable, quantized, weighted_layers
from kws.sweeps import prune, ptq, qat
from kws.sweeps.points_of_models import MODEL, cached_dataset, figures, keep
from kws.tables import Row

PRUNED_BITS = 8


@dataclass(frozen=True)
class Swept:
    """What the sweeps left: tables, and folders of checkpoints."""

    ptq_rows: list[Row]
    ptq_folder: Path
    qat_rows: list[Row]
    qat_folder: Path
    prune_rows: list[Row]
    prune_folder: Path


@dataclass(frozen=True, eq=False)
class Contender:
    """One set of weights, quantized and finished, with its accuracies and its place among the sweeps' settings."""

    name: str
    method: str  # ptq, qat, structured, unstructured
    bits: int
    amount: float
    fine_tuned: bool
    seed: int
    validation_accuracy: float
    test_accuracy: float
    model: Chain
    stored: tuple[Storage, ...]  # of the layers with weights, in their order
    cost: Cost
    footprint: Footprint  # estimated, of the image with this model alone

    @property
    def weight_bytes(self) -> int:
        """Flash that the weights take."""
        return sum(one.size_bytes for one in self.stored)

    @property
    def nonzero_parameters(self) -> int:
        """Integers that are not zero, biases included."""
        layers = weighted_layers(self.model).values()
        integers = [part for layer in layers for part in (integer_weights(layer)[0], layer.bias.detach())]
        return int(sum(np.count_nonzero(part.numpy()) for part in integers))

    def row(self, deployed: bool) -> Row:
        """A row of plots/candidates.csv."""
        named = ("method", "bits", "amount", "fine_tuned", "seed", "validation_accuracy", "test_accuracy")
        return {
            "candidate": self.name,
            **{name: getattr(self, name) for name in named},
            "parameters": self.cost.parameters,
            "nonzero_parameters": self.nonzero_parameters,
            "macs": self.cost.macs,
            "weight_bytes": self.weight_bytes,
            "flash_bytes_estimate": self.footprint.flash_bytes,
            "ram_bytes_estimate": self.footprint.ram_bytes,
            "deployed": deployed,
        }


def contenders(features: Path, swept: Swept, params: Params) -> list[Contender]:
    """All of them, by name; those that the sweeps' choices make impossible to deploy are left out."""
    models = [
        (f"{method}_{ptq.label(row)}", row["weight_bits"], row, read_checkpoint(folder / ptq.checkpoint_name(row)))
        for method, rows, folder in (
            ("qat", swept.qat_rows, swept.qat_folder),
            ("ptq", swept.ptq_rows, swept.ptq_folder),
        )
        for row in best_seeds(rows)
    ]
    pruned = _best_pruned(swept.prune_rows)
    paths = [swept.prune_folder / prune.checkpoint_name(row) for row in pruned]
    points = [
        {
            "dataset": str(features),
            "dataset_sha256": file_digest(features),
            "checkpoint": str(path),
            "checkpoint_sha256": file_digest(path),
            "calibration_clips": params.convert.calibration_clips,
        }
        for path in paths
    ]
    folders = run_points("prune_int8", points, _quantize)
    models += [
        (_pruned_name(row), PRUNED_BITS, {**row, **figures(folder)}, read_checkpoint(folder / MODEL))
        for row, folder in zip(pruned, folders, strict=True)
    ]
    return [_contender(*one, params.front_end.kind) for one in models if is_deployable(one[-1])]


def best_seeds(rows: list[Row]) -> list[Row]:
    """Of each width with activations of 8 bits the row that is best on validation, widest first."""
    widths = sorted({row["weight_bits"] for row in rows if row["activation_bits"] == 8}, reverse=True)
    return [qat.best_candidate(rows, bits) for bits in widths]


def deployed_width(rows: list[Row], bits: int) -> str:
    """The name of QAT's contender with weights of `bits`. Raises ArtifactError where the sweep left that width out."""
    return f"qat_{ptq.label(qat.best_candidate(rows, bits))}"


def named(found: list[Contender], name: str) -> Contender:
    """The one of that name. Raises ArtifactError with the names that there are."""
    for one in found:
        if one.name == name:
            return one
    raise ArtifactError(
        f"`convert.candidate` is {name!r}, which is neither qat nor auto nor one of the sweeps' candidates: "
        f"{', '.join(one.name for one in found)}."
    )


def _best_pruned(rows: list[Row]) -> list[Row]:
    """Nothing zeroed is structured pruning's first point already."""
    settings = dict.fromkeys((row["method"], row["amount"], row["fine_tuned"]) for row in rows)
    return [prune.best_seed(rows, *one) for one in sorted(settings) if one[:2] != ("unstructured", 0.0)]


def _pruned_name(row: Row) -> str:
    return f"{row['method']}_{round(row['amount'] * 1000):03d}{'_fine_tuned' if row['fine_tuned'] else ''}"


def _contender(name: str, bits: int, row: Row, model: Chain, front_end: str) -> Contender:
    stored = tuple(
        storage(integer_weights(layer)[0].numpy().astype(np.int8)) for layer in weighted_layers(model).values()
    )
    return Contender(
        name, row["method"], bits, row.get("amount", 0.0), row.get("fine_tuned", row["method"] == "qat"), row["seed"],
        row["validation_accuracy"], row["test_accuracy"], model, stored, cost(model),
        footprint(model, bits, front_end, stored),
    )  # fmt: skip


def _quantize(folder: Path, point: dict) -> None:
    dataset = cached_dataset(point["dataset"], point["dataset_sha256"])
    clips = torch.from_numpy(dataset.calibration(point["calibration_clips"]))
    model = quantized(read_checkpoint(Path(point["checkpoint"])), Scheme(PRUNED_BITS, 8), clips)
    keep(folder, model, dataset, (PRUNED_BITS, 8))
