"""tools/faulty_link.py in short, on the firmware's host port, and the faults themselves."""

from pathlib import Path

import pytest

from kws.params import load_params
from tests.conftest import REPOSITORY
from tests.support_faults import KINDS, Faults
from tools import faulty_link


@pytest.fixture(scope="module")
def front_end():
    return load_params(REPOSITORY / "params.yaml").front_end


@pytest.fixture(scope="module")
def board(front_end, tmp_path_factory):
    return faulty_link.board_of("host", Path(tmp_path_factory.mktemp("faulty")), front_end)


@pytest.mark.parametrize(("rate", "exchanges"), [(0.0001, 600), (0.001, 500)])
def test_no_wrong_value_is_accepted_and_nothing_hangs(board, front_end, rate, exchanges):
    row = faulty_link.run(board, faulty_link.Expected(front_end, 1), rate, exchanges, seed=7)
    assert row["exchanges"] >= exchanges and sum(row["faults"].values()) > 0 and row["repeats"] > 0
    assert (row["wrong_values"], row["hangs"], row["errors_without_place"]) == (0, 0, 0)
    assert row["right_share"] >= 0.99


def test_on_a_line_that_is_hardly_one_every_failure_is_an_error(board, front_end, monkeypatch):
    monkeypatch.setattr(faulty_link, "TIMEOUT_S", 0.3)
    row = faulty_link.run(board, faulty_link.Expected(front_end, 1), 0.05, 20, seed=3)
    assert row["errors"] > 0 and row["examples"]
    assert (row["wrong_values"], row["hangs"], row["errors_without_place"]) == (0, 0, 0)


def passed(rate: float, seed: int, data: bytes) -> tuple[bytes, dict[str, int]]:
    faults = Faults(rate, seed, delay_s=0.0)
    for start in range(0, len(data), 100):
        faults.take(data[start : start + 100])
    return faults.passed(), faults.counts


def test_faults_come_at_their_rate_and_from_their_seed():
    data = bytes(range(256)) * 400
    for rate in (0.001, 0.05):
        found, counts = passed(rate, 1, data)
        assert found != data and set(counts) == set(KINDS)
        assert sum(counts.values()) == pytest.approx(rate * len(data), rel=0.45)
        assert passed(rate, 1, data)[0] == found != passed(rate, 2, data)[0]
    assert passed(0.0, 1, data)[0] == data
