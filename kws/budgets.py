"""Which candidate is deployed: params.convert's choice, held against its budgets."""

from collections.abc import Callable, Mapping, Sequence

from kws.contenders import Contender, deployed_width, named
from kws.errors import ParamsError
from kws.params import Convert
from kws.tables import Row

Milliseconds = Callable[[Sequence[Contender]], Mapping[str, float]]
_UNITS = {"max_flash_bytes": "bytes of flash", "max_ram_bytes": "bytes of RAM", "max_inference_ms": "ms an inference"}


def chosen(
    found: list[Contender], qat_rows: list[Row], bits: int, section: Convert, milliseconds: Milliseconds
) -> Contender:
    """The candidate to deploy: of those that meet every budget the best on validation, of equals the smallest image.

    Args:
        bits: the width of convert.candidate qat.
        milliseconds: gives the time of an inference by candidate; asked only where there is a budget for it.

    Raises:
        ArtifactError: there is no such candidate.
        ParamsError: no candidate meets the budgets; which one, and by how much.
    """
    if section.candidate != "auto":
        is_qat = section.candidate == "qat"
        found = [named(found, deployed_width(qat_rows, bits) if is_qat else section.candidate)]
    costs = _costs(found, section, milliseconds)
    limits = {key: getattr(section, key) for key in costs}
    fitting = [one for one in found if all(costs[key][one.name] <= limit for key, limit in limits.items())]
    if not fitting:
        raise ParamsError(_why_not(found, costs, limits))
    return max(fitting, key=lambda one: (one.validation_accuracy, -one.footprint.flash_bytes))


def _costs(found: list[Contender], section: Convert, milliseconds: Milliseconds) -> dict[str, Mapping[str, float]]:
    """For each budget that is set what each candidate takes of it."""
    costs: dict[str, Mapping[str, float]] = {}
    if section.max_flash_bytes is not None:
        costs["max_flash_bytes"] = {one.name: one.footprint.flash_bytes for one in found}
    if section.max_ram_bytes is not None:
        costs["max_ram_bytes"] = {one.name: one.footprint.ram_bytes for one in found}
    if section.max_inference_ms is not None:
        costs["max_inference_ms"] = milliseconds(found)
    return costs


def _why_not(found: list[Contender], costs: dict[str, Mapping[str, float]], limits: Mapping[str, float]) -> str:
    """Each budget that nothing meets; where each can be met but not all together, who comes nearest."""
    told = []
    for key, limit in limits.items():
        least = min(found, key=lambda one, taken=costs[key]: taken[one.name])
        taken = costs[key][least.name]
        if taken > limit:
            told.append(f"`convert.{key}` {limit:,} cannot be met: {_missed(key, least, taken, limit)}")
    if not told:

        def overshoot(one: Contender) -> float:
            return max(costs[key][one.name] / limit for key, limit in limits.items())

        nearest = min(found, key=overshoot)
        missed = [_missed(key, nearest, costs[key][nearest.name], limit) for key, limit in limits.items()
                  if costs[key][nearest.name] > limit]  # fmt: skip
        told.append(f"no candidate meets {' and '.join(limits)} together; the nearest misses: {'; '.join(missed)}")
    return f"{'; '.join(told)}. All candidates were looked at ({len(found)}): raise the budget in params.yaml."


def _missed(key: str, one: Contender, taken: float, limit: float) -> str:
    return f"{one.name} takes {taken:,} {_UNITS[key]}, {round(taken - limit, 3):,} too many"
