"""CONV_2D of 1 x 1 over a wide input: a product of matrices in blocks of 4 filters x 2 places.

A wide input holds each place's channels as int16 without their zero point, each four channels in the order 0, 2, 1, 3:
so SXTB16 of four weights, and of them turned by a byte, are words that meet its words. The weights of four filters lie
on the stack, doubled as in convolution.py; those of the last filter lie in the FPU's registers, as far as they go:
reading them back is no load, so that all other loads of a step follow each other, a cycle each.

An output that ReLU cuts at its zero point of -128 is never negative, and SMMULR by 2^(32 - shift) shifts and rounds it
as TFLite does (ARM DDI0403E, A7.7.151; RoundingDivideByPOT).
"""

from dataclasses import dataclass
from itertools import pairwise

from kws.codegen.cortex_m4.assembly import Function, add_constant

FILTERS, PLACES = 4, 2  # of a block
MAX_WORDS = 96  # two channels each: 1,536 bytes of the stack, and as much code as fits a branch
_FLOATS = 32
_SUMS = [("r4", "r5"), ("r6", "r7"), ("r8", "r9"), ("r10", "r11")]
_FREE = ("r1", "r2", "r3", "r12", "lr")
_CALL_WORDS = 9  # of kws_m4_product_call_t


@dataclass(frozen=True)
class Pointwise:
    """What a function depends on; outputs are int16 of planes, or int8 of places."""

    words: int  # of a place of the input, two channels each; even
    filter_bytes: int  # from one filter's output to the next
    wide: bool  # whether outputs are int16, without the zero point
    odd: bool  # whether one place is left behind the last two

    @property
    def symbol(self) -> str:
        """Layers of the same sizes share the function."""
        end = "_odd" if self.odd else ""
        return f"kws_m4_pointwise_{self.words}_{self.filter_bytes}_{'int16' if self.wide else 'int8'}{end}"


class _Frame:
    """Offsets from sp."""

    def __init__(self, words: int):
        self.weights = 0  # [word][filter]
        self.biases, self.multipliers, self.powers = (words * FILTERS * 4 + 4 * FILTERS * n for n in range(3))
        self.call = self.powers + 4 * FILTERS  # the words of kws_m4_product_call_t, then the next offsets
        words_of_call = (self.call + 4 * n for n in range(_CALL_WORDS + 1))
        self.places, self.output, self.first_offsets, self.end, *tables, self.offsets = words_of_call
        self.bias_table, self.multiplier_table, self.shift_table, self.groups, self.rows = tables
        self.size = -(-(self.offsets + 4) // 8) * 8


def pointwise(shape: Pointwise) -> Function:
    """symbol(r0 call): all filters, four at a time, over all places; `call` is a kws_m4_product_call_t."""
    frame = _Frame(shape.words)
    code = Function(shape.symbol, f"Filters by fours over places of {2 * shape.words} channels.")
    code("push {r4-r11, lr}", "vpush {s16-s31}", f"sub sp, #{frame.size}")
    code("ldm.w r0, {r4-r12}", f"add lr, sp, #{frame.call}", "stm.w lr, {r4-r12}")
    code.label(f"{shape.symbol}_group")
    _widen(code, shape, frame)
    _fetch_scales(code, frame)
    code(*(f"vldr s{k}, [sp, #{_weight(k, FILTERS - 1)}]" for k in range(min(_FLOATS, shape.words))))
    code(f"ldr r0, [sp, #{frame.places}]", f"ldr r1, [sp, #{frame.first_offsets}]", f"str r1, [sp, #{frame.offsets}]")
    code(".balign 4")
    code.label(f"{shape.symbol}_block")
    _block(code, shape, frame, PLACES)
    code(f"add.w r0, r0, #{PLACES * 4 * shape.words}", "cmp r0, r2", f"blo.w {shape.symbol}_block")
    if shape.odd:
        _block(code, shape, frame, 1)
    code(f"ldr r1, [sp, #{frame.output}]", *add_constant("r1", "r1", FILTERS * shape.filter_bytes))
    code(f"ldr r2, [sp, #{frame.groups}]", f"str r1, [sp, #{frame.output}]")
    code("subs r2, #1", f"str r2, [sp, #{frame.groups}]", f"bne.w {shape.symbol}_group")
    code(f"add sp, #{frame.size}", "vpop {s16-s31}", "pop {r4-r11, pc}")
    return code


def _weight(word: int, filter_: int) -> int:
    """Offset from sp of a word of a filter's weights."""
    return (word * FILTERS + filter_) * 4


def _widen(code: Function, shape: Pointwise, frame: _Frame) -> None:
    """The next four filters' weights as doubled int16 on the stack."""
    rows = ("r1", "r2", "r3", "r12")
    code(f"ldr r1, [sp, #{frame.rows}]", "mov lr, sp")
    code(*(f"add.w {row}, {before}, #{2 * shape.words}" for before, row in pairwise(rows)))
    code.label(f"{shape.symbol}_widen")
    low, high = ("r4", "r5", "r6", "r7"), ("r8", "r9", "r10", "r11")
    code(*(f"ldr {register}, [{row}], #4" for register, row in zip(high, rows, strict=True)))
    code(*(f"sxtb16 {a}, {b}" for a, b in zip(low, high, strict=True)))
    code(*(f"sxtb16 {b}, {b}, ror #8" for b in high))
    code(*(f"sadd16 {r}, {r}, {r}" for r in low + high))
    code("stm lr!, {r4-r11}", f"add r4, sp, #{frame.biases}", "cmp lr, r4", f"bne {shape.symbol}_widen")
    code(f"str.w r12, [sp, #{frame.rows}]")  # the last row's end is where the next four begin


def _fetch_scales(code: Function, frame: _Frame) -> None:
    """Four biases, doubled, multipliers, and powers of two from the tables to the stack."""
    for table, registers in ((frame.bias_table, "{r4-r7}"), (frame.multiplier_table, "{r8-r11}")):
        code(f"ldr r0, [sp, #{table}]", f"ldm r0!, {registers}", f"str r0, [sp, #{table}]")
    code(*(f"lsls {r}, {r}, #1" for r in ("r4", "r5", "r6", "r7")))
    code(f"ldr r0, [sp, #{frame.shift_table}]", "ldr lr, [r0], #4", f"str r0, [sp, #{frame.shift_table}]")
    powers = ("r1", "r2", "r3", "r12")
    code("sxtb r1, lr", *(f"sxtb.w {r}, lr, ror #{8 * n}" for n, r in enumerate(powers) if n))
    code("movs r0, #1", *(f"add.w {r}, {r}, #32" for r in powers), *(f"lsl.w {r}, r0, {r}" for r in powers))
    code(f"add r0, sp, #{frame.biases}", "stm r0!, {r4-r11}", "stm.w r0, {r1, r2, r3, r12}")


def _block(code: Function, shape: Pointwise, frame: _Frame, places: int) -> None:
    """Four filters at 2 or 1 places; r0 points to the first. Leaves the places' end in r2."""
    sums = [registers[:places] for registers in _SUMS]
    inputs, weights = _FREE[:places], _FREE[places : places + FILTERS - 1]
    code(*(f"ldr.w {registers[0]}, [sp, #{frame.biases + 4 * f}]" for f, registers in enumerate(sums)))
    for k in range(shape.words):
        code(*(f"ldr.w {x}, [r0, #{4 * (k + p * shape.words)}]" for p, x in enumerate(inputs)))
        code(*(f"ldr.w {w}, [sp, #{_weight(k, f)}]" for f, w in enumerate(weights)))
        for registers, w in zip(sums, weights, strict=False):
            _multiply(code, registers, w, inputs, first=k == 0)
        w = weights[0]
        code(f"vmov.32 {w}, d{k // 2}[{k % 2}]" if k < _FLOATS else f"ldr.w {w}, [sp, #{_weight(k, FILTERS - 1)}]")
        _multiply(code, sums[-1], w, inputs, first=k == 0)
    _outputs(code, shape, frame, sums)


def _multiply(code: Function, sums: tuple[str, ...], weight: str, inputs: tuple[str, ...], first: bool) -> None:
    """A word's share of each place; all sums begin with the bias, which the first one's register holds."""
    pairs = zip(sums, inputs, strict=True)
    code(*reversed([f"smlad {r}, {weight}, {x}, {sums[0] if first else r}" for r, x in pairs]))


def _outputs(code: Function, shape: Pointwise, frame: _Frame, sums: list[tuple[str, ...]]) -> None:
    """Scale, shift, saturate, store."""
    code.note("scale, shift, saturate, store")
    floor = None if shape.wide else "lr"
    if floor:
        code(f"mvn {floor}, #127")
    for first in (0, 2):
        scales = [_FREE[:2], _FREE[2:4]]
        for f, (multiplier, power) in enumerate(scales, first):
            code(f"ldr.w {multiplier}, [sp, #{frame.multipliers + 4 * f}]")
            code(f"ldr.w {power}, [sp, #{frame.powers + 4 * f}]")
        for registers, (multiplier, power) in zip(sums[first : first + 2], scales, strict=True):
            _scale(code, registers, multiplier, power, floor)
    code(f"ldr.w r3, [sp, #{frame.offsets}]", f"ldr.w r1, [sp, #{frame.output}]", f"ldr.w r2, [sp, #{frame.end}]")
    if len(sums[0]) == PLACES:
        code("ldr lr, [r3], #4", f"str.w r3, [sp, #{frame.offsets}]", "uxtah r12, r1, lr", "add.w lr, r1, lr, lsr #16")
    else:
        code("ldrh.w r12, [r3]", "add r12, r1")
    for f, registers in enumerate(sums):
        for r, place in zip(registers, ("r12", "lr"), strict=False):
            code(f"{'strh.w' if shape.wide else 'strb.w'} {r}, [{place}, #{f * shape.filter_bytes}]")


def _scale(code: Function, sums: tuple[str, ...], multiplier: str, power: str, floor: str | None) -> None:
    """To what is stored: without the zero point, or with that of -128 in `floor`, which SMMLAR adds for nothing."""
    code(*(f"smmulr {r}, {r}, {multiplier}" for r in sums))
    if floor:
        code(*(f"smmlar {r}, {r}, {power}, {floor}" for r in sums), *(f"ssat {r}, #8, {r}" for r in sums))
    else:
        code(*(f"smmulr {r}, {r}, {power}" for r in sums), *(f"usat {r}, #8, {r}" for r in sums))
