"""Bytes that weights, mostly zero, take in each of several forms, for the pruned models of artifacts/convert.

    python tools/sparse_forms.py [--models artifacts/convert]

Takes the fine-tuned models with single weights zeroed, as `convert` left them, and writes results/sparse_forms.json:
a row a model, biases and scales apart, 8 bits a weight. Forms, each layer by itself:

dense: every weight, zeros too. bitmap: a bit a weight, then those that are not zero. run_lengths_4, run_lengths_8: the
zeros before each weight as a number of 4 or 8 bits; where they are more, a zero is stored as a weight. rice: what the
compiler stores (kws/codegen/sparse.py). entropy: not a form but a bound, of the zeroth order: no code that gives each
value (zeros included) a fixed number of bits, fractions allowed, can be shorter; the table of such a code not counted.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from kws.codegen.lowering import lower
from kws.codegen.sparse import gaps, sparse_bytes
from kws.conversion_manifest import read_candidates
from kws.files import write_json
from kws.tflite.reader import read_graph

ROOT = Path(__file__).resolve().parent.parent
_BITS = 8


def forms_bytes(weights: np.ndarray) -> dict[str, int]:
    """Bytes of each form for a layer's int8 weights, any shape."""
    flat = weights.reshape(-1)
    counts = np.unique(flat, return_counts=True)[1]
    entropy_bits = -(counts * np.log2(counts / flat.size)).sum()
    return {
        "dense": flat.size,
        "bitmap": _bytes(flat.size + np.count_nonzero(flat) * _BITS),
        "run_lengths_4": run_lengths_bytes(flat, 4),
        "run_lengths_8": run_lengths_bytes(flat, 8),
        "rice": sparse_bytes(flat, _BITS),
        "entropy": _bytes(entropy_bits),
    }


def run_lengths_bytes(weights: np.ndarray, length_bits: int) -> int:
    """Bytes of pairs of a number of zeros, of `length_bits`, and a weight; the last pair's weight is not stored."""
    before, values = gaps(weights)
    stored_zeros = (before >> length_bits).sum()  # 2^n - 1 zeros and one stored are 2^n weights
    pairs = len(values) + stored_zeros
    return _bytes(pairs * (length_bits + _BITS) + (len(before) - len(values)) * length_bits)


def measure(models: Path) -> list[dict]:
    """A row for each model with weights zeroed: what share is not zero, and the bytes of each form."""
    rows = []
    for candidate, tflite in read_candidates(models):
        if candidate.method == "unstructured":
            layers = [layer.weighted.weights for layer in lower(read_graph(tflite)).layers if layer.weighted]
            weights = sum(layer.size for layer in layers)
            sizes = [forms_bytes(layer) for layer in layers]
            rows.append(
                {
                    "name": candidate.name, "amount": candidate.amount, "weights": weights,
                    "not_zero": int(sum(np.count_nonzero(layer) for layer in layers)),
                    **{form: sum(size[form] for size in sizes) for form in sizes[0]},
                }
            )  # fmt: skip
    return rows


def _bytes(bits: float) -> int:
    return int(np.ceil(bits / 8))


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=Path, default=ROOT / "artifacts" / "convert")
    rows = measure(parser.parse_args().models)
    write_json(ROOT / "results" / "sparse_forms.json", {"models": rows})
    print(json.dumps(rows, indent=2))


if __name__ == "__main__":
    main()
