"""The report's end: the board, energy, what is not shown, where everything comes from."""

from collections.abc import Iterator

from kws.figures.devices import readable
from kws.report.energy import CURRENT_MA, SOURCE, SUPPLY_V, estimates
from kws.report.markup import Markup, element, joined, paragraphs
from kws.report.method import board_interval, percent
from kws.report.provenance import machine, revision, shown, used_params, versions
from kws.report.results import Report, Results
from kws.summary import PHASES, phases_of

_BOUNDS = ("lower", "wait_states", "upper")


def board(report: Report) -> Markup:
    """What the board answered and how long it took."""
    return joined([
        element("h2", "On the board", id="board"),
        paragraphs(*(_checked(run) for run in report.runs)),
        report.table(
            "Time of each phase of the deployed model, mean over the timed clips. The bounds are those of the cycle "
            "model; they are empty where cycles were measured.",
            ["phase", "mean", "lower bound", "with wait states", "upper bound", "cycles are"], _phase_rows),
        report.figure(report.quoted, "mcu_phases", "Time of each phase of every model that went to the board."),
        report.figure(report.quoted, "confusion", "What the board took for what."),
        report.figure(report.quoted, "devices", "One inference on the board and on other computers."),
    ])  # fmt: skip


def _checked(run: Results) -> str:
    found = run.metrics["mcu_benchmark"]
    return (
        f"On {run.data} the board ({found['board']}) heard {found['test_clips']} test clips and was right about "
        f"{percent(found['test_accuracy'])} of them (95% interval {board_interval(run)}). Its features, logits, "
        f"probabilities and label were compared with the host's, which computed them from the audio by itself: "
        f"{found['mismatches_with_host']} of its answers differ, over all models that went to the board."
    )


def _phase_rows(run: Results) -> Iterator[list[str]]:
    found = run.metrics["mcu_benchmark"]
    for key, name in phases_of(found["deployed"]).items():
        bounds = [found["deployed"].get(f"{key}_{bound}") for bound in _BOUNDS]
        times = [readable(1000 * value) if value else "" for value in (found["deployed"][key]["mean"], *bounds)]
        yield [name, *times, found["cycles_are"]]


def energy(report: Report) -> Markup:
    """The estimate, and how it is made."""
    heading = element("h2", "Energy, an estimate", id="energy")
    if not any(_energy_rows(run) for run in report.runs):
        return joined([heading, paragraphs("No estimate: the board is none whose chip's currents are known here.")])
    currents = " or ".join(f"{value:g} mA with the {name}" for name, value in CURRENT_MA.items())
    return joined([
        heading,
        element("div", paragraphs(
            "No current was measured. Energy here is time x current x voltage: the time of the tables above, and the "
            f"typical current of the chip's CPU running CoreMark from flash at 64 MHz and {SUPPLY_V:g} V, {currents}. "
            "The firmware leaves the LDO on, as it is after reset. CoreMark is not this workload, and microphone, "
            "radio and everything else on a board come on top. The two currents are as others quote that table: "
            "compare them with it before you cite them."), class_="note"),
        report.table(
            "Estimated energy of one run of a phase. Least is the lower bound of the time with the DC/DC converter, "
            f"most the upper bound with the LDO. Currents: {SOURCE}.",
            ["phase", "time", *(f"{name} (µJ)" for name in CURRENT_MA), "least to most (µJ)"], _energy_rows),
    ])  # fmt: skip


def _energy_rows(run: Results) -> list[list[str]]:
    return [
        [PHASES[f"{one.phase}_ms"], readable(1000 * one.time_ms),
         *(f"{value:.1f}" for value in one.microjoules.values()),
         f"{one.least_microjoules:.1f} to {one.most_microjoules:.1f}"]
        for one in estimates(run.metrics["mcu_benchmark"])
    ]  # fmt: skip


def limits(report: Report) -> Markup:
    """What a reader must not conclude."""
    runs, quoted = report.runs, report.quoted
    clips = quoted.metrics["preprocess"]["clips"]["testing"]
    items = []
    if any(run.synthetic for run in runs):
        items.append("Accuracy on synthetic speech does not carry over to people, in either direction.")
    if any(run.metrics["mcu_benchmark"]["board"] == "emulator" for run in runs):
        items.append("The board is emulated: the image is the real one, its peripherals and its clock are not.")
    if any(run.metrics["mcu_benchmark"]["cycles_are"] == "modelled" for run in runs):
        items.append("Modelled cycles leave out what the bounds leave out; docs/cycle_model.md lists it.")
    items += [
        f"{clips:,} test clips tell two models apart only where the interval of their difference leaves zero out.",
        "Clips hold one word each. A stream holds everything else, and false alarms an hour are not measured here.",
        "Times of the host's CPU are of one computer and say how far the board is away, not how fast CPUs are.",
    ]
    listed = element("ul", *(element("li", item) for item in items))
    return joined([element("h2", "What this does not show", id="limits"), listed])


def origin(report: Report) -> Markup:
    """Revision, machines, versions, hashes, seeds and parameters."""
    rows = [["revision of the repository", revision(report.root)], ["computer that wrote this report", machine()]]
    for run in report.runs:
        rows += [
            [f"CPU of the times, {run.data}", run.metrics["train"]["cpu"]],
            [f"seeds of training, {run.data}", ", ".join(map(str, range(run.metrics["train"]["seeds"])))],
            [f"SHA-256 of the deployed .tflite, {run.data}", element("code", run.deployed["tflite_sha256"])],
            [f"SHA-256 of the image on the board, {run.data}", element("code", run.metrics["flash"]["image_sha256"])],
        ]
    parameters = [
        [element("code", name), element("code", shown(value))] for name, value in used_params(report.root).items()
    ]
    first = report.runs[0].data
    return joined([
        element("h2", "Where it comes from", id="origin"),
        paragraphs("Every number in this report was read from the files that the stages wrote (metrics/, plots/, "
                   "dvc.lock) when the report was made; none was typed. With the same inputs and seeds the pipeline "
                   "writes the same bytes again, measured times apart."),
        report.numbered.table("Revision, machines and hashes.", ["", "value"], {"": rows}),
        report.numbered.table("Versions in the environment that wrote this report; requirements.lock pins them.",
                              ["package", "version", "what for"], {"": versions()}),
        report.numbered.table(f"Parameters that the stages last ran with, {first}.", ["parameter", "value"],
                              {"": parameters}),
    ])  # fmt: skip
