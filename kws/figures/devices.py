"""One inference here, there and on the board. In: a device with its time, a row each."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from kws.captions import cycles_caption, data_caption
from kws.errors import ArtifactError
from kws.figures.style import BLUE, ORANGE, picture
from kws.timing import Latency

_ABSENT = "#777777"


@dataclass(frozen=True)
class Device:
    """A bar: `label` may have several lines; `latency` is None where nothing was measured.

    `reference` is for a time from another machine, which is drawn hatched.
    """

    label: str
    latency: Latency | None
    reference: bool = False


def devices(path: Path, board: Device, others: Sequence[Device], source: str, cycles_are: str) -> None:
    """One inference on each device, on a logarithmic axis, and how many times as long the board takes.

    Args:
        path: devices.png.
        board: the microcontroller: mean, least and most as its median, p10 and p90.
        others: what it is compared with.
        source: data.source.
        cycles_are: "modelled" or "measured".

    Raises:
        ArtifactError: a time is not above 0, or the board has none.
    """
    shown = [board, *others]
    times_us = [one.latency.median_us for one in shown if one.latency]
    if board.latency is None or min(times_us) <= 0:
        raise ArtifactError(f"the devices' times {times_us} lack the board's, or hold one not above 0: `dvc repro`.")
    caption = (
        f"{data_caption(source)}; microcontroller: {cycles_caption(cycles_are)}, whiskers least and most; "
        "others: median, whiskers p10 and p90"
    )
    with picture(path, "One inference, batch 1", caption, (8, 1.3 + 0.55 * len(shown))) as (_, (axes,)):
        axes.set(xscale="log", xlabel="time", xlim=(min(times_us) / 3, max(times_us) * 3))
        for place, device in enumerate(shown):
            _bar(axes, place, device, board.latency.median_us)
        axes.set_yticks(range(len(shown)), [one.label for one in shown])
        axes.set_ylim(len(shown) - 0.5, -0.5)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda time_us, _: readable(time_us)))
        axes.grid(axis="y", visible=False)


def _bar(axes: Axes, place: int, device: Device, board_us: float) -> None:
    """One device's bar with its time, and the board's slowdown."""
    latency = device.latency
    if latency is None:
        axes.text(0.01, place, "not measured", transform=axes.get_yaxis_transform(), va="center", color=_ABSENT)
        return
    time_us = latency.median_us
    whiskers = [[max(time_us - latency.p10_us, 0)], [max(latency.p90_us - time_us, 0)]]
    style = {"color": "white", "edgecolor": ORANGE, "hatch": "///"} if device.reference else {"color": BLUE}
    axes.barh(place, time_us, xerr=whiskers, error_kw={"elinewidth": 1}, **style)
    slowdown = board_us / time_us
    text = readable(time_us) + (
        f"; the microcontroller takes {_rounded(slowdown):,} times as long" if slowdown != 1 else ""
    )
    end_us = max(time_us, latency.p90_us)
    inside = slowdown == 1
    axes.annotate(
        text,
        (time_us if inside else end_us, place),
        (-6 if inside else 6, 0),
        textcoords="offset points",
        va="center",
        ha="right" if inside else "left",
        color="white" if inside else "black",
        fontsize=8,
    )


def _rounded(ratio: float) -> float:
    """Three digits, without an exponent."""
    short = float(f"{ratio:.3g}")
    return int(short) if short == int(short) else short


def readable(time_us: float) -> str:
    """A time with three digits and the unit that suits it."""
    return f"{time_us / 1000:.3g} ms" if time_us >= 1000 else f"{time_us:.3g} µs"
