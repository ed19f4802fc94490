"""The kinds of front end side by side: accuracy on real speech and cost on the board -> results/front_ends.json.

Each kind goes through all stages in a copy (kws/scratch.py), with the sweeps at 8 bits and unpruned only. A kind is
chosen by `validation_accuracy`; the test split is reported.
"""

import json
from pathlib import Path
from typing import get_args

from kws.files import write_json
from kws.params import FrontEnd
from kws.scratch import make_copy, real_speech, run_graph
from kws.store import store_root

RESULT = Path("results") / "front_ends.json"
KINDS: tuple[str, ...] = get_args(FrontEnd.model_fields["kind"].annotation)
_STAGES = ("train", "flash", "mcu_benchmark")
_SHORT_SWEEPS = {
    "ptq_sweep": {"weight_bits": [8], "minifloat": []},
    "qat_sweep": {"weight_bits": [8], "minifloat": []},
    "prune_sweep": {"unstructured_amounts": [0.0], "structured_amounts": [0.0]},
}


def compare_front_ends(repository: Path, data_root: str) -> Path:
    """Run the graph once a kind and write what came out; returns the file.

    Args:
        repository: the root of the workspace.
        data_root: Speech Commands as a folder or .tar.gz, absolute or relative to the repository; empty downloads it.

    Raises:
        DataError: nothing lies at data_root.
        KwsError: a stage failed; the file is then as it was before.
    """
    rows = []
    for kind in KINDS:
        folder = repository / "build" / f"front_end_{kind}"
        overrides = {"bits": 8, "data": real_speech(repository, data_root), "front_end": {"kind": kind}}
        make_copy(repository, folder, overrides | _SHORT_SWEEPS, cache=repository / ".dvc" / "cache")
        run_graph(folder, store_root())
        rows.append(_row(kind, folder / "metrics"))
    write_json(repository / RESULT, rows)
    return repository / RESULT


def _row(kind: str, metrics: Path) -> dict:
    """One kind's figures from the metrics of its run."""
    train, flash, board = (json.loads((metrics / f"{name}.json").read_text()) for name in _STAGES)
    return {
        "kind": kind,
        **{name: train[name] for name in ("validation_accuracy", "test_accuracy", "test_accuracy_std", "seeds")},
        "preprocess_ms": board["deployed"]["preprocess_ms"]["mean"],
        "preprocess_stride_ms": board["deployed"]["preprocess_stride_ms"]["mean"],
        "preprocess_window_ms": board["deployed"]["preprocess_window_ms"]["mean"],
        "cycles_are": board["cycles_are"],
        "flash_bytes": flash["flash_bytes"],
    }
