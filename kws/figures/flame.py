"""A flame graph as one SVG that needs nothing else: call stacks and what they cost -> text.

Width is cost; what a frame calls stands on it. A browser shows a frame's name and cost where the pointer rests.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

_WIDTH, _ROW, _MARGIN, _HEAD = 1200, 17, 10, 34
_LETTER = 6.6  # pixels of one, at 11
_LEAST = 0.1  # pixels of a frame that is drawn


@dataclass
class _Frame:
    """A function or block under its callers; cost with all that it calls."""

    cost: int = 0
    called: dict[str, "_Frame"] = field(default_factory=dict)

    def depth(self) -> int:
        return 1 + max((frame.depth() for frame in self.called.values()), default=0)


def flame_graph(stacks: Mapping[tuple[str, ...], int], title: str, unit: str) -> str:
    """An SVG.

    Args:
        stacks: names, the outermost first -> cost, at least one above 0.
        title: written above; says what was counted and how.
        unit: of the costs.
    """
    root = _Frame()
    for stack, cost in stacks.items():
        frame = root
        frame.cost += cost
        for name in stack:
            frame = frame.called.setdefault(name, _Frame())
            frame.cost += cost
    height = _HEAD + _MARGIN + root.depth() * _ROW
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" viewBox="0 0 {_WIDTH} {height}"'
        ' font-family="monospace" font-size="11">',
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="{_MARGIN}" y="20" font-size="13">{escape(title)}</text>',
    ]
    bottom = height - _MARGIN - _ROW
    _draw(lines, "all", root, _MARGIN, bottom, root.cost, unit)
    return "\n".join([*lines, "</svg>", ""])


def _draw(lines: list[str], name: str, frame: _Frame, x: float, y: int, whole: int, unit: str) -> None:
    width = frame.cost / whole * (_WIDTH - 2 * _MARGIN)
    if width < _LEAST:
        return
    told = f"{name}: {frame.cost:,} {unit}, {frame.cost / whole:.2%}"
    lines.append(f"<g><title>{escape(told)}</title>")
    lines.append(f'<rect x="{x:.2f}" y="{y}" width="{width:.2f}" height="{_ROW - 1}" fill="{_colour(name)}" rx="1"/>')
    letters = int((width - 4) / _LETTER)
    if letters >= 3:
        shown = name if len(name) <= letters else f"{name[: letters - 2]}.."
        lines.append(f'<text x="{x + 2:.2f}" y="{y + 12}">{escape(shown)}</text>')
    lines.append("</g>")
    for called, inner in sorted(frame.called.items()):
        _draw(lines, called, inner, x, y - _ROW, whole, unit)
        x += inner.cost / whole * (_WIDTH - 2 * _MARGIN)


def _colour(name: str) -> str:
    """The same for the same function; its blocks (`name+0x12`) are paler."""
    function, plus, _ = name.partition("+")
    hue = zlib.crc32(function.encode()) % 60
    return f"hsl({hue}, 85%, {82 if plus else 68}%)"
