"""Latencies: the median of a given clock, one thread and no more, None where there is nothing to measure."""

import pytest
import torch

from kws import latency
from kws.latency import cpu_latency_us, cpu_name, gpu_latency_us, median_us
from tests.support_learning import float_model


def test_the_median_in_microseconds(monkeypatch):
    steps_ns = [99_000] * 3 + [1_040, 5_000_000, 1_160, 900, 1_100]  # the first three are the warm-up
    calls, now = [], [0]
    monkeypatch.setattr(latency.time, "perf_counter_ns", lambda: now[0])

    def run() -> None:
        now[0] += steps_ns[len(calls)]
        calls.append(1)

    assert median_us(run, warm_up=3, runs=5) == 1.1
    assert len(calls) == 8


def test_a_models_latency_is_taken_on_one_thread(monkeypatch):
    seen = []

    def watched(run, *_):
        run()
        seen.append((torch.get_num_threads(), torch.is_inference_mode_enabled()))
        return median_us(run, 1, 5)

    before = torch.get_num_threads()
    monkeypatch.setattr(latency, "median_us", watched)
    torch.set_num_threads(2)
    try:
        assert 1 < cpu_latency_us(float_model()) < 1e6
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert seen == [(1, True)]


def test_threads_are_given_back_after_an_error():
    before = torch.get_num_threads()
    with pytest.raises(TypeError):
        cpu_latency_us(None)
    assert torch.get_num_threads() == before


def test_no_gpu_no_number(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert gpu_latency_us(float_model()) is None


def test_the_processor_has_a_name():
    assert cpu_name().strip()
