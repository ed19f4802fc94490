"""The whole graph on a tiny corpus, in a copy: every promised file and key, a checked board, a second run at rest."""

import csv
import json
import subprocess
import sys

import pytest

from kws.summary import load_metrics, summary_text
from tests.support_graph import TINY

KEYS = {
    "preprocess": "source clips speakers classes",
    "train": "validation_accuracy test_accuracy parameters macs flops flash_bytes_estimate ram_bytes_estimate "
    "cpu_latency_us cpu_latency_us_p10 cpu_latency_us_p90 cpu gpu_latency_us train_s seeds architecture layers widths",
    "ptq_sweep": "float_test_accuracy w8a8 e2m1a8",
    "qat_sweep": "float_test_accuracy w8a8 e2m1a8",
    "prune_sweep": "unstructured structured",
    "convert": "deployed models",
    "flash": "board flash_bytes ram_bytes benchmark_flash_bytes weight_bytes image_sha256 flash_estimate_error "
    "ram_estimate_error",
    "mcu_benchmark": "board clock_hz cycles_are deployed test_clips mismatches_with_host test_accuracy slowdown_vs_cpu "
    "slowdown_vs_gpu models",
}
MINIFLOAT = "method weight_format weight_bits activation_bits seed validation_accuracy test_accuracy weight_bytes"
SWEEP = "method weight_bits activation_bits seed validation_accuracy test_accuracy weight_bytes"
COLUMNS = {
    "estimate": "layer kernel output parameters macs flops flops_bias_once_a_channel weight_bytes activation_bytes "
    "live_bytes",
    "training": "epoch split loss accuracy",
    "ptq_sweep": SWEEP,
    "qat_sweep": SWEEP,
    "ptq_minifloat": MINIFLOAT,
    "qat_minifloat": MINIFLOAT,
    "prune_sweep": "method amount fine_tuned seed parameters macs flops cpu_latency_us validation_accuracy "
    "test_accuracy",
    "mcu_phases": "model phase min_ms mean_ms max_ms lower_ms wait_states_ms upper_ms",
    "mcu_pruning": "amount fine_tuned tflite_sha256 test_accuracy parameters flops cpu_latency_us cpu_int8_latency_us "
    "mcu_inference_ms",
    "confusion": "actual predicted",
}
PICTURES = """audio_waveform audio_spectrum audio_spectrogram audio_mel_spectrogram audio_mfcc training accuracy_vs_bits
unstructured_pruning structured_pruning_parameters structured_pruning_flops structured_pruning_cpu
structured_pruning_mcu mcu_phases devices confusion""".split()  # noqa: SIM905


@pytest.mark.parametrize("stage", KEYS)
def test_every_metric_is_there(finished, stage):
    values = json.loads((finished / "copy" / "metrics" / f"{stage}.json").read_text())
    assert set(KEYS[stage].split()) <= set(values)


@pytest.mark.parametrize("table", COLUMNS)
def test_every_table_is_there(finished, table):
    with (finished / "copy" / "plots" / f"{table}.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert rows and set(COLUMNS[table].split()) <= set(rows[0])


def test_every_picture_is_there(finished):
    pictures = {path.stem for path in (finished / "copy" / "plots").rglob("*.png")}
    assert set(PICTURES) <= pictures


def test_the_board_agrees_with_the_host(finished):
    board = json.loads((finished / "copy" / "metrics" / "mcu_benchmark.json").read_text())
    assert board["mismatches_with_host"] == 0 and board["test_clips"] >= TINY["mcu_benchmark"]["clips"]
    assert board["cycles_are"] == "modelled" and board["clock_hz"] == 64_000_000
    for phase in ("preprocess_ms", "preprocess_stride_ms", "preprocess_window_ms", "inference_ms", "postprocess_ms"):
        times_ms = board["deployed"][phase]
        assert 0 < times_ms["min"] <= times_ms["mean"] <= times_ms["max"]


def test_the_summary_reads_it(finished):
    text = summary_text(load_metrics(finished / "copy" / "metrics"), finished / "copy" / "plots")
    assert "Results on synthetic speech" in text and "modelled cycles" in text


def test_a_second_run_rests(finished):
    command = [sys.executable, "-m", "dvc", "status"]
    answer = subprocess.run(command, cwd=finished / "copy", capture_output=True, text=True, timeout=60)
    assert answer.returncode == 0 and "up to date" in answer.stdout, answer.stdout + answer.stderr
