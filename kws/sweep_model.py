"""The measured times of a sweep -> Amdahl's law through them: what more processes would give, modelled.

In: results/sweep_scaling.json, as tools/sweep_scaling.py measures it. Out: rows for docs/scaling.md.
"""

PROCESSES = (1, 2, 4, 8, 16, 64)


def amdahl(one_s: float, two_s: float) -> tuple[float, float]:
    """(a, b) in seconds of T(n) = a + b / n: what does not shrink, and what n processes share.

    Two unknowns through two times: a line to extrapolate by, not a fit that could tell whether the law holds.
    Source: Amdahl (1967), Validity of the single processor approach.
    """
    shared_s = 2 * (one_s - two_s)
    return one_s - shared_s, shared_s


def rows(scaling: dict) -> list[list[str]]:
    """Processes, seconds, times as fast as one, and whether that was measured."""
    alone_s, shared_s = amdahl(scaling["one_process_s"], scaling["two_processes_s"])
    times_s = {count: alone_s + shared_s / count for count in PROCESSES}
    return [
        [str(count), f"{seconds:.0f}", f"{times_s[1] / seconds:.2f}", "measured" if count <= 2 else "modelled"]
        for count, seconds in times_s.items()
    ]
