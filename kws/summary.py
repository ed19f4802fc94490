"""metrics/*.json -> the short table that `make repro` ends with. Reads the small JSON files alone, measures nothing.

Run: `python -m kws summary [--metrics metrics] [--plots plots]`.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from kws.captions import cycles_caption, data_caption, model_caption
from kws.confusion import share_interval
from kws.errors import ArtifactError

# One file a stage; the name says which stage writes it.
STAGES = ("preprocess", "train", "ptq_sweep", "qat_sweep", "prune_sweep", "convert", "flash", "mcu_benchmark")
PHASES = {
    "preprocess_ms": "features, whole clip",
    "preprocess_stride_ms": "features, one stride",
    "preprocess_window_ms": "features, one window normalized",
    "inference_ms": "inference",
    "postprocess_ms": "post-processing",
}
_LATEST = "preprocess_window_ms"
_LEAST_MS = 0.1  # a shorter phase is told in µs
Pairs = list[tuple[str, str]]
Metrics = dict[str, dict]


def load_metrics(folder: Path) -> Metrics:
    """All stages' metrics, by the stage's name. Raises ArtifactError that names the stage to run."""
    found = {}
    for stage in STAGES:
        path = Path(folder) / f"{stage}.json"
        try:
            found[stage] = json.loads(path.read_text())
        except FileNotFoundError:
            raise ArtifactError(f"{path} is missing: `dvc repro {stage}` writes it.") from None
        except ValueError as error:
            raise ArtifactError(f"{path} is not JSON ({error}): `dvc repro -f {stage}` writes it anew.") from None
    return found


def headline(metrics: Metrics) -> Pairs:
    """What a reader wants to know first: a name and a value with its unit, in the order of the pipeline.

    Raises:
        ArtifactError: a key is missing, so the file was written by another version.
    """
    try:
        return [*_accuracies(metrics), *_sizes(metrics["flash"]), *_times(metrics["mcu_benchmark"])]
    except (KeyError, TypeError) as error:
        raise ArtifactError(f"the metrics lack {error}: `dvc repro` writes them anew.") from None


def summary_text(metrics: Metrics, plots: Path) -> str:
    """The table for a terminal, with the data's name above it and where the pictures are below."""
    pairs = [(name, value) for name, value in headline(metrics) if name != "speech"]
    width = max(len(name) for name, _ in pairs)
    lines = [f"Results on {data_caption(metrics['preprocess']['source'])}", ""]
    lines += [f"  {name.ljust(width)}  {value}" for name, value in pairs]
    lines += ["", f"Pictures and tables: {plots}"]
    return "\n".join(lines)


def phases_of(times: dict) -> dict[str, str]:
    """PHASES; results of earlier versions do not have the window's."""
    return {key: name for key, name in PHASES.items() if key in times or key != _LATEST}


def _accuracies(metrics: Metrics) -> Iterator[tuple[str, str]]:
    train, deployed, board = metrics["train"], metrics["convert"]["deployed"], metrics["mcu_benchmark"]
    count = train["seeds"]
    yield "speech", data_caption(metrics["preprocess"]["source"])
    yield "classes", ", ".join(metrics["preprocess"]["classes"])
    yield "clips", ", ".join(f"{count:,} {split}" for split, count in metrics["preprocess"]["clips"].items())
    if metrics["preprocess"].get("notes"):
        yield "note", " ".join(metrics["preprocess"]["notes"])
    name = train["architecture"]["name"]
    yield "model", f"{name}: {train['parameters']:,} parameters, {train['macs']:,} MACs"
    yield "float model, test accuracy", f"{train['test_accuracy']:.1%} (mean of {count} seed{'s' * (count != 1)})"
    seed = f"{deployed['test_accuracy']:.1%} (seed {deployed['seed']}, the best on validation)"
    how = model_caption(deployed.get("candidate", "qat_w8a8"))  # results of earlier versions are all of QAT
    yield f"deployed model, {how}, {deployed['bits']}-bit weights, test accuracy", seed
    checked = (
        f"{board['test_clips']} clips, of each class in turn; {board['mismatches_with_host']} differ from the host"
    )
    yield "on the board, test accuracy", f"{board['test_accuracy']:.1%} ({checked})"
    low, high = share_interval(round(board["test_accuracy"] * board["test_clips"]), board["test_clips"])
    yield "  its 95% interval", f"{low:.1%} to {high:.1%}"


def _sizes(flash: dict) -> Iterator[tuple[str, str]]:
    yield "board", flash["board"]
    yield "flash", f"{flash['flash_bytes']:,} bytes (weights {flash['weight_bytes']:,})"
    yield "RAM", f"{flash['ram_bytes']:,} bytes"


def _times(board: dict) -> Iterator[tuple[str, str]]:
    cycles = f"{cycles_caption(board['cycles_are'])} at {board['clock_hz'] / 1e6:g} MHz"
    yield "time of a phase", f"mean (least to most), {cycles}"
    for key, name in phases_of(board["deployed"]).items():
        phase = board["deployed"][key]
        factor, unit = (1, "ms") if phase["mean"] >= _LEAST_MS else (1000, "µs")
        mean, least, most = (f"{factor * phase[of]:.3f}" for of in ("mean", "min", "max"))
        yield f"  {name}", f"{mean} {unit} ({least} to {most})"
