"""docs/cycle_model.md's table of bounds, from metrics/mcu_benchmark.json."""

from collections.abc import Sequence

from kws.summary import Metrics, phases_of
from tools.readme_markdown import markdown


def bounds_table(results: Sequence[Metrics]) -> str:
    """The deployed model's phases under each cycle model, modelled, in ms."""
    models = ("lower", "table", "wait_states", "upper")
    rows = []
    for metrics in results:
        times = metrics["mcu_benchmark"]["deployed"]
        for key, name in phases_of(times).items():
            found = [times[key]["mean"] if model == "table" else times.get(f"{key}_{model}") for model in models]
            rows.append([name, *("" if ms is None else f"{ms:.3f}" for ms in found)])
    return markdown(["phase (ms, modelled)", *models], rows)
