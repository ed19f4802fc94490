"""Amdahl's law through two times, and what is called measured."""

import pytest

from kws.sweep_model import amdahl, rows


def test_it_goes_through_both_times():
    alone_s, shared_s = amdahl(58.5, 36.2)
    assert alone_s + shared_s == pytest.approx(58.5) and alone_s + shared_s / 2 == pytest.approx(36.2)
    assert amdahl(10.0, 5.0) == (0.0, 10.0)


def test_more_than_two_processes_are_called_modelled():
    assert rows({"one_process_s": 40.0, "two_processes_s": 22.0})[:3] == [
        ["1", "40", "1.00", "measured"],
        ["2", "22", "1.82", "measured"],
        ["4", "13", "3.08", "modelled"],
    ]
