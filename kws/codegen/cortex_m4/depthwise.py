"""DEPTHWISE_CONV_2D of 3 x 3, stride 1, SAME, over planes: one channel after the other, two places of a row at a time.

A plane is one channel as int16 without its zero point, with a zero before each row and behind it, so that each row of a
window begins at a word or in its middle: SMLAD takes two of its three values, SMLABT or SMLATB the third. A word of
input serves the pair of places that it ends and the pair that it begins. Above the first row and below the last one
there is nothing: they have code of their own without that row of the kernel, and hold what they scale by in the
registers that this frees.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from kws.codegen.cortex_m4.assembly import Function, add_constant

_FIRST, _SECOND = ("r1", "r3", "r5"), ("r2", "r4", "r6")  # weights (0, 1) and (1, 2) of each kernel row
_INPUTS = ("r7", "r8", "r9")
_SUMS = (("r10", "r11"), ("r12", "lr"))
_BIAS, _MULTIPLIER, _POWER, _OUTPUT, _END, _TOP_FIRST, _TOP_SECOND = (f"d{n // 2}[{n % 2}]" for n in range(7))


@dataclass(frozen=True)
class Planes:
    """Where the channels of a tensor lie: rows of `pitch` int16, the first value behind a zero."""

    height: int
    width: int
    channels: int

    @property
    def pitch(self) -> int:
        """int16 from row to row, even: an odd width's last place reads no zero behind it."""
        return self.width + 1 + (self.width + 1) % 2

    @property
    def plane_bytes(self) -> int:
        """Of one channel."""
        return 2 * self.height * self.pitch

    @property
    def bytes(self) -> int:
        """Of all channels."""
        return self.channels * self.plane_bytes

    @property
    def symbol(self) -> str:
        """Of the function over one such plane; layers of the same sizes share it."""
        return f"kws_m4_depthwise_{self.height}x{self.width}x{self.channels}"


@dataclass(frozen=True)
class _Row:
    """How a row of outputs is computed: kernel rows, each with the row of input that it meets, from r0's on."""

    kernel_rows: tuple[int, ...]
    input_rows: tuple[int, ...]
    scale: tuple[str, str, str] | None  # registers that hold multiplier, power, output; None: they are fetched


def depthwise(planes: Planes) -> Function:
    """symbol(r0 plane, r1 output, r2 parameters): one channel of at least two rows.

    output: int16 without zero point, 2 * channels bytes from place to place. parameters: words; doubled weights (0, 1),
    (1, 2) of each kernel row, twice the bias, multiplier, 2^(32 - shift).
    """
    code = Function(planes.symbol, f"One of {planes.channels} planes of {planes.height} x {planes.width}.")
    code("push {r4-r11, lr}", f"vmov.32 {_OUTPUT}, r1", "ldm.w r2, {r1-r9}")
    for half, register in ((_BIAS, "r7"), (_MULTIPLIER, "r8"), (_POWER, "r9"), (_TOP_FIRST, "r1"), (_TOP_SECOND, "r2")):
        code(f"vmov.32 {half}, {register}")
    code.note("the first row, without the kernel's first")
    code("mov r1, r8", "mov r2, r9", f"vmov.32 r9, {_OUTPUT}")
    _row(code, planes, _Row((1, 2), (0, 1), ("r1", "r2", "r9")))
    code(*add_constant("r9", "r9", planes.width * 2 * planes.channels), f"vmov.32 {_OUTPUT}, r9")
    code(f"vmov.32 r1, {_TOP_FIRST}", f"vmov.32 r2, {_TOP_SECOND}")
    if planes.height > 2:
        _middle(code, planes)
    code.note("the last row, without the kernel's last")
    code(f"vmov.32 r5, {_MULTIPLIER}", f"vmov.32 r6, {_POWER}", f"vmov.32 r9, {_OUTPUT}")
    _row(code, planes, _Row((0, 1), (0, 1), ("r5", "r6", "r9")))
    code("pop {r4-r11, pc}")
    return code


def _middle(code: Function, planes: Planes) -> None:
    """All rows between: r0 goes from row to row, to the last but one."""
    code(*add_constant("r7", "r0", 2 * planes.pitch * (planes.height - 2)), f"vmov.32 {_END}, r7")
    code(".balign 4")
    code.label(f"{planes.symbol}_row")
    _row(code, planes, _Row((0, 1, 2), (0, 1, 2), None))
    code(f"vmov.32 r7, {_OUTPUT}", f"vmov.32 r8, {_END}", *add_constant("r0", "r0", 2 * planes.pitch))
    code(*add_constant("r7", "r7", planes.width * 2 * planes.channels), f"vmov.32 {_OUTPUT}, r7")
    code("cmp r0, r8", f"bne.w {planes.symbol}_row")


def _row(code: Function, planes: Planes, row: _Row) -> None:
    """One row of outputs: word t of the input ends pair t - 1 and begins pair t."""
    used = [(_INPUTS[n], _FIRST[k], _SECOND[k]) for n, k in enumerate(row.kernel_rows)]
    for word in range(planes.width // 2 + 1):
        ended, begun = _SUMS[(word - 1) % 2], _SUMS[word % 2]
        begins, alone = 2 * word < planes.width, 2 * word + 1 == planes.width
        at = [2 * planes.pitch * y + 4 * word for y in row.input_rows]
        code(*(f"ldr.w {x}, [r0, #{offset}]" for (x, _, _), offset in zip(used, at, strict=True)))
        if word:
            for x, _, w in used:
                code(f"smlabt {ended[0]}, {x}, {w}, {ended[0]}", f"smlad {ended[1]}, {x}, {w}, {ended[1]}")
        if begins:
            code(f"vmov.32 {begun[0]}, {_BIAS}")
            for n, (x, w, _) in enumerate(used):
                if not alone:
                    code(f"smlatb {begun[1]}, {x}, {w}, {begun[1] if n else begun[0]}")
                code(f"smlad {begun[0]}, {x}, {w}, {begun[0]}")
        if word:
            _outputs(code, planes, ended, 2 * word - 2, row.scale)
        if alone:
            _outputs(code, planes, begun[:1], 2 * word, row.scale)


def _outputs(code: Function, planes: Planes, sums: Sequence[str], place: int, scale: tuple[str, ...] | None) -> None:
    """Scale, shift, saturate, store."""
    if scale is None:
        scale = _INPUTS
        code(*(f"vmov.32 {r}, {half}" for r, half in zip(scale, (_MULTIPLIER, _POWER, _OUTPUT), strict=True)))
    multiplier, power, output = scale
    code(*(f"smmulr {r}, {r}, {multiplier}" for r in sums), *(f"smmulr {r}, {r}, {power}" for r in sums))
    code(*(f"usat {r}, #8, {r}" for r in sums))
    code(*(f"strh.w {r}, [{output}, #{(place + n) * 2 * planes.channels}]" for n, r in enumerate(sums)))
