"""The report's middle: fewer bits, fewer weights, and which model to deploy."""

from collections.abc import Iterator

from kws.captions import model_caption
from kws.report.markup import Markup, element, joined, paragraphs
from kws.report.method import STORY_POINTS, percent
from kws.report.results import Report, Results


def bits(report: Report) -> Markup:
    """Accuracy against the width of weights and activations."""
    return joined([
        element("h2", "Fewer bits", id="bits"),
        paragraphs(
            *(_bits_finding(run) for run in report.runs),
            "Weights lie in flash packed at their width. Those of fewer than 8 bits are unpacked into RAM when the "
            "board "
            "starts, so flash shrinks, RAM grows by a byte a weight, and the time of an inference stays as it is.",
        ),
        *(report.figure(run, "accuracy_vs_bits",
                        "Accuracy against the width of weights and activations; diamonds are weights as small floats.")
          for run in report.runs),
        report.table(
            "Accuracy at each width: w3a8 has weights of 3 and activations of 8 bits, e2m1 weights of 2 exponent "
            "bits and "
            "1 mantissa bit. ± is the standard deviation over the seeds; in brackets the 95% interval of the "
            "difference "
            "from the float model on the same clips, in points: where it holds zero, a difference has not been shown.",
            ["width", "PTQ", "less float", "QAT", "less float", "weights (bytes)"], _bits_rows),
    ])  # fmt: skip


def _bits_rows(run: Results) -> Iterator[list[str]]:
    sweeps = [run.metrics[f"{name}_sweep"] for name in ("ptq", "qat")]
    for name in dict.fromkeys(key for sweep in sweeps for key in sweep if key != "float_test_accuracy"):
        found = [sweep.get(name) for sweep in sweeps]
        cells = [cell for one in found for cell in (_with_deviation(one), _difference(one))]
        yield [name, *cells, f"{next(one for one in found if one)['weight_bytes']:,}"]


def _with_deviation(width: dict | None) -> str:
    return f"{width['test_accuracy']:.1%} ± {100 * width['test_accuracy_std']:.1f}" if width else ""


def _difference(width: dict | None) -> str:
    if not width or "difference_from_float" not in width:
        return ""
    low, high = width["difference_from_float_interval"]
    return f"{100 * width['difference_from_float']:+.1f} [{100 * low:+.1f}, {100 * high:+.1f}]"


def _bits_finding(run: Results) -> str:
    """How far each sweep goes before it costs more than a point."""
    parts = []
    for name, words in (("ptq", "quantized after training"), ("qat", "quantized during training")):
        sweep = run.metrics[f"{name}_sweep"]
        floor = sweep["float_test_accuracy"] - STORY_POINTS
        widths = sorted((int(key[1:-2]) for key in sweep if key.startswith("w") and key.endswith("a8")), reverse=True)
        kept = []
        for width in widths:  # down to the first that falls below
            if sweep[f"w{width}a8"]["test_accuracy"] < floor:
                break
            kept.append(width)
        parts.append(f"{words} down to {kept[-1]} bits" if kept else f"{words} at no width")
    return (
        f"On {run.data}, with activations of 8 bits, the mean accuracy stays within {100 * STORY_POINTS:g} point "
        "of the "
        f"float models': {', '.join(parts)}."
    )


def pruning(report: Report) -> Markup:
    """Weights set to zero, and filters removed."""
    pieces = [
        element("h2", "Fewer weights", id="pruning"),
        paragraphs(*(_pruning_finding(run) for run in report.runs if _timed(run))),
        *(report.figure(run, "structured_pruning_mcu",
                        "Filters removed: what a model hears and takes on the board, and what each cost falls to.")
          for run in report.runs),
        report.table(
            "Filters removed. Accuracies are means over the seeds; times on the board are of the model that went "
            "there.",
            ["removed", "parameters", "FLOPs", "board (ms)", "CPU (µs)", "pruned", "fine-tuned"], _structured_rows),
        paragraphs("Weights set to zero save nothing by themselves: the model is as large and as slow as before. "
                   "In flash "
                   "the sparsest are stored without their zeros, and unpacked into RAM when the board starts."),
        report.figure(report.quoted, "unstructured_pruning", "Weights set to zero."),
    ]  # fmt: skip
    if any(True for run in report.runs for _ in _sparse_rows(run)):
        pieces.append(report.table(
            "Models with most weights zero, as they lie in flash.",
            ["zeroed", "not zero", "weights in flash (bytes)", "of dense", "test accuracy"], _sparse_rows))  # fmt: skip
    return joined(pieces)


def _timed(run: Results) -> dict[tuple[float, bool], float]:
    """(amount, fine-tuned) of a model with filters removed -> ms on the board."""
    return {
        (one["amount"], one.get("fine_tuned", one["name"].endswith("fine_tuned"))): one["inference_ms"]
        for one in run.metrics["mcu_benchmark"]["models"]
        if one["name"].startswith("structured")
    }


def _structured_rows(run: Results) -> Iterator[list[str]]:
    timed = _timed(run)
    for point in run.metrics["prune_sweep"]["structured"]:
        time_ms = timed.get((point["amount"], True), timed.get((point["amount"], False)))
        yield [
            percent(point["amount"]), f"{point['parameters']:,.0f}", f"{point['flops']:,.0f}",
            "" if time_ms is None else f"{time_ms:.2f}", f"{point['cpu_latency_us']:.0f}",
            percent(point["test_accuracy"]), percent(point["test_accuracy_fine_tuned"]),
        ]  # fmt: skip


def _sparse_rows(run: Results) -> Iterator[list[str]]:
    stored = {one["name"]: one for one in run.metrics["flash"].get("stored", [])}
    for model in run.metrics["convert"]["models"]:
        if model.get("method") == "unstructured" and model["name"] in stored:
            found = stored[model["name"]]
            yield [
                percent(model["amount"], 0), f"{model['nonzero_parameters']:,}", f"{found['weight_bytes']:,}",
                percent(found["weight_bytes"] / found["weights"], 0), percent(model["test_accuracy"]),
            ]  # fmt: skip


def _pruning_finding(run: Results) -> str:
    """The most filters whose removal costs, fine-tuned, no more than two points."""
    points, timed = run.metrics["prune_sweep"]["structured"], _timed(run)
    whole = points[0]
    fair = [one for one in points if one["test_accuracy_fine_tuned"] >= whole["test_accuracy"] - 2 * STORY_POINTS]
    most = max(fair, key=lambda one: one["amount"], default=whole)
    before, after = (timed.get((one["amount"], True)) for one in (whole, most))
    saved = f" and an inference on the board takes {after:.2f} ms instead of {before:.2f}" if before and after else ""
    return (
        f"On {run.data} {percent(most['amount'])} of the filters can go before fine-tuned models lose more than "
        f"{200 * STORY_POINTS:g} points: the mean accuracy is {percent(most['test_accuracy_fine_tuned'])} after "
        f"{percent(whole['test_accuracy'])}, {most['parameters']:,.0f} of {whole['parameters']:,.0f} parameters are "
        f"left{saved} ({run.cycles})."
    )


def choice(report: Report) -> Markup:
    """Every candidate, and the one deployed."""
    run = report.quoted
    return joined([
        element("h2", "Which model to deploy", id="choice"),
        paragraphs(f"Every model of the three sweeps is a candidate: {len(run.table('candidates'))} on {run.data}. "
                   "Of each "
                   "kind the seed that is best on the validation split stands for it; the test split chooses nothing."),
        *(report.figure(one, "pareto", "Every candidate against its flash, estimated, and its time on the board.")
          for one in report.runs),
        report.table(
            "The deployed model.",
            ["made by", "bits", "seed", "validation", "test", "flash, estimated (bytes)", "flash, linked (bytes)"],
            _deployed),
    ])  # fmt: skip


def _deployed(run: Results) -> list[list[str]]:
    found = run.deployed
    return [
        [model_caption(found.get("candidate", "qat_w8a8")), f"{found['bits']}", f"{found['seed']}",
         percent(found["validation_accuracy"]), percent(found["test_accuracy"]), f"{found['flash_bytes_estimate']:,}",
         f"{run.metrics['flash']['flash_bytes']:,}"]
    ]  # fmt: skip
