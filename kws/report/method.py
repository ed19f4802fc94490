"""The report's first half: results in short, the question, how to read a figure, the data, the model."""

from kws.confusion import share_interval
from kws.figures.devices import readable
from kws.report.energy import estimates
from kws.report.markup import Markup, element, joined, paragraphs
from kws.report.results import Report, Results
from kws.summary import headline

_ESTIMATED = "an inference, estimated from a datasheet: with the DC/DC converter, with the LDO"
STORY_POINTS = 0.01  # a loss of accuracy that the text calls small


def percent(share: float | None, digits: int = 1) -> str:
    """0.953 -> 95.3%; nothing where nothing was measured."""
    return "" if share is None else f"{share:.{digits}%}"


def short(report: Report) -> Markup:
    """Title, the figures to quote in boxes, and all headline figures side by side."""
    run = report.quoted
    board, flash = run.metrics["mcu_benchmark"], run.metrics["flash"]
    inference_ms = board["deployed"]["inference_ms"]["mean"]
    facts = [
        (percent(run.metrics["train"]["test_accuracy"]), f"float model, mean of {run.metrics['train']['seeds']} seeds"),
        (percent(run.deployed["test_accuracy"]), f"deployed model, {run.deployed['bits']}-bit weights"),
        (readable(1000 * inference_ms), f"an inference, {run.cycles} at {board['clock_hz'] / 1e6:g} MHz"),
        (f"{flash['flash_bytes'] / 1000:.1f} kB", "flash of the whole image"),
        (f"{flash['ram_bytes'] / 1000:.1f} kB", "RAM of the whole image"),
    ]
    energy = [one for one in estimates(board) if one.phase == "inference"]
    facts += [
        ("–".join(f"{value:.0f}" for value in sorted(one.microjoules.values())) + " µJ", _ESTIMATED) for one in energy
    ]
    boxes = element("div", *(element("div", element("b", value), name) for value, name in facts), class_="facts")
    columns = [dict(headline(one.metrics)) for one in report.runs]
    names = [name for name in columns[0] if name != "speech" and all(name in one for one in columns)]
    rows = [[name.strip(), *(one[name] for one in columns)] for name in names]
    names_of_data = " and ".join(one.data for one in report.runs)
    return joined([
        element("h1", "Keyword spotting on a microcontroller, and what every kind of compression costs"),
        element("p", f"Results on {names_of_data}. The figures in the boxes are of {run.data}.", class_="subtitle"),
        boxes,
        report.numbered.table(
            "The results in short. Accuracies are of the test split, by which nothing was chosen or stopped.",
            ["", *(one.data for one in report.runs)], {"": rows}),
    ])  # fmt: skip


def question(report: Report) -> Markup:
    """What is asked, and how it is answered."""
    run = report.quoted
    words = ", ".join(name for name in run.metrics["preprocess"]["classes"] if not name.startswith("_"))
    return joined([
        element("h2", "The question", id="question"),
        paragraphs(
            f"A small neural network is to hear single words ({words}) and tell them from other words and from "
            "silence, "
            "on a microcontroller with a megabyte of flash and a quarter of a megabyte of RAM. How much can it be "
            "compressed before it mishears, and what does each kind of compression save on the chip: bytes, "
            "milliseconds, or neither?",
            "The answer takes one road for every model. Speech becomes features; a float model is trained; it is "
            "quantized after training (PTQ) and during it (QAT) to weights of few bits; weights are set to zero and "
            "whole filters removed; what comes out is converted to a TFLite file, compiled to C, linked into firmware "
            "for the Arduino Nano 33 BLE Sense (nRF52840, Cortex-M4F), programmed into a board, and timed there phase "
            "by phase. An accuracy and a time in one row always belong to the same weights.",
        ),
    ])  # fmt: skip


def reading(report: Report) -> Markup:
    """What was measured, modelled, estimated, and what is synthetic."""
    return joined([
        element("h2", "How to read the figures", id="reading"),
        paragraphs("Measured, modelled, estimated and synthetic are four different things, and no figure in this "
                   "report "
                   "mixes two of them without saying so."),
        report.table("Where each kind of figure comes from.", ["figure", "is", "how"], _kinds),
    ])  # fmt: skip


def _kinds(run: Results) -> list[list[str]]:
    board, train = run.metrics["mcu_benchmark"], run.metrics["train"]
    where = "the emulated board, which runs the image" if board["board"] == "emulator" else "the board"
    return [
        ["speech", "synthetic", "a synthesizer's: says what the pipeline does, not how well people are understood"]
        if run.synthetic else ["speech", "recorded", "people's; a speaker's clips lie in one split"],
        ["accuracy", "measured", f"on the test split, {run.metrics['preprocess']['clips']['testing']:,} clips; "
                                 "means over "
         f"{train['seeds']} seeds where not said otherwise"],
        ["accuracy on the board", "measured", f"{board['test_clips']} test clips sent as audio to {where}; "
         f"{board['mismatches_with_host']} answers differ from the host's"],
        ["time on the board", board["cycles_are"],
         "cycles of an emulated Cortex-M4 from a table of instruction timings, without waits of memory; both "
         "bounds and "
         "the figure with wait states stand beside it"
         if board["cycles_are"] == "modelled" else "cycles of the chip's own counter"],
        ["flash and RAM", "measured", "read off the linked image; of candidates that were not linked estimated, "
                                      "and then "
         "called so"],
        ["time on the CPU", "measured", f"{train['cpu']}, one thread, one clip at a time, median of the quietest "
                                        "of five "
         "rounds"],
        ["time on a GPU", "measured", "the same"] if train["gpu_latency_us"] is not None else
        ["time on a GPU", "not measured", "there was none in the computer"],
        ["energy", "estimated", "time x current x voltage, the current from the chip's datasheet"],
    ]  # fmt: skip


def data(report: Report) -> Markup:
    """Clips, speakers and classes; what the sound looks like."""
    notes = [
        f"Note on {run.data}: {note}" for run in report.runs for note in run.metrics["preprocess"].get("notes", [])
    ]
    return joined([
        element("h2", "The data", id="data"),
        report.table("Clips of one second, and speakers, of each split.",
                     ["split", "clips", "speakers", "clips of each class"], _splits),
        paragraphs(*notes),
        report.figure(report.quoted, "audio_waveform", "One test clip of each class."),
        report.figure(report.quoted, "audio_mel_spectrogram",
                      "The same clips as mel spectrograms; the model is fed 49 frames of 40 values of such a kind."),
    ])  # fmt: skip


def _splits(run: Results) -> list[list[str]]:
    counted = run.metrics["preprocess"]
    by_class = counted.get("clips_by_class", {})
    return [
        [split, f"{clips:,}", f"{counted['speakers'][split]:,}",
         ", ".join(f"{name} {number:,}" for name, number in by_class.get(split, {}).items())]
        for split, clips in counted["clips"].items()
    ]  # fmt: skip


def model(report: Report) -> Markup:
    """The float model by layer, and how it learned."""
    run = report.quoted
    train = run.metrics["train"]
    rows = [
        [
            layer["layer"],
            layer["output"],
            *(f"{layer[key]:,}" for key in ("parameters", "macs", "flops", "weight_bytes")),
        ]
        for layer in train.get("layers", [])
    ]
    name = train["architecture"]["name"]
    pieces = [
        element("h2", "The model", id="model"),
        paragraphs(
            f"The model is {name}: {train['parameters']:,} parameters and {train['macs']:,} multiply-accumulates an "
            f"inference. {train['seeds']} models were trained, one from each seed; on the test split of {run.data} "
            "they "
            f"reach {percent(train['test_accuracy'])} in the mean."
        ),
    ]
    if rows:
        pieces.append(report.numbered.table(
            "The model by layer, counted before anything was built; weights with 8 bits.",
            ["layer", "output", "parameters", "MACs", "FLOPs", "weights (bytes)"], {"": rows}))  # fmt: skip
    return joined([*pieces, *(report.figure(one, "training", "Training of the float models.") for one in report.runs)])


def board_interval(run: Results) -> str:
    """The 95 % interval of the accuracy on the board."""
    board = run.metrics["mcu_benchmark"]
    low, high = share_interval(round(board["test_accuracy"] * board["test_clips"]), board["test_clips"])
    return f"{percent(low)} to {percent(high)}"
