"""From a finished session to metrics and rows: pure parts, with numbers that can be checked by hand."""

import numpy as np
import pytest

from kws import board_report
from kws.audio import write_wav
from kws.board.benchmark import Clip, ModelRun
from kws.board.replies import Timing
from kws.board_report import Measured
from kws.conversion_manifest import Candidate
from kws.errors import ArtifactError
from kws.figures.comparison import compared
from kws.gpu_reference import GpuReference
from kws.timing import Latency, named

CLASSES = ("_silence_", "_unknown_", "yes", "no")
CLOCK_HZ = 64_000_000
CONVERTED = {
    "deployed": {"candidate": "qat_w8a8", "macs": 336_000},
    "models": [
        {"name": "structured_500", "candidate": "structured_500", "macs": 168_000, "test_accuracy": 0.9}
        | {"cpu_int8_latency_us": 7.0}
    ],
}
TRAIN = {"macs": 336_000, "cpu_latency_us": 50.0, "gpu_latency_us": None}


def timing(inference: int, **more: int) -> Timing:
    return Timing({"inference": inference, "postprocess": 640, **more}, CLOCK_HZ, None)


def run(name: str, labels: list[int], *timings: Timing) -> ModelRun:
    return ModelRun(name, name[0] * 64, labels, timings=list(timings))


def candidate(name: str, amount: float, tuned: bool, seed: int) -> Candidate:
    return Candidate(name, f"{name}.tflite", name[0] * 64, 8, seed, name.split("_")[0], amount, tuned, 0.1)


def measured() -> Measured:
    """A deployed model timed twice and a pruned one timed once, on four clips; one clip differs from the host."""
    full = {"preprocess": 64_000_000, "preprocess_stride": 1_280_000, "preprocess_window": 64_000}
    runs = [
        run("deployed", [0, 1, 2, 2], timing(6_400_000, **full), timing(12_800_000, **full)),
        run("structured_500", [0, 0, 0, 0], timing(3_200_000)),
    ]
    runs[1].mismatches.clips.append("yes/a.wav")
    clips = [Clip(f"{name}/a.wav", np.zeros(16000, np.int16), label) for label, name in enumerate(CLASSES)]
    candidates = [candidate("deployed", 0.0, True, 1), candidate("structured_500", 0.5, False, 2)]
    return Measured("modelled", CLOCK_HZ, "emulator", clips, candidates, runs)


def test_metrics_have_the_promised_keys_and_numbers():
    metrics = board_report._metrics(measured(), TRAIN, CONVERTED)
    deployed = metrics["deployed"]
    assert deployed["inference_ms"] == {"min": 100.0, "mean": 150.0, "max": 200.0}
    assert deployed["preprocess_ms"]["mean"] == 1000.0 and deployed["preprocess_stride_ms"]["max"] == 20.0
    assert deployed["preprocess_window_ms"]["mean"] == 1.0
    assert deployed["postprocess_ms"]["min"] == 0.01 and deployed["inference_ms_upper"] is None
    assert deployed["inference_ms_lower"] is deployed["inference_ms_wait_states"] is None
    assert deployed["inference_cycles"] == 9_600_000 and deployed["macs_per_cycle"] == 0.035
    assert (metrics["clock_hz"], metrics["cycles_are"], metrics["board"]) == (CLOCK_HZ, "modelled", "emulator")
    assert (metrics["test_clips"], metrics["test_accuracy"], metrics["mismatches_with_host"]) == (4, 0.75, 1)


def test_slowdowns_are_ratios_of_the_mean_and_null_without_a_gpu():
    metrics = board_report._metrics(measured(), TRAIN, CONVERTED)
    assert metrics["slowdown_vs_cpu"] == 3000.0 and metrics["slowdown_vs_gpu"] is None
    assert board_report._metrics(measured(), TRAIN | {"gpu_latency_us": 30.0}, CONVERTED)["slowdown_vs_gpu"] == 5000.0


def test_a_further_model_has_an_entry_of_its_own():
    (entry,) = board_report._metrics(measured(), TRAIN, CONVERTED)["models"]
    assert (entry["name"], entry["amount"], entry["fine_tuned"]) == ("structured_500", 0.5, False)
    assert (entry["inference_ms"], entry["test_accuracy"], entry["tflite_sha256"]) == (50.0, 0.25, "s" * 64)


def test_a_row_a_model_and_phase_that_was_timed():
    deployed, pruned = (board_report._phase_rows(one) for one in measured().runs)
    front_end = ["preprocess", "preprocess_stride", "preprocess_window"]
    assert [row["phase"] for row in deployed] == [*front_end, "inference", "postprocess"]
    assert [row["phase"] for row in pruned] == ["inference", "postprocess"]
    inference = {"model": "deployed", "phase": "inference", "min_ms": 100.0, "mean_ms": 150.0, "max_ms": 200.0}
    assert deployed[3] == inference | {"lower_ms": None, "wait_states_ms": None, "upper_ms": None}


def test_bounds_stand_beside_the_figures_they_enclose():
    found = measured()
    cycles = {"lower": 3_200_000, "wait_states": 12_800_000, "upper": 19_200_000}
    front_end = {"preprocess": 640, "preprocess_stride": 64, "preprocess_window": 32}
    for one, phases in zip(found.runs, (front_end, {}), strict=True):
        one.bounds.update({name: timing(count, **phases) for name, count in cycles.items()})
    metrics = board_report._metrics(found, TRAIN, CONVERTED)
    names = tuple(f"inference_ms_{bound}" for bound in cycles)
    for entry in (metrics["deployed"], *metrics["models"]):
        assert tuple(entry[name] for name in names) == (50.0, 200.0, 300.0)
    assert metrics["deployed"]["preprocess_stride_ms_upper"] == 0.001
    row = board_report._phase_rows(found.runs[0])[3]
    assert (row["lower_ms"], row["wait_states_ms"], row["upper_ms"]) == (50.0, 200.0, 300.0)
    assert tuple(row) == board_report._PHASE_COLUMNS


def swept(seed: int, fine_tuned: bool, latency_us: float, method: str = "structured", amount: float = 0.5) -> dict:
    names = {"method": method, "amount": amount, "fine_tuned": fine_tuned, "seed": seed}
    return {**names, "parameters": 8328, "flops": 340_004, "cpu_latency_us": latency_us, "test_accuracy": 0.1}


def test_a_pruned_row_joins_what_belongs_to_the_same_weights():
    table = [swept(2, True, 1.0), swept(1, False, 2.0), swept(2, False, 3.0), swept(2, False, 4.0, "unstructured")]
    (row,) = board_report._pruning_rows(measured(), CONVERTED, table)
    assert tuple(sorted(row)) == tuple(sorted(board_report._PRUNING_COLUMNS))
    assert row["cpu_latency_us"] == 3.0  # of this seed, as it was pruned
    assert (row["test_accuracy"], row["cpu_int8_latency_us"], row["mcu_inference_ms"]) == (0.9, 7.0, 50.0)
    assert (row["tflite_sha256"], row["parameters"], row["flops"]) == ("s" * 64, 8328, 340_004)


def test_a_candidate_has_its_own_time_or_that_of_its_shape():
    table = [
        {"candidate": name, "macs": macs, "deployed": name == "qat_w8a8"}
        for name, macs in (
            ("qat_w8a8", 336_000), ("ptq_w2a8", 336_000), ("structured_500", 168_000),
            ("structured_500_fine_tuned", 168_000), ("structured_250", 252_000),
        )
    ]  # fmt: skip
    found = board_report._pareto_rows(measured(), CONVERTED, table)
    assert [(row["timed_as"], row["mcu_inference_ms"]) for row in found] == [
        ("qat_w8a8", 150.0), ("qat_w8a8", 150.0), ("structured_500", 50.0), ("structured_500", 50.0), (None, None),
    ]  # fmt: skip


GPU_REFERENCE = GpuReference(
    schema_version=1, taken_on="2026-01-02", device="A Card", torch="2.0", cuda="12", command="c",
    architecture={"name": "tiny_conv"}, latency_us=30.0, latency_us_p10=29.0, latency_us_p90=31.0,
)  # fmt: skip
HOST = {"cpu": "A Chip", **named("cpu_latency", Latency(50.0, 40.0, 60.0))}
INT8 = {"deployed": named("cpu_int8_latency", Latency(20.0, 19.0, 25.0))}


def test_times_of_devices_are_microseconds():
    train = TRAIN | HOST | named("gpu_latency", None)
    board, others = compared(board_report._metrics(measured(), train, CONVERTED), train, INT8, None)
    assert board.latency == Latency(150_000.0, 100_000.0, 200_000.0) and board.label == "emulator, int8\n64 MHz"
    assert [one.latency for one in others] == [Latency(50.0, 40.0, 60.0), Latency(20.0, 19.0, 25.0), None]
    assert "A Chip" in others[0].label and not any(one.reference for one in others)


def test_another_machines_gpu_is_shown_where_there_is_none_and_never_becomes_a_metric():
    train = TRAIN | HOST | named("gpu_latency", None)
    metrics = board_report._metrics(measured(), train, CONVERTED)
    _, others = compared(metrics, train, INT8, GPU_REFERENCE)
    assert others[-1].reference and others[-1].latency.median_us == 30.0
    assert "A Card" in others[-1].label and "2026-01-02" in others[-1].label
    assert metrics["slowdown_vs_gpu"] is None
    here = train | named("gpu_latency", Latency(9.0, 8.0, 10.0))
    _, others = compared(board_report._metrics(measured(), here, CONVERTED), here, INT8, GPU_REFERENCE)
    assert others[-1].latency.median_us == 9.0 and not others[-1].reference


@pytest.mark.parametrize("value, wanted", [(1 / 3, 0.333333), (123_456_789.0, 123_457_000.0), (0.0, 0.0)])
def test_six_digits(value, wanted):
    assert board_report._rounded(value) == wanted


@pytest.fixture
def clips_folder(tmp_path):
    """Three clips of each class, each a constant of its own."""
    for label, name in enumerate(CLASSES):
        (tmp_path / name).mkdir()
        for place in range(3):
            write_wav(tmp_path / name / f"{place:03d}.wav", np.full(16000, 10 * label + place, np.int16))
    return tmp_path


def test_clips_are_chosen_from_every_class_in_turn(clips_folder):
    chosen = board_report._chosen(clips_folder, CLASSES, 6)
    assert [clip.label for clip in chosen] == [0, 1, 2, 3, 0, 1]
    assert chosen[5].name == "_unknown_/001.wav" and (chosen[5].samples == 11).all()
    assert len(board_report._chosen(clips_folder, CLASSES, 12)) == 12


def test_where_more_clips_are_asked_for_than_there_are_all_are_sent(clips_folder, capsys):
    assert len(board_report._chosen(clips_folder, CLASSES, 13)) == 12
    assert "`mcu_benchmark.clips` is 13, and preprocess put aside 12 test clips" in capsys.readouterr().err


def test_a_class_without_clips_is_refused(clips_folder):
    for path in (clips_folder / "yes").iterdir():
        path.unlink()
    with pytest.raises(ArtifactError, match=r"holds no clip of yes; run `dvc repro preprocess`"):
        board_report._chosen(clips_folder, CLASSES, 4)
