"""Cells and rows of the README's tables."""

from collections.abc import Sequence


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(cell.strip() for cell in line) + " |\n" for line in lines)


def percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"
