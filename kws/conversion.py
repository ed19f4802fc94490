"""`convert`: the candidates for the board as .tflite files, with a manifest that later stages go by.

Which is deployed params.convert says. Beside it go the structured pruned models and the sparsest of the fine-tuned
ones, of each amount the seed that is best on validation; they do not depend on `bits`, and the store keeps them.
"""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn

from kws import budgets, points
from kws.capacity import least_sparse
from kws.contenders import Contender, Swept, contenders
from kws.conversion_manifest import Candidate
from kws.dataset import Dataset, read_dataset
from kws.errors import ModelError
from kws.evaluation import accuracy, logits
from kws.files import sha256
from kws.integer_model import IntegerModel
from kws.params import Params
from kws.progress import progress
from kws.quiet import output_to
from kws.store import stored_folder
from kws.tables import Row
from kws.tflite.interpreter import cpu_latencies, reference_logits
from kws.tflite.reader import read_graph
from kws.timing import named

DEPLOYED = "deployed"
_CONVERTER = ("tflite/deployable", "tflite/export")


def convert(features: Path, swept: Swept, params: Params) -> tuple[dict[str, bytes], list[Candidate], dict, list[Row]]:
    """Choose the deployed model and convert it, with those that go to the board beside it.

    Args:
        features: features.npz of preprocess.

    Returns:
        .tflite files by name, the manifest's entries (the deployed one first), the metrics, and a row for each
        candidate of the sweeps.
    """
    dataset, found = read_dataset(features), contenders(features, swept, params)

    def milliseconds(candidates: Sequence[Contender]) -> dict[str, float]:
        return _milliseconds(candidates, params)

    deployed = budgets.chosen(found, swept.qat_rows, params.bits, params.convert, milliseconds)
    going = [(DEPLOYED, deployed), *((one.name, one) for one in _beside(found, params))]
    files: dict[str, bytes] = {}
    candidates, entries = [], []
    for name, one in progress(going, "conversion", len(going)):
        files[name] = _stored_tflite(one.model)
        candidates.append(_candidate(name, files[name], one))
        entries.append(_measured(candidates[-1], files[name], one, dataset))
    for entry, latency in zip(entries, cpu_latencies([files[entry["name"]] for entry in entries]), strict=True):
        entry.update(named("cpu_int8_latency", latency))
    return (
        files,
        candidates,
        {"deployed": entries[0], "models": entries[1:]},
        [one.row(one is deployed) for one in found],
    )


def _beside(found: list[Contender], params: Params) -> list[Contender]:
    """What goes to the board beside the deployed model, fine-tuned ones first."""
    structured = [one for one in found if one.method == "structured"]
    sparse = [
        one for one in found
        if one.method == "unstructured" and one.fine_tuned and one.amount >= least_sparse(params)
    ]  # fmt: skip
    return [*sorted(structured, key=lambda one: (not one.fine_tuned, one.amount)), *sparse]


def _milliseconds(found: Sequence[Contender], params: Params) -> dict[str, float]:
    """Of an inference by candidate: models of the same shape take the same time, so one of each is run."""
    from kws.modelled_time import modelled_inference_ms  # loads the board, which nothing else here needs

    examples = {one.cost.macs: one for one in found}
    tflites = {f"macs_{macs}": _stored_tflite(one.model) for macs, one in examples.items()}
    taken = modelled_inference_ms(tflites, params)
    return {one.name: taken[f"macs_{one.cost.macs}"] for one in found}


def _stored_tflite(model: nn.Module) -> bytes:
    """The model's .tflite, from the store where these very weights were converted before."""
    buffer = io.BytesIO()
    torch.save(model.state_dict(), buffer)

    def convert_into(folder: Path) -> None:
        with output_to(folder / "conversion.log"):
            from kws.tflite.export import to_tflite  # loads TensorFlow, which takes seconds

            (folder / "model.tflite").write_bytes(to_tflite(model))

    inputs = {"state": sha256(buffer.getvalue()), "code": points.code_digest(_CONVERTER)}
    return (stored_folder("tflite", inputs, convert_into) / "model.tflite").read_bytes()


def _candidate(name: str, tflite: bytes, one: Contender) -> Candidate:
    scale = read_graph(tflite).outputs[0].quantization.scales[0]
    setting = one.bits, one.seed, one.method, one.amount, one.fine_tuned
    return Candidate(name, f"{name}.tflite", sha256(tflite), *setting, scale)


def _measured(candidate: Candidate, tflite: bytes, one: Contender, dataset: Dataset) -> dict:
    """An entry of metrics/convert.json: accuracies of the .tflite by TFLite's reference kernels."""
    stored = reference_logits(tflite, dataset.testing_features)
    from_torch = logits(one.model, dataset.testing_features)
    simulated = IntegerModel(one.model).logits(dataset.testing_features)
    if not np.array_equal(stored, simulated):
        raise ModelError(
            f"{candidate.name}: TFLite and the integer simulation differ on {np.any(stored != simulated, 1).sum()} of "
            f"{len(stored)} clips: what was measured is not what would be deployed; install the versions of "
            "requirements.lock."
        )
    return {
        "name": candidate.name,
        "candidate": one.name,
        "method": one.method,
        "bits": candidate.bits,
        "seed": candidate.seed,
        "amount": candidate.amount,
        "fine_tuned": candidate.fine_tuned,
        "parameters": one.cost.parameters,
        "nonzero_parameters": one.nonzero_parameters,
        "macs": one.cost.macs,
        "weight_bytes": one.weight_bytes,
        "tflite_bytes": len(tflite),
        "tflite_sha256": candidate.tflite_sha256,
        "operators": [operator.kind for operator in read_graph(tflite).operators],
        "validation_accuracy": one.validation_accuracy,
        "test_accuracy": accuracy(stored, dataset.testing_labels),
        "agreement_with_simulation": float(np.mean(np.all(stored == simulated, 1))),
        "agreement_with_torch": float(np.mean(stored.argmax(1) == from_torch.argmax(1))),
        "flash_bytes_estimate": one.footprint.flash_bytes,
        "ram_bytes_estimate": one.footprint.ram_bytes,
    }
