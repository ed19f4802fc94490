"""Medians and spreads of a given clock: the quietest round counts, what is compared takes turns."""

import pytest

from kws import timing
from kws.timing import Latency, latencies, latency_named, named


@pytest.fixture
def clock(monkeypatch):
    """Time that passes only as told: a list that holds the nanoseconds."""
    now = [0]
    monkeypatch.setattr(timing, "_WARM_UP", 3)
    monkeypatch.setattr(timing.time, "perf_counter_ns", lambda: now[0])
    return now


def stepping(clock, steps_ns, log=None, name=""):
    """A callable that takes the steps in order, 1 s each in the warm-up."""
    left = [1_000_000_000] * 3 + list(steps_ns)

    def run() -> None:
        clock[0] += left.pop(0)
        if log is not None:
            log.append(name)

    return run


def test_the_median_is_the_quietest_rounds_and_the_spread_is_of_all(clock):
    rounds_us = [(30, 31, 32), (10, 11, 90), (20, 21, 22)]
    (found,) = latencies([stepping(clock, [1000 * us for one in rounds_us for us in one])], rounds=3, count=3)
    assert found == Latency(11.0, 10.8, 43.6)  # the nine in order, at 0.8 and 7.2 of 8 steps


def test_what_is_compared_takes_turns_after_a_warm_up(clock):
    log: list[str] = []
    runs = [stepping(clock, [us * 1000] * 4, log, name) for name, us in (("a", 5), ("b", 7))]
    found = latencies(runs, rounds=2, count=2)
    assert "".join(log) == "aaabbb" + "aabb" * 2
    assert [one.median_us for one in found] == [5.0, 7.0]


def test_a_steady_runs_spread_is_none(clock):
    assert latencies([stepping(clock, [1_240] * 300)]) == [Latency(1.2, 1.2, 1.2)]


def test_metrics_of_what_was_measured_and_of_what_was_not():
    assert named("cpu_latency", Latency(3.0, 2.0, 4.0)) == {
        "cpu_latency_us": 3.0, "cpu_latency_us_p10": 2.0, "cpu_latency_us_p90": 4.0,
    }  # fmt: skip
    assert named("gpu_latency", None) == dict.fromkeys(("gpu_latency_us", "gpu_latency_us_p10", "gpu_latency_us_p90"))


@pytest.mark.parametrize("latency", [Latency(3.0, 2.0, 4.0), None])
def test_metrics_are_read_back(latency):
    assert latency_named("cpu_latency", named("cpu_latency", latency)) == latency
