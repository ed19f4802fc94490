"""metrics/*.json -> the tables of README.md and docs/, so that none was typed. `--check` exits 1 where one is stale.

A table stands between two comments, `<!-- table: NAME -->` and `<!-- end -->`; NAME is one of TABLES, followed by the
data it is of: `here` (metrics/, the last `make repro`) or `speech_commands` (results/speech_commands/metrics/).
`<!-- table: headline here speech_commands -->` sets several side by side; `<!-- table: front_ends -->` is of
results/front_ends.json, `bench`, `preprocess_scaling`, `sweep_scaling`, `sparse_forms` and `listening` of
results/<name>.json, `sweep_model` of sweep_scaling's.
"""

import argparse
import json
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from kws.bench.report import PHASE_TITLES  # noqa: E402
from kws.captions import cycles_caption, data_caption  # noqa: E402
from kws.errors import ArtifactError, KwsError  # noqa: E402
from kws.files import write_text  # noqa: E402
from kws.summary import Metrics, headline, load_metrics  # noqa: E402
from kws.sweep_model import rows as model_rows  # noqa: E402
from tools.readme_bounds import bounds_table  # noqa: E402
from tools.readme_listening import listening_table  # noqa: E402
from tools.readme_markdown import markdown, percent  # noqa: E402
from tools.readme_preprocessing import preprocess_table  # noqa: E402

FOLDERS = {
    "here": Path("metrics"),
    "speech_commands": Path("results/speech_commands/metrics"),
    "ds_cnn": Path("results/speech_commands_ds_cnn/metrics"),
}
BLOCK = re.compile(r"(<!-- table: ([^>]*?) -->\n).*?(<!-- end -->)", re.DOTALL)


def headline_table(results: Sequence[Metrics]) -> str:
    """The table that `make repro` ends with, a column for each data."""
    columns = [dict(headline(metrics)) for metrics in results]
    rows = [[name, *(column[name] for column in columns)] for name in columns[0] if all(name in c for c in columns)]
    return markdown(["", *(column["speech"] for column in columns)], [row for row in rows if row[0] != "speech"])


def bits_table(results: Sequence[Metrics]) -> str:
    """Test accuracy of each scheme, quantized after training and with training, and its difference from the float's."""
    rows = []
    for metrics in results:
        ptq, qat = metrics["ptq_sweep"], metrics["qat_sweep"]
        rows.append(["float", percent(ptq["float_test_accuracy"]), "", percent(qat["float_test_accuracy"]), "", ""])
        names = dict.fromkeys([*ptq, *qat])
        del names["float_test_accuracy"]
        for name in names:
            cells = [
                cell for sweep in (ptq, qat) for cell in (_with_deviation(sweep.get(name)), _paired(sweep.get(name)))
            ]
            rows.append([name, *cells, f"{(ptq.get(name) or qat[name])['weight_bytes']:,}"])
    return markdown(["bits", "PTQ", "PTQ less float", "QAT", "QAT less float", "weights (bytes)"], rows)


def _paired(width: dict | None) -> str:
    """A difference in points with its interval."""
    if not width or "difference_from_float" not in width:
        return ""
    low, high = width["difference_from_float_interval"]
    return f"{100 * width['difference_from_float']:+.1f} [{100 * low:+.1f}, {100 * high:+.1f}]"


def pruning_table(results: Sequence[Metrics]) -> str:
    """Structured pruning: what each point costs, and what fine-tuning brings back."""
    rows = []
    for metrics in results:
        board = metrics["mcu_benchmark"]
        ms = {model["amount"]: model["inference_ms"] for model in board["models"] if _is_structured(model)}
        rows += [
            [
                data_caption(metrics["preprocess"]["source"]), f"{point['amount']:.1%}", f"{point['parameters']:,.0f}",
                f"{point['flops']:,.0f}", _milliseconds(ms.get(point["amount"]), board),
                f"{point['cpu_latency_us']:.0f}", percent(point["test_accuracy"]),
                percent(point["test_accuracy_fine_tuned"]),
            ]
            for point in metrics["prune_sweep"]["structured"]
        ]  # fmt: skip
    head = ["speech", "removed", "parameters", "FLOPs", "on the board (ms)", "host CPU (µs)", "pruned", "fine-tuned"]
    return markdown(head, rows)


def _is_structured(model: dict) -> bool:
    return model["name"].startswith("structured")


def sparse_table(results: Sequence[Metrics]) -> str:
    """Models with most weights zero, as they lie in flash: what the compressed form saves, and what the zeros cost."""
    rows = []
    for metrics in results:
        stored = {one["name"]: one for one in metrics["flash"].get("stored", [])}
        for model in metrics["convert"]["models"]:
            if model.get("method") == "unstructured":
                weights, weight_bytes = (stored[model["name"]][key] for key in ("weights", "weight_bytes"))
                rows.append(
                    [
                        f"{model['amount']:.0%}", f"{model['parameters']:,}", f"{model['nonzero_parameters']:,}",
                        f"{weight_bytes:,} of {weights:,}", f"{8 * weight_bytes / weights:.2f}",
                        percent(model["test_accuracy"]),
                    ]
                )  # fmt: skip
    head = ["zeroed", "parameters", "not zero", "weights in flash (bytes)", "bits a weight", "test accuracy"]
    return markdown(head, rows)


def _milliseconds(value: float | None, board: dict) -> str:
    return "" if value is None else f"{value:.2f} ({cycles_caption(board['cycles_are'])})"


def board_table(results: Sequence[Metrics]) -> str:
    """Every further model that went to the board."""
    rows = [
        [
            data_caption(metrics["preprocess"]["source"]), model["name"], percent(model["amount"]),
            _milliseconds(model["inference_ms"], metrics["mcu_benchmark"]),
            percent(model["test_accuracy"]),
        ]
        for metrics in results
        for model in metrics["mcu_benchmark"]["models"]
    ]  # fmt: skip
    return markdown(["speech", "model", "removed", "inference (ms)", "test accuracy"], rows)


def estimate_table(results: Sequence[Metrics]) -> str:
    """The estimate before deployment, a row a layer and their sums; of what is alive at once the most."""
    rows = []
    for metrics in results:
        layers = metrics["train"].get("layers", [])  # a run of an earlier version had none
        sums = {key: sum(layer[key] for layer in layers) for key in _COUNTED}
        sums["live_bytes"] = max((layer["live_bytes"] for layer in layers), default=0)
        rows += [_layer_cells(layer) for layer in layers]
        rows += [_layer_cells({"layer": "all", "kernel": "", "output": "", **sums})] if layers else []
    head = ["layer", "kernel", "output", "parameters", "MACs", "FLOPs", "FLOPs, bias once a channel", "weights (bytes)"]
    return markdown([*head, "activations alive (bytes)"], rows)


def widths_table(results: Sequence[Metrics]) -> str:
    """What the image with the model alone will take at each width, estimated."""
    rows = [
        [data_caption(metrics["preprocess"]["source"]), width, *(f"{bytes_of:,}" for bytes_of in figures.values())]
        for metrics in results
        for width, figures in reversed(metrics["train"].get("widths", {}).items())
    ]
    head = ["speech", "bits", "weights (bytes)", "flash, estimated (bytes)", "RAM, estimated (bytes)"]
    return markdown(head, rows)


def front_ends_table(rows: Sequence[dict]) -> str:
    """The kinds of front end, best on validation first."""
    ordered = sorted(rows, key=lambda row: -row["validation_accuracy"])
    cells = [
        [
            row["kind"], percent(row["validation_accuracy"]),
            f"{row['test_accuracy']:.1%} ± {100 * row['test_accuracy_std']:.1f}", f"{row['preprocess_ms']:.2f}",
            f"{row['preprocess_stride_ms']:.2f}", _optional(row.get("preprocess_window_ms")), f"{row['flash_bytes']:,}",
        ]
        for row in ordered
    ]  # fmt: skip
    times = (f"{what} (ms, modelled)" for what in ("a clip", "a stride", "a window"))
    return markdown(["front end", "validation", "test", *times, "image (bytes)"], cells)


def _optional(ms: float | None) -> str:
    """Empty where results of an earlier version do not have it."""
    return "" if ms is None else f"{ms:.2f}"


def scaling_table(measured: dict) -> str:
    """Seconds of tools/sweep_scaling.py."""
    names = {
        "one_process_s": "one process",
        "two_processes_s": "two processes",
        "dask_two_workers_s": "Dask, two workers",
        "all_but_one_width_s": "two processes, 7 bits left out",
        "that_width_added_s": "7 bits added then",
    }
    rows = [[name, f"{measured[key]:.0f}"] for key, name in names.items()]
    return markdown([f"QAT of {measured['models']} models, {measured['cores']} cores", "seconds"], rows)


def sparse_forms_table(measured: dict) -> str:
    """Bytes of tools/sparse_forms.py."""
    forms = {
        "dense": "dense", "bitmap": "bitmap", "run_lengths_4": "run lengths of 4 bits",
        "run_lengths_8": "of 8 bits", "rice": "Rice (stored)", "entropy": "entropy, a bound",
    }  # fmt: skip
    rows = [
        [f"{row['amount']:.0%}", f"{row['not_zero']:,}", *(f"{row[form]:,}" for form in forms)]
        for row in measured["models"]
    ]
    return markdown(["zeroed", "not zero", *forms.values()], rows)


def bench_table(counted: dict) -> str:
    """What `make bench` counted, a row a phase."""
    bounds = ("lower_cycles", "wait_states_cycles", "upper_cycles")
    rows = [
        [
            row["title"], PHASE_TITLES[row["phase"]], f"{row['ms']:,.3f}", f"{row['cycles']:,}",
            *("" if row[bound] is None else f"{row[bound]:,}" for bound in bounds),
            *("" if row[key] is None else f"{row[key]:{form}}" for key, form in _OF_MACS.items()),
            f"{row['flash_bytes']:,}", f"{row['ram_bytes']:,}",
        ]
        for row in counted["phases"]
    ]  # fmt: skip
    head = ["model", "phase", "ms", "cycles", "lower", "wait states", "upper", "MAC a cycle", "of the floor"]
    return markdown([*head, "flash (bytes)", "RAM (bytes)"], rows)


_OF_MACS = {"macs_per_cycle": ".2f", "floor_share": ".0%"}
_COUNTED = ("parameters", "macs", "flops", "flops_bias_once_a_channel", "weight_bytes", "live_bytes")


def _layer_cells(layer: dict) -> list[str]:
    return [layer["layer"], layer["kernel"], layer["output"], *(f"{layer[key]:,}" for key in _COUNTED)]


TABLES: dict[str, Callable[[Sequence[Metrics]], str]] = {
    "headline": headline_table,
    "bits": bits_table,
    "pruning": pruning_table,
    "board": board_table,
    "sparse": sparse_table,
    "estimate": estimate_table,
    "widths": widths_table,
    "bounds": bounds_table,
}


def sweep_model_table(scaling: dict) -> str:
    """What more processes would give by Amdahl's law."""
    return markdown(["processes", "seconds", "times as fast", ""], model_rows(scaling))


MEASURED: dict[str, Callable[[dict], str]] = {  # of results/<name>.json
    "bench": bench_table,
    "front_ends": front_ends_table,
    "preprocess_scaling": preprocess_table,
    "sweep_scaling": scaling_table,
    "sparse_forms": sparse_forms_table,
    "sweep_model": sweep_model_table,
    "listening": listening_table,
}
_FILES = {"sweep_model": "sweep_scaling"}  # where it is not the table's name


def filled(text: str, root: Path) -> str:
    """A page's text with every table made anew. Raises ArtifactError for an unknown table or missing metrics."""

    def table(block: re.Match) -> str:
        name, *data = block[2].split()
        if name in MEASURED and not data:
            path = root / "results" / f"{_FILES.get(name, name)}.json"
            return block[1] + MEASURED[name](json.loads(path.read_text())) + block[3]
        if name not in TABLES or not data or any(folder not in FOLDERS for folder in data):
            expected = f"one of {', '.join(TABLES)}, then {' or '.join(FOLDERS)}"
            raise ArtifactError(f"`table: {block[2]}` is unknown; write {expected}.")
        return block[1] + TABLES[name]([load_metrics(root / FOLDERS[folder]) for folder in data]) + block[3]

    if text.count("<!-- table:") != len(BLOCK.findall(text)):
        raise ArtifactError("a table's comment has no `<!-- end -->` after it; add it.")
    return BLOCK.sub(table, text)


def _with_deviation(width: dict | None) -> str:
    return f"{width['test_accuracy']:.1%} ± {100 * width['test_accuracy_std']:.1f}" if width else ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the pages, or with --check only compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a page is stale")
    parser.add_argument("--root", type=Path, default=Path(), help="the repository")
    options = parser.parse_args(arguments)
    status = 0
    for page in [options.root / "README.md", *sorted((options.root / "docs").glob("*.md"))]:
        text = page.read_text(encoding="utf-8")
        try:
            new = filled(text, options.root)
        except KwsError as error:
            print(f"error: {page.name}: {error}", file=sys.stderr)
            return 1
        if options.check and new != text:
            print(f"{page.name} is stale: `make readme` fills its tables.", file=sys.stderr)
            status = 1
        elif new != text:
            write_text(page, new)
    return status


if __name__ == "__main__":
    sys.exit(main())
