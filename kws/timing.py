"""How long something takes: callables in, median and spread in microseconds out.

What is compared takes turns, in several rounds, so that a busy moment of the machine meets all alike. `median_us` is
the median of the quietest round: another program can only make a round slower. `p10_us` and `p90_us` are of the runs
of all rounds together and show how quiet it was; a tenth of the runs lies below the first and above the second.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_WARM_UP = 50  # the first runs fill caches, pack weights, raise the clock
_ROUNDS = 5
_RUNS = 60  # of a round


@dataclass(frozen=True)
class Latency:
    """Of one inference, in microseconds, rounded to 0.1."""

    median_us: float
    p10_us: float
    p90_us: float


_KEYS = ("{}_us", "{}_us_p10", "{}_us_p90")


def named(name: str, latency: Latency | None) -> dict[str, float | None]:
    """Metrics: {name}_us, which is the median, {name}_us_p10 and {name}_us_p90; None where nothing was measured."""
    values = (None, None, None) if latency is None else (latency.median_us, latency.p10_us, latency.p90_us)
    return {key.format(name): value for key, value in zip(_KEYS, values, strict=True)}


def latency_named(name: str, metrics: dict) -> Latency | None:
    """What `named` put into metrics."""
    values = [metrics[key.format(name)] for key in _KEYS]
    return None if values[0] is None else Latency(*values)


def latencies(runs: Sequence[Callable[[], object]], rounds: int = _ROUNDS, count: int = _RUNS) -> list[Latency]:
    """The latency of each callable, all warmed up, then timed in turns: `rounds` rounds of `count` runs each."""
    for run in runs:
        for _ in range(_WARM_UP):
            run()
    taken_us: list[list[list[float]]] = [[] for _ in runs]
    for _ in range(rounds):
        for run, rounds_us in zip(runs, taken_us, strict=True):
            rounds_us.append([_once_us(run) for _ in range(count)])
    return [_summary(rounds_us) for rounds_us in taken_us]


def _once_us(run: Callable[[], object]) -> float:
    start_ns = time.perf_counter_ns()
    run()
    return (time.perf_counter_ns() - start_ns) / 1000


def _summary(rounds_us: list[list[float]]) -> Latency:
    median_us = min(map(statistics.median, rounds_us))
    tenths_us = statistics.quantiles([taken for one in rounds_us for taken in one], n=10, method="inclusive")
    return Latency(*(round(value, 1) for value in (median_us, tenths_us[0], tenths_us[-1])))
