"""Pieces of C text: tables and struct initializers, at most 120 columns wide."""

import textwrap
from collections.abc import Iterable, Mapping

INDENT = "    "  # inside braces
COLUMNS = 120


def table(c_type: str, name: str, values: Iterable[int | float]) -> str:
    """A static const array; never empty. Floats are written in hexadecimal, exact."""
    numbers = [value.hex() if isinstance(value, float) else str(int(value)) for value in values]
    body = textwrap.fill(", ".join(numbers), COLUMNS, initial_indent=INDENT, subsequent_indent=INDENT)
    return f"static const {c_type} {name}[{len(numbers)}] = {{\n{body},\n}};\n"


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
