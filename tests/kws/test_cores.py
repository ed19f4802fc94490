"""Parts of a list on one process or several: the same results in the same order."""

import os

import pytest

from kws import cores
from kws.errors import ParamsError


def numbers_and_processes(part):
    return [(number, os.getpid()) for number in part]


def test_the_environment_or_the_machine_says_how_many(monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 6)
    monkeypatch.setenv("KWS_JOBS", "3")
    assert cores.cores() == 3
    monkeypatch.delenv("KWS_JOBS")
    assert cores.cores() == 6
    monkeypatch.setenv("KWS_JOBS", "0")
    with pytest.raises(ParamsError, match="KWS_JOBS is '0'"):
        cores.cores()


@pytest.mark.parametrize("jobs, count, is_here", [("2", 2500, False), ("1", 2500, True), ("2", 900, True)])
def test_every_item_once_in_order(monkeypatch, jobs, count, is_here):
    monkeypatch.setenv("KWS_JOBS", jobs)
    found = cores.spread(numbers_and_processes, range(count))
    assert [number for number, _ in found] == list(range(count))
    assert ({process for _, process in found} == {os.getpid()}) == is_here
    assert cores.spread(numbers_and_processes, []) == []
