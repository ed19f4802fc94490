"""Latencies of torch models: one thread and no more, in turns, None where there is nothing to measure."""

import pytest
import torch

from kws import latency
from kws.latency import cpu_latencies, cpu_latency, cpu_name, gpu_latency
from tests.support_learning import float_model


def test_a_models_latency_is_taken_on_one_thread(monkeypatch):
    seen, really = [], latency.latencies

    def watched(runs):
        seen.append((len(runs), torch.get_num_threads(), torch.is_inference_mode_enabled()))
        return really(runs, rounds=2, count=5)

    before = torch.get_num_threads()
    monkeypatch.setattr(latency, "latencies", watched)
    torch.set_num_threads(2)
    try:
        found = cpu_latencies([float_model(), float_model(filters=2)])
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert seen == [(2, 1, True)] and len(found) == 2
    assert all(1 < one.p10_us <= one.p90_us < 1e6 and one.median_us > 1 for one in found)


def test_each_model_is_run_and_none_twice(monkeypatch):
    models = [float_model(filters=filters) for filters in (1, 2)]
    monkeypatch.setattr(latency, "latencies", lambda runs: [run().shape for run in runs])
    called = []
    for model in models:
        model.register_forward_hook(lambda module, *_: called.append(module.conv.out_channels))
    assert cpu_latencies(models) == [(1, 4), (1, 4)] and called == [1, 2]


def test_threads_are_given_back_after_an_error():
    before = torch.get_num_threads()
    with pytest.raises(TypeError):
        cpu_latency(None)
    assert torch.get_num_threads() == before


def test_no_gpu_no_number(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert gpu_latency(float_model()) is None


def test_the_processor_has_a_name():
    assert cpu_name().strip()
