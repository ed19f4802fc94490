"""docs/scaling.md's table of preprocessing, from results/preprocess_scaling.json."""

from tools.readme_markdown import markdown


def preprocess_table(measured: dict) -> str:
    """What tools/preprocess_scaling.py measured, a row a run."""
    rows = [
        [
            _what(run), f"{run['words']}", f"{run['clips_in_folder']:,}", f"{run['workers']}", f"{run['seconds']:,.0f}",
            f"{run['cpu_s']:,.0f}", _rate(run, "seconds"), _rate(run, "cpu_s"), _gigabytes(run["peak_bytes"]),
            _gigabytes(run["peak_anonymous_bytes"]), f"{run['load_before']:.1f}",
        ]
        for run in measured["runs"]
    ]  # fmt: skip
    machine = sorted({f"{run['cores']} cores of {run['cpu']}" for run in measured["runs"]})
    head = [
        f"stage, on {' or '.join(machine)}",
        "words",
        "clips in the folder",
        "processes",
        "seconds",
        "CPU seconds",
        "features a second",
    ]
    memory = ["memory at its peak (GB)", "of it not files' (GB)", "load before"]
    return markdown([*head, "features a CPU second", *memory], rows)


def _what(run: dict) -> str:
    if run["stage"] == "train":
        return f"train, {run['seeds']} models, {run['epochs']} epoch"
    return f"preprocess, {run['clips']:,} clips used"


def _rate(run: dict, seconds: str) -> str:
    """Clips turned into features, each copy of a training clip counted."""
    return f"{run['features'] / run[seconds]:,.0f}" if "features" in run else ""


def _gigabytes(value: int) -> str:
    return f"{value / 1e9:.2f}"
