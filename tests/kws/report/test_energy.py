"""Energy is time x current x voltage, by hand, and only for a chip whose currents are known."""

import pytest

from kws.errors import ArtifactError
from kws.report.energy import estimates, microjoules
from tests.made_up_metrics import made_up_metrics


def board(**changes) -> dict:
    return made_up_metrics()["mcu_benchmark"] | changes


def test_ten_milliseconds_at_three_milliampere_and_three_volt():
    assert microjoules(10.0, 3.0) == pytest.approx(90.0)


def test_the_range_goes_from_the_lower_bound_to_the_upper():
    found = board()
    found["deployed"] = found["deployed"] | {"inference_ms_lower": 1.0, "inference_ms_upper": 3.0}
    inference = next(one for one in estimates(found) if one.phase == "inference")
    assert inference.time_ms == 1.5
    assert inference.microjoules == pytest.approx({"DC/DC": 1.5 * 3.3 * 3, "LDO": 1.5 * 6.3 * 3})
    assert inference.least_microjoules == pytest.approx(1.0 * 3.3 * 3)
    assert inference.most_microjoules == pytest.approx(3.0 * 6.3 * 3)


def test_without_bounds_the_least_and_most_of_the_clips_stand_in():
    found = next(one for one in estimates(board()) if one.phase == "inference")
    assert (found.least_microjoules, found.most_microjoules) == pytest.approx((1.0 * 3.3 * 3, 2.0 * 6.3 * 3))


@pytest.mark.parametrize("changes", [{"board": "any"}, {"clock_hz": 120_000_000}])
def test_another_chip_or_clock_has_no_estimate(changes):
    assert estimates(board(**changes)) == []


def test_metrics_of_another_version_are_named():
    with pytest.raises(ArtifactError, match=r"inference_ms.*dvc repro -f mcu_benchmark"):
        estimates(board(deployed={"preprocess_ms": {"mean": 1, "min": 1, "max": 1},
                                  "preprocess_stride_ms": {"mean": 1, "min": 1, "max": 1}}))  # fmt: skip
