"""What an inference costs in energy: an estimate from the chip's datasheet, time x current x voltage.

Nothing here is measured, neither the current nor, on the emulator, the time. The currents are typical values of the
nRF52840 Product Specification of Nordic, chapter "Current consumption", table "CPU running": CoreMark from flash at
64 MHz, clock HFXO, cache on, 3 V, 25 °C; ICPU0 with the DC/DC converter, ICPU1 with the LDO, which is what runs after
reset and what the firmware leaves on.

To be checked: the two figures were taken from public documents that quote the table (52 µA/MHz, 3.3 and 6.3 mA), not
from the document itself; the same documents agree with Nordic's table "Compounded", which was at hand.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from kws.errors import ArtifactError

SOURCE = "Nordic, nRF52840 Product Specification, chapter Current consumption, table CPU running, ICPU0 and ICPU1"
SUPPLY_V = 3.0
CURRENT_MA = {"DC/DC": 3.3, "LDO": 6.3}
CLOCK_HZ = 64_000_000  # of those currents
_CHIPS = ("emulator", "nrf52840")  # boards of kws/board/boards.py that have this chip
_PHASES = ("preprocess", "preprocess_stride", "preprocess_window", "inference")
_LATEST = "preprocess_window"


@dataclass(frozen=True)
class Energy:
    """Of one run of a phase."""

    phase: str
    time_ms: float
    microjoules: dict[str, float]  # regulator -> of the mean time
    least_microjoules: float  # the better regulator, the lower bound of the time
    most_microjoules: float  # the worse one, the upper bound


def estimates(board: dict) -> list[Energy]:
    """The phases that a stream repeats, estimated; none for a board that is not this chip at this clock.

    Args:
        board: metrics of mcu_benchmark.

    Raises:
        ArtifactError: a time is missing, so the metrics are of another version.
    """
    if board["board"] not in _CHIPS or board["clock_hz"] != CLOCK_HZ:
        return []
    try:
        return list(_phases(board["deployed"]))
    except KeyError as error:
        raise ArtifactError(f"metrics/mcu_benchmark.json lacks {error}: `dvc repro -f mcu_benchmark`.") from None


def microjoules(time_ms: float, current_ma: float) -> float:
    """ms x mA x V."""
    return time_ms * current_ma * SUPPLY_V


def _phases(times: dict) -> Iterator[Energy]:
    for phase in _PHASES:
        if phase == _LATEST and f"{phase}_ms" not in times:
            continue  # of an earlier version
        found = times[f"{phase}_ms"]
        low_ms = times.get(f"{phase}_ms_lower") or found["min"]
        high_ms = times.get(f"{phase}_ms_upper") or found["max"]
        yield Energy(
            phase,
            found["mean"],
            {name: microjoules(found["mean"], current_ma) for name, current_ma in CURRENT_MA.items()},
            microjoules(low_ms, min(CURRENT_MA.values())),
            microjoules(high_ms, max(CURRENT_MA.values())),
        )
