"""The whole graph on a tiny corpus, run once for all tests that look at it."""

from pathlib import Path

from kws import yaml_files
from kws.scratch import make_copy, run_graph
from tests.conftest import REPOSITORY

TINY = {
    "data": {"synthetic_clips": 400},
    "augmentation": {"copies": 1},
    "train": {"epochs": 2},
    "ptq_sweep": {"weight_bits": [8], "calibration_clips": 32},
    "qat_sweep": {"weight_bits": [3, 8]},
    "convert": {"calibration_clips": 32},
    "mcu_benchmark": {"clips": 12, "timed_clips": 2, "timed_clips_pruned": 1},
}


def tiny() -> dict:
    """What differs from params.yaml: params.quick.yaml, and less still."""
    overrides = yaml_files.load((REPOSITORY / "params.quick.yaml").read_text())
    return overrides | {section: overrides.get(section, {}) | values for section, values in TINY.items()}


def run_tiny(folder: Path) -> None:
    """Fill folder/copy with a copy of the repository in which every stage has run, folder/store with partial work."""
    make_copy(REPOSITORY, folder / "copy", tiny())
    run_graph(folder / "copy", folder / "store")
