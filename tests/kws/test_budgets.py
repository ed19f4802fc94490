"""Which candidate is deployed under which budgets: made-up costs, real rules."""

from types import SimpleNamespace

import pytest

from kws.budgets import chosen
from kws.errors import ArtifactError, ParamsError
from tests.support_learning import params

#                 validation, flash, RAM, ms
COSTS = {
    "qat_w8a8": (0.95, 53_000, 56_000, 38.0),
    "qat_w2a8": (0.94, 41_000, 72_000, 38.0),
    "ptq_w8a8": (0.95, 52_900, 56_000, 38.0),
    "structured_500": (0.92, 44_000, 54_000, 20.0),
    "structured_875": (0.85, 38_000, 52_000, 9.0),
}
QAT = [{"weight_bits": bits, "activation_bits": 8, "seed": 0, "validation_accuracy": 0.9} for bits in (8, 2)]
FOUND = [
    SimpleNamespace(
        name=name, validation_accuracy=accuracy, footprint=SimpleNamespace(flash_bytes=flash, ram_bytes=ram)
    )
    for name, (accuracy, flash, ram, _) in COSTS.items()
]


def milliseconds(found) -> dict[str, float]:
    return {one.name: COSTS[one.name][3] for one in found}


def choose(**section) -> str:
    return chosen(FOUND, QAT, 8, params(convert={"candidate": "auto", **section}).convert, milliseconds).name


def test_without_budgets_the_best_on_validation_and_of_equals_the_smallest():
    assert choose() == "ptq_w8a8"


@pytest.mark.parametrize(
    "budgets, name",
    [
        ({"max_flash_bytes": 45_000}, "qat_w2a8"),
        ({"max_flash_bytes": 45_000, "max_ram_bytes": 60_000}, "structured_500"),
        ({"max_inference_ms": 20.0}, "structured_500"),
        ({"max_inference_ms": 19.9}, "structured_875"),
        ({"max_flash_bytes": 52_950, "max_inference_ms": 40.0}, "ptq_w8a8"),
    ],
)
def test_the_best_within_the_budgets(budgets, name):
    assert choose(**budgets) == name


def test_time_is_asked_only_where_there_is_a_budget_for_it():
    section = params(convert={"candidate": "auto", "max_flash_bytes": 45_000}).convert
    assert chosen(FOUND, QAT, 8, section, lambda _: pytest.fail("asked")).name == "qat_w2a8"


def test_a_budget_that_nothing_meets_is_named_with_what_is_missing():
    message = (
        r"`convert.max_flash_bytes` 30,000 cannot be met: structured_875 takes 38,000 bytes of flash, 8,000 too many; "
        r"`convert.max_inference_ms` 2\.5 cannot be met: structured_875 takes 9\.0 ms an inference, 6\.5 too many\."
    )
    with pytest.raises(ParamsError, match=message):
        choose(max_flash_bytes=30_000, max_inference_ms=2.5, max_ram_bytes=90_000)


def test_budgets_that_exclude_each_other_name_the_nearest():
    found = [one for one in FOUND if one.name in ("qat_w2a8", "qat_w8a8")]
    section = params(convert={"candidate": "auto", "max_flash_bytes": 45_000, "max_ram_bytes": 60_000}).convert
    message = (
        r"no candidate meets max_flash_bytes and max_ram_bytes together; the nearest misses: "
        r"qat_w8a8 takes 53,000 bytes of flash, 8,000 too many"
    )
    with pytest.raises(ParamsError, match=message):
        chosen(found, QAT, 8, section, milliseconds)


def test_a_budget_holds_for_a_named_candidate_too():
    with pytest.raises(ParamsError, match=r"qat_w8a8 takes 53,000 bytes of flash, 3,000 too many"):
        choose(candidate="qat", max_flash_bytes=50_000)
    assert choose(candidate="structured_500", max_flash_bytes=50_000) == "structured_500"


def test_a_width_or_a_name_that_is_not_there_is_refused():
    with pytest.raises(ArtifactError, match="`bits` is 5"):
        chosen(FOUND, QAT, 5, params().convert, milliseconds)
    with pytest.raises(ArtifactError, match="'nothing', which is neither qat nor auto"):
        choose(candidate="nothing")
