"""`convert`: the candidates for the board as .tflite files, with a manifest that later stages go by.

The deployed model is the QAT candidate with weights of `bits` and activations of 8, of the seed that is best on
validation. Beside it go the structured pruned models, of each amount the seed that is best on validation, quantized to
8 bits after training; they do not depend on `bits`, and the store keeps them.
"""

import io
from pathlib import Path

import numpy as np
import torch
from torch import nn
from tqdm import tqdm

from kws import points
from kws.checkpoints import read_checkpoint
from kws.conversion_manifest import Candidate
from kws.dataset import Dataset
from kws.errors import ModelError
from kws.estimate import footprint
from kws.evaluation import accuracy, logits
from kws.files import sha256
from kws.integer_model import IntegerModel
from kws.params import Params
from kws.quantized import Scheme, quantized
from kws.quiet import output_to
from kws.store import stored_folder
from kws.sweeps import prune, qat
from kws.tflite.interpreter import cpu_latencies, reference_logits
from kws.tflite.reader import read_graph
from kws.timing import named

DEPLOYED = "deployed"
_CONVERTER = ("tflite/deployable", "tflite/export")


def convert(
    dataset: Dataset, qat_folder: Path, qat_rows: list[dict], prune_folder: Path, prune_rows: list[dict], params: Params
) -> tuple[dict[str, bytes], list[Candidate], dict]:
    """Convert all candidates.

    Args:
        qat_folder, prune_folder: checkpoints as the sweeps wrote them.
        qat_rows, prune_rows: the sweeps' tables.

    Returns:
        .tflite files by name, the manifest's entries (the deployed one first), and the metrics.
    """
    row = qat.best_candidate(qat_rows, params.bits)
    model = read_checkpoint(qat_folder / qat.checkpoint_name(row))
    tflite = _stored_tflite(model)
    files, candidates = {DEPLOYED: tflite}, [_candidate(DEPLOYED, tflite, params.bits, row["seed"], 0.0, True)]
    metrics = {"deployed": _measured(candidates[0], tflite, model, dataset, params.front_end.kind), "models": []}
    clips = torch.from_numpy(dataset.calibration(params.convert.calibration_clips))
    chosen = [
        prune.best_seed(prune_rows, amount, fine_tuned)
        for fine_tuned in (True, False)
        for amount in sorted({row["amount"] for row in prune_rows if row["method"] == "structured"})
    ]
    for row in tqdm(chosen, "conversion", disable=None, leave=False):
        name = f"structured_{round(row['amount'] * 1000):03d}{'_fine_tuned' if row['fine_tuned'] else ''}"
        small = quantized(read_checkpoint(prune_folder / prune.checkpoint_name(row)), Scheme(8, 8), clips)
        files[name] = _stored_tflite(small)
        candidates.append(_candidate(name, files[name], 8, row["seed"], row["amount"], row["fine_tuned"]))
        metrics["models"].append(_measured(candidates[-1], files[name], small, dataset, params.front_end.kind))
    entries = [metrics["deployed"], *metrics["models"]]
    for entry, latency in zip(entries, cpu_latencies([files[entry["name"]] for entry in entries]), strict=True):
        entry.update(named("cpu_int8_latency", latency))
    return files, candidates, metrics


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


def _candidate(name: str, tflite: bytes, bits: int, seed: int, amount: float, fine_tuned: bool) -> Candidate:
    scale = read_graph(tflite).outputs[0].quantization.scales[0]
    return Candidate(name, f"{name}.tflite", sha256(tflite), bits, seed, amount, fine_tuned, scale)


def _measured(candidate: Candidate, tflite: bytes, model: nn.Module, dataset: Dataset, front_end: str) -> dict:
    """An entry of metrics/convert.json: accuracies of the .tflite by TFLite's reference kernels."""
    stored = reference_logits(tflite, dataset.testing_features)
    from_torch = logits(model, dataset.testing_features)
    simulated = IntegerModel(model).logits(dataset.testing_features)
    if not np.array_equal(stored, simulated):
        raise ModelError(
            f"{candidate.name}: TFLite and the integer simulation differ on {np.any(stored != simulated, 1).sum()} of "
            f"{len(stored)} clips: what was measured is not what would be deployed; install the versions of "
            "requirements.lock."
        )
    estimate = footprint(model, candidate.bits, front_end)
    return {
        "name": candidate.name,
        "bits": candidate.bits,
        "seed": candidate.seed,
        "amount": candidate.amount,
        "fine_tuned": candidate.fine_tuned,
        "tflite_bytes": len(tflite),
        "tflite_sha256": candidate.tflite_sha256,
        "operators": [operator.kind for operator in read_graph(tflite).operators],
        "test_accuracy": accuracy(stored, dataset.testing_labels),
        "agreement_with_simulation": float(np.mean(np.all(stored == simulated, 1))),
        "agreement_with_torch": float(np.mean(stored.argmax(1) == from_torch.argmax(1))),
        "flash_bytes_estimate": estimate.flash_bytes,
        "ram_bytes_estimate": estimate.ram_bytes,
    }
