"""Random quantized models through the real converter, in a process of its own: TensorFlow takes seconds to import.

    python -W error -m tests.support_conversion FOLDER

Leaves in FOLDER: candidates as the sweeps write them (qat, prune, tables.json), the store with what was converted,
ds_cnn's .pt and .tflite of two widths, a .tflite for each scheme of SIMULATED,
`again.tflite`, the first model converted once more after all others, and `refusals.json`, what the check of the arrival
says of files that are not as they should be.
"""

import json
import os
import sys
from pathlib import Path

import numpy as np

from kws.checkpoints import read_checkpoint, write_checkpoint
from kws.contenders import Swept
from kws.errors import ModelError
from kws.pruning import masked, prune_weights, without_masks
from kws.pruning_filters import filters_to_keep, without_filters
from kws.sweeps import prune, ptq
from tests.support_learning import dataset_file, float_model, inputs, params, quantized_model

WIDTHS = (8, 3, 2)
DS_CNN_WIDTHS = (8, 3)
SIMULATED = {
    **{f"tiny_conv {bits}": {"bits": bits} for bits in range(2, 9)},
    **{f"ds_cnn {bits}": {"bits": bits, "name": "ds_cnn"} for bits in (2, 3, 8)},
    "one scale a tensor": {"bits": 4, "granularity": "tensor"},
    "symmetric activations": {"bits": 4, "activation_symmetry": "symmetric"},
    "e2m1": {"bits": 4, "minifloat": (2, 1)},
    "gptq": {"bits": 2, "rounding": "gptq", "bias_correction": True},
}


def write_candidates(folder: Path) -> None:
    """Checkpoints and tables: a quantized model a width, and a pruned model of each kind as it is and as if tuned."""
    for name in ("qat", "ptq", "prune"):
        (folder / name).mkdir()
    rows = {
        method: [_row(method=method, weight_bits=bits, activation_bits=8) for bits in WIDTHS]
        for method in ("ptq", "qat")
    }
    for method, row in [(method, row) for method, found in rows.items() for row in found]:
        bits = (row["weight_bits"], 8)
        write_checkpoint(folder / method / ptq.checkpoint_name(row), quantized_model(*bits), bits)
    rows["prune"] = [
        _row(method=method, amount=amount, fine_tuned=tuned)
        for method, amount in (("structured", 0.5), ("unstructured", 0.9))
        for tuned in (False, True)
    ]
    small = {
        "structured": without_filters(float_model(), filters_to_keep(float_model(), 0.5, inputs(24)), 0.0),
        "unstructured": masked(float_model()),
    }
    prune_weights(small["unstructured"], 0.9)
    small["unstructured"] = without_masks(small["unstructured"])
    for row in rows["prune"]:
        write_checkpoint(folder / "prune" / prune.checkpoint_name(row), small[row["method"]])
    (folder / "tables.json").write_text(json.dumps(rows))
    dataset_file(folder)


def convert(folder: Path, bits: int, **choices):
    """kws.conversion.convert for these candidates, with the store in the folder; `choices` are of params.convert.

    Returns (files, candidates, metrics, rows).
    """
    from kws import conversion

    tables = json.loads((folder / "tables.json").read_text())
    swept = Swept(*(part for name in ("ptq", "qat", "prune") for part in (tables[name], folder / name)))
    return conversion.convert(folder / "features.npz", swept, params(bits=bits, convert=choices))


def convert_ds_cnn(folder: Path, bits: int) -> None:
    """ds_cnn_<bits>.pt and .tflite."""
    model = quantized_model(bits, name="ds_cnn")
    write_checkpoint(folder / f"ds_cnn_{bits}.pt", model, (bits, 8))
    (folder / f"ds_cnn_{bits}.tflite").write_bytes(exported(folder, model))


def exported(folder: Path, model) -> bytes:
    """A model's .tflite, from the converter and not from the store."""
    from kws.quiet import output_to
    from kws.tflite.export import to_tflite

    with output_to(folder / "exported.log"):
        return to_tflite(model)


def refusals(folder: Path) -> dict[str, str]:
    """What `_check_arrival` says of the .tflite of one model where another was meant."""
    from kws.tflite.deployable import Deployable
    from kws.tflite.export import _check_arrival

    wide, narrow = (Deployable(read_checkpoint(folder / "qat" / f"w{bits}a8_seed0.pt")) for bits in (8, 3))
    found = {"other weights": _refusal(_check_arrival, folder, narrow)}
    conv = wide.layers["conv"]
    for what, place, name, value in (
        ("other scales", conv, "scales", conv.scales * np.float32(1 + 2**-20)),
        ("other biases", conv, "bias", conv.bias + 0.01),
        ("other scale between", wide.activations["conv"], "scale", wide.activations["conv"].scale * (1 + 2**-20)),
        ("other zero point", wide.activations["logits"], "zero_point", 99),
    ):
        right = getattr(place, name)
        setattr(place, name, value)
        found[what] = _refusal(_check_arrival, folder, wide)
        setattr(place, name, right)
    found["as it is"] = _refusal(_check_arrival, folder, wide)
    found["other layers"] = _refusal(_check_arrival, folder, Deployable(quantized_model(8, name="ds_cnn")))
    return found


def _refusal(check, folder: Path, deployable) -> str:
    tflite = convert(folder, 8)[0]["deployed"]
    try:
        check(tflite, deployable)
    except ModelError as error:
        return str(error)
    return "accepted"


def _row(**names) -> dict:
    return {"seed": 0, "validation_accuracy": 0.5, "test_accuracy": 0.5, **names}


def main(folder: Path) -> None:
    os.environ["KWS_STORE"] = str(folder / "store")
    write_candidates(folder)
    for bits in WIDTHS:
        convert(folder, bits)
    for bits in DS_CNN_WIDTHS:
        convert_ds_cnn(folder, bits)
    for name, scheme in SIMULATED.items():
        (folder / f"{name}.tflite").write_bytes(exported(folder, quantized_model(**scheme)))
    first = read_checkpoint(folder / "qat" / f"w{WIDTHS[0]}a8_seed0.pt")
    (folder / "again.tflite").write_bytes(exported(folder, first))
    (folder / "refusals.json").write_text(json.dumps(refusals(folder)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
