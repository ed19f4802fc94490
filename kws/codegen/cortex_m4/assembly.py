"""Lines of Thumb-2 assembly, gathered function by function."""

import re
from collections.abc import Iterable

_SHORT = re.compile(
    r"(mov|movs|cmp|adds|subs|lsls|it|bx) |(ldr|str) r[0-7], \[(sp|r[0-7])\b|strb r[0-7], \[r[0-7]\b|ldm r[0-7]!"
)


# GNU's assembler takes VMOV between a core register and half of a double only for FPUs that compute with doubles.
_GNU_FPU = "#ifndef __clang__\n.fpu vfpv4-d16\n#endif\n"


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

    @property
    def code_bytes(self) -> int:
        """Of its instructions, within a tenth: two bytes where the assembler surely finds a short form, else four."""
        instructions = [line.strip() for line in self._lines if line.startswith("  ") and line[2] not in "/."]
        return sum(2 if _SHORT.match(instruction) else 4 for instruction in instructions)

    def text(self) -> str:
        """All of it."""
        return "\n".join([*self._lines, f".size {self.name}, . - {self.name}", ""])


def add_constant(target: str, source: str, value: int) -> list[str]:
    """target = source + value for 0 <= value <= 4095, or in two steps for more."""
    if value <= 4095:
        return [f"addw {target}, {source}, #{value}"]
    return [f"add {target}, {source}, #{value & ~4095}", f"addw {target}, {target}, #{value & 4095}"]


def source_text(functions: Iterable[Function], head: str) -> str:
    """A whole .S file, empty where there are no DSP instructions."""
    body = "\n".join(function.text() for function in functions)
    guard = "#if defined(__ARM_FEATURE_DSP) && defined(__thumb2__)"
    start = f'{guard}\n{_GNU_FPU}.file "models.S"\n.syntax unified\n.thumb\n.section .text.kws_m4, "ax"\n'
    return f"{head}{start}\n{body}#endif\n"
