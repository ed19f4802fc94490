"""Lines of Thumb-2 assembly, gathered function by function."""

from collections.abc import Iterable


class Function:
    """The text of one global function; `name` is its symbol."""

    def __init__(self, name: str, comment: str):
        self.name = name
        self._lines = [*(f"// {line}".rstrip() for line in comment.splitlines())]
        self._lines += [".balign 8", f".global {name}", f".type {name}, %function", ".thumb_func", f"{name}:"]

    def __call__(self, *instructions: str) -> None:
        """Append instructions as they are."""
        self._lines += [f"  {instruction}" for instruction in instructions]

    def note(self, text: str) -> None:
        """A comment of its own line."""
        self._lines.append(f"  // {text}")

    def label(self, name: str) -> str:
        """Put a label here and return it."""
        self._lines.append(f"{name}:")
        return name

    def text(self) -> str:
        """All of it."""
        return "\n".join([*self._lines, f".size {self.name}, . - {self.name}", ""])


def move_constant(register: str, value: int) -> list[str]:
    """Instructions that put an unsigned 32-bit value into a register."""
    value &= 0xFFFFFFFF
    if value < 1 << 16:
        return [f"movw {register}, #{value}"]
    return [f"movw {register}, #{value & 0xFFFF}", f"movt {register}, #{value >> 16}"]


def add_constant(target: str, source: str, value: int) -> list[str]:
    """target = source + value for 0 <= value <= 4095, or in two steps for more."""
    if value <= 4095:
        return [f"addw {target}, {source}, #{value}"]
    return [f"add {target}, {source}, #{value & ~4095}", f"addw {target}, {target}, #{value & 4095}"]


def source_text(functions: Iterable[Function], head: str) -> str:
    """A whole .S file, empty where there are no DSP instructions."""
    body = "\n".join(function.text() for function in functions)
    guard = "#if defined(__ARM_FEATURE_DSP) && defined(__thumb2__)"
    return f'{head}{guard}\n.file "models.S"\n.syntax unified\n.thumb\n.section .text.kws_m4, "ax"\n\n{body}#endif\n'
