"""The sizes that estimates are made of are those of images linked now, and stand as the tool writes them."""

import pytest

from kws import firmware_sizes
from tests.conftest import REPOSITORY
from tools.firmware_sizes import measure, module_text

TOLERANCE_BYTES = 100  # of each: together less than 2 % of the smallest image


@pytest.fixture(scope="module")
def measured() -> dict[str, int | dict[str, int]]:
    return measure()


def flat(constants: dict) -> dict[str, int]:
    """One entry a number."""
    tables = {name: value if isinstance(value, dict) else {"": value} for name, value in constants.items()}
    return {f"{name} {key}".strip(): number for name, table in tables.items() for key, number in table.items()}


def kept() -> dict:
    return {name: value for name, value in vars(firmware_sizes).items() if name.isupper()}


def test_the_module_has_what_images_take_now(measured):
    now, then = flat(measured), flat(kept())
    assert now.keys() == then.keys()
    moved = {name: (then[name], now[name]) for name in now if abs(now[name] - then[name]) > TOLERANCE_BYTES}
    assert not moved, f"run `python -m tools.firmware_sizes`: {moved}"


def test_the_module_is_as_the_tool_writes_it(measured):
    order = {name: kept()[name] for name in measured}
    assert module_text(order) == (REPOSITORY / "kws" / "firmware_sizes.py").read_text()
