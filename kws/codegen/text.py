"""Pieces of C text: tables and struct initializers, at most 120 columns wide."""

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np

INDENT = "    "  # inside braces
COLUMNS = 120


def table(c_type: str, name: str, values: Sequence[int | float] | np.ndarray) -> str:
    """A static const array; never empty. Floats are written in hexadecimal, exact."""
    numbers = values.tolist() if isinstance(values, np.ndarray) else values
    return f"static const {c_type} {name}[{len(numbers)}] = {{\n{_rows(numbers)},\n}};\n"


def _rows(numbers: Sequence[int | float]) -> str:
    """As many to a line as fit. textwrap would do the same, with a hundred bytes of memory for each of the numbers."""
    rows, row = [], INDENT[:-1]
    for place, value in enumerate(numbers, 1):
        word = value.hex() if isinstance(value, float) else str(int(value))
        word += "," if place < len(numbers) else ""
        if len(row) + 1 + len(word) > COLUMNS:
            rows.append(row)
            row = INDENT[:-1]
        row += f" {word}"
    return "\n".join([*rows, row])


def float_text(value: float) -> str:
    """A float32 as a C constant, exact."""
    return f"{float(value).hex()}f"


def initializer(members: Mapping[str, object], indent: str = INDENT) -> str:
    """Designated initializers, one a line; a nested mapping becomes a nested struct, a list an array."""
    lines = []
    for name, value in members.items():
        if isinstance(value, Mapping):
            lines.append(
                f"{indent}.{name} =\n{indent}    {{\n{initializer(value, indent + '        ')}{indent}    }},\n"
            )
        elif isinstance(value, list):
            lines.append(f"{indent}.{name} = {{{', '.join(map(str, value))}}},\n")
        else:
            lines.append(f"{indent}.{name} = {value},\n")
    return "".join(lines)


def comment(text: str) -> str:
    """A block comment; the caller sees to it that text holds no end of comment."""
    width = COLUMNS - 3
    lines = [line for paragraph in text.split("\n") for line in textwrap.wrap(paragraph, width) or [""]]
    return "/*\n" + "".join(f" * {line}".rstrip() + "\n" for line in lines) + " */\n"
