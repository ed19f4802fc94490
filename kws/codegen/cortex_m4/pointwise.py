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

from kws.codegen.cortex_m4.assembly import Function

FILTERS, PLACES = 4, 2  # of a block
MAX_WORDS = 96  # two channels each: 1,536 bytes of the stack, and as much code as fits a branch
_FLOATS = 32
_SUMS = [("r4", "r5"), ("r6", "r7"), ("r8", "r9"), ("r10", "r11")]
_FREE = ("r1", "r2", "r3", "r12", "lr")


@dataclass(frozen=True)
class Pointwise:
    """What a function depends on; outputs are int16 of planes, or int8 of places."""

    words: int  # of a place of the input, two channels each; even
    filter_bytes: int  # from one filter's output to the next
    wide: bool  # whether outputs are int16, without the zero point

    @property
    def symbol(self) -> str:
        """Layers of the same sizes share the function."""
        return f"kws_m4_pointwise_{self.words}_{self.filter_bytes}_{'int16' if self.wide else 'int8'}"

    @property
    def code_bytes(self) -> int:
        """Of the function, within a tenth."""
        return 300 + self.words * 60


class _Frame:
    """Offsets from sp."""

    def __init__(self, words: int):
        self.weights = 0  # [word][filter]
        self.biases = words * FILTERS * 4
        self.scales = self.biases + FILTERS * 4  # [filter](multiplier, power of two)
        self.output, self.offsets, self.end = (self.scales + FILTERS * 8 + 4 * n for n in range(3))
        self.size = -(-(self.end + 4) // 8) * 8


def pointwise(shape: Pointwise) -> Function:
    """symbol(r0 call, r1 weights): four filters over all places; `call` is a kws_m4_pointwise_call_t.

    weights: int8, a row of 2 * words for each of the four filters. Places are read two at a time, so that an odd last
    one reads as much behind the input.
    """
    frame = _Frame(shape.words)
    code = Function(shape.symbol, f"Four filters over places of {2 * shape.words} channels.")
    code("push {r4-r11, lr}", "vpush {s16-s31}", f"sub sp, #{frame.size}")
    _widen(code, shape, frame)
    code("ldm r0!, {r2, r3, r4, r5}", f"str r3, [sp, #{frame.output}]", f"str r4, [sp, #{frame.offsets}]")
    code(f"str r5, [sp, #{frame.end}]", f"add r1, sp, #{frame.biases}")
    for _ in range(FILTERS * 3 // 6):
        code("ldm r0!, {r3-r8}", "stm r1!, {r3-r8}")
    code("mov r0, r2")
    code(*(f"vldr s{k}, [sp, #{_weight(k, FILTERS - 1)}]" for k in range(min(_FLOATS, shape.words))))
    code.label(f"{shape.symbol}_block")
    code(*(f"ldr.w {sums[0]}, [sp, #{frame.biases + 4 * f}]" for f, sums in enumerate(_SUMS)))
    _products(code, shape)
    _outputs(code, shape, frame)
    code(f"add.w r0, r0, #{PLACES * 4 * shape.words}", "cmp r0, r3")
    code(f"blo.w {shape.symbol}_block")
    code(f"add sp, #{frame.size}", "vpop {s16-s31}", "pop {r4-r11, pc}")
    return code


def _weight(word: int, filter_: int) -> int:
    """Offset from sp of a word of a filter's weights."""
    return (word * FILTERS + filter_) * 4


def _widen(code: Function, shape: Pointwise, frame: _Frame) -> None:
    """Four filters' weights from r1 on, as doubled int16 on the stack."""
    row_bytes = 2 * shape.words
    rows = ("r1", "r2", "r3", "r12")
    code(*(f"add.w {row}, {before}, #{row_bytes}" for before, row in pairwise(rows)))
    code("mov lr, sp")
    code.label(f"{shape.symbol}_widen")
    low, high = ("r4", "r5", "r6", "r7"), ("r8", "r9", "r10", "r11")
    code(*(f"ldr {register}, [{row}], #4" for register, row in zip(high, rows, strict=True)))
    code(*(f"sxtb16 {a}, {b}" for a, b in zip(low, high, strict=True)))
    code(*(f"sxtb16 {b}, {b}, ror #8" for b in high))
    code(*(f"sadd16 {r}, {r}, {r}" for r in low + high))
    code("stm lr!, {r4-r11}", f"add r4, sp, #{frame.biases}", "cmp lr, r4", f"bne {shape.symbol}_widen")


def _products(code: Function, shape: Pointwise) -> None:
    """All words of two places; r0 points to the first."""
    i0, i1, *weights = _FREE
    for k in range(shape.words):
        code(f"ldr.w {i0}, [r0, #{4 * k}]", f"ldr.w {i1}, [r0, #{4 * (shape.words + k)}]")
        code(*(f"ldr.w {w}, [sp, #{_weight(k, f)}]" for f, w in enumerate(weights)))
        for f, w in enumerate(weights):
            _multiply(code, f, w, (i0, i1), first=k == 0)
        w = weights[0]
        code(f"vmov.32 {w}, d{k // 2}[{k % 2}]" if k < _FLOATS else f"ldr.w {w}, [sp, #{_weight(k, FILTERS - 1)}]")
        _multiply(code, FILTERS - 1, w, (i0, i1), first=k == 0)


def _multiply(code: Function, filter_: int, weight: str, inputs: tuple[str, str], first: bool) -> None:
    """A word's share of both places; both sums begin with the bias, which the first one's register holds."""
    a, b = _SUMS[filter_]
    code(f"smlad {b}, {weight}, {inputs[1]}, {a if first else b}", f"smlad {a}, {weight}, {inputs[0]}, {a}")


def _outputs(code: Function, shape: Pointwise, frame: _Frame) -> None:
    """Scale, shift, saturate, store: the second place first, as where it is none it lies on the first."""
    code.note("scale, shift, saturate, store")
    scales = [(f"[sp, #{frame.scales + 8 * f}]", f"[sp, #{frame.scales + 8 * f + 4}]") for f in range(FILTERS)]
    code(f"ldr.w r1, [sp, #{frame.output}]", f"ldr.w r2, [sp, #{frame.offsets}]", f"ldr.w r3, {scales[0][0]}")
    code("ldr lr, [r2], #4", f"str.w r2, [sp, #{frame.offsets}]", "uxtah r12, r1, lr", "add.w lr, r1, lr, lsr #16")
    multiplier, next_multiplier = "r3", "r2"
    for f, (a, b) in enumerate(_SUMS):
        after = f"ldr.w {next_multiplier}, {scales[f + 1][0]}" if f + 1 < FILTERS else f"ldr.w r3, [sp, #{frame.end}]"
        code(f"ldr.w r1, {scales[f][1]}", after)
        code(f"smmulr {a}, {a}, {multiplier}", f"smmulr {b}, {b}, {multiplier}")
        code(f"smmulr {a}, {a}, r1", f"smmulr {b}, {b}, r1", f"usat {a}, #8, {a}", f"usat {b}, #8, {b}")
        if not shape.wide:
            code(f"sub.w {a}, {a}, #128", f"sub.w {b}, {b}, #128")
        store = "strh.w" if shape.wide else "strb.w"
        code(f"{store} {b}, [lr, #{f * shape.filter_bytes}]", f"{store} {a}, [r12, #{f * shape.filter_bytes}]")
        multiplier, next_multiplier = next_multiplier, multiplier
