"""DEPTHWISE_CONV_2D of 3 x 3, stride 1, SAME, over planes: one channel after the other, two places of a row at a time.

A plane is one channel as int16 without its zero point, with a border of zeros, so that each row of a window begins at a
word or in its middle: SMLAD takes two of its three values, SMLABT or SMLATB the third. A word of input serves the pair
of places that it ends and the pair that it begins.
"""

from dataclasses import dataclass

from kws.codegen.cortex_m4.assembly import Function, add_constant

_KERNEL = 3
_FIRST, _SECOND = ("r1", "r3", "r5"), ("r2", "r4", "r6")  # weights (0, 1) and (1, 2) of each kernel row
_INPUTS = ("r7", "r8", "r9")
_SUMS = (("r10", "r11"), ("r12", "lr"))
_BIAS, _MULTIPLIER, _POWER, _OUTPUT, _END = (f"d{8 + n // 2}[{n % 2}]" for n in range(5))


@dataclass(frozen=True)
class Planes:
    """Where the channels of a tensor lie: rows of `pitch` int16, the first value behind a row and one zero."""

    height: int
    width: int
    channels: int

    @property
    def pitch(self) -> int:
        """int16 from row to row, even; a row's last zero may be the next one's first."""
        return self.width + 1 + (self.width + 1) % 2

    @property
    def plane_bytes(self) -> int:
        """Of one channel, with a row of zeros above and below and one more word."""
        return 2 * ((self.height + 2) * self.pitch + 2)

    @property
    def bytes(self) -> int:
        """Of all channels."""
        return self.channels * self.plane_bytes

    @property
    def symbol(self) -> str:
        """Of the function over one such plane; layers of the same sizes share it."""
        return f"kws_m4_depthwise_{self.height}x{self.width}x{self.channels}"

    @property
    def code_bytes(self) -> int:
        """Of the function, within a tenth."""
        return 130 + 128 * -(-self.width // 2)


def depthwise(planes: Planes) -> Function:
    """symbol(r0 plane, r1 output, r2 parameters): one channel.

    output: int16 without zero point, 2 * channels bytes from place to place. parameters: words; doubled weights (0, 1),
    (1, 2) of each kernel row, twice the bias, multiplier, 2^(32 - shift).
    """
    code = Function(planes.symbol, f"One of {planes.channels} planes of {planes.height} x {planes.width}.")
    code("push {r4-r11, lr}", "vpush {s16-s20}", "mov lr, r2")
    code(f"vmov.32 {_OUTPUT}, r1", "ldm lr!, {r1-r9}")
    code(*(f"vmov.32 {d}, {r}" for d, r in zip((_BIAS, _MULTIPLIER, _POWER), ("r7", "r8", "r9"), strict=True)))
    code(*add_constant("r7", "r0", 2 * planes.pitch * planes.height), f"vmov.32 {_END}, r7")
    code.label(f"{planes.symbol}_row")
    _row(code, planes)
    code(f"vmov.32 r7, {_OUTPUT}", f"vmov.32 r8, {_END}", *add_constant("r0", "r0", 2 * planes.pitch))
    code(*add_constant("r7", "r7", planes.width * 2 * planes.channels), f"vmov.32 {_OUTPUT}, r7")
    code("cmp r0, r8", f"bne.w {planes.symbol}_row", "vpop {s16-s20}", "pop {r4-r11, pc}")
    return code


def _row(code: Function, planes: Planes) -> None:
    """One row of outputs: word t of the input ends pair t - 1 and begins pair t."""
    for word in range(planes.width // 2 + 1):
        ended, begun = _SUMS[(word - 1) % 2], _SUMS[word % 2]
        begins, alone = 2 * word < planes.width, 2 * word + 1 == planes.width
        code(*(f"ldr.w {r}, [r0, #{2 * planes.pitch * y + 4 * word}]" for y, r in enumerate(_INPUTS)))
        if word:
            for x, w in zip(_INPUTS, _SECOND, strict=True):
                code(f"smlabt {ended[0]}, {x}, {w}, {ended[0]}", f"smlad {ended[1]}, {x}, {w}, {ended[1]}")
        if begins:
            code(f"vmov.32 {begun[0]}, {_BIAS}")
            for y, (x, w) in enumerate(zip(_INPUTS, _FIRST, strict=True)):
                if not alone:
                    code(f"smlatb {begun[1]}, {x}, {w}, {begun[1] if y else begun[0]}")
                code(f"smlad {begun[0]}, {x}, {w}, {begun[0]}")
        if word:
            _outputs(code, planes, ended, 2 * word - 2)
        if alone:
            _outputs(code, planes, begun[:1], 2 * word)


def _outputs(code: Function, planes: Planes, sums: tuple[str, ...], place: int) -> None:
    """Scale, shift, saturate, store."""
    code(f"vmov.32 r7, {_MULTIPLIER}", f"vmov.32 r8, {_POWER}", f"vmov.32 r9, {_OUTPUT}")
    code(*(f"smmulr {r}, {r}, r7" for r in sums), *(f"smmulr {r}, {r}, r8" for r in sums))
    code(*(f"usat {r}, #8, {r}" for r in sums))
    code(*(f"strh.w {r}, [r9, #{(place + n) * 2 * planes.channels}]" for n, r in enumerate(sums)))
