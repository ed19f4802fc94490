"""CONV_2D over few input channels: windows that begin at a word of a frame of int16, so that nothing is copied.

The frame is the input with its zero point taken off, widened to int16, with zeros where the window reaches outside
(firmware/src/kernels_cortex_m4.c writes it). Where stride * channels is even, every row of every window is a run of
whole words, and SMLAD multiplies two of its values at once. Blocks of 2 filters x 4 places share what they load: the
places lie `step` words apart, so with a step of 1 all but one of a place's words are those of the place before.

The weights of the second filter lie in the FPU's registers as far as they go: between two multiplications a load takes
two cycles, and VMOV from half of a double one.

Weights are widened to int16 and doubled on the stack, so that SMMLAR of the doubled sum is TFLite's saturating rounding
doubling high multiplication, and its addend the rounding of the shift that follows:
ARM DDI0403E, A7.7.149; TensorFlow's reference MultiplyByQuantizedMultiplier.
"""

from kws.codegen.cortex_m4.assembly import Function, add_constant
from kws.codegen.cortex_m4.frames import PLACES, FrameConvolution

_ACCUMULATORS = tuple(f"r{number}" for number in range(4, 12))  # filter after filter, place after place
_INPUTS = ("r0", "r1", "r2", "r3")
_WEIGHT, _POINTER = "r12", "lr"
_FLOATS = 32  # words that the FPU holds
PARAMETER_WORDS = 4  # of a filter: twice the bias, multiplier, what is added before the shift, shift


class _Frame:
    """Offsets from sp."""

    def __init__(self, shape: FrameConvolution, filters: int):
        self.weights = 0  # [row][word][filter]
        self.parameters = shape.rows * shape.row_words * filters * 4
        self.saved = self.parameters + PARAMETER_WORDS * 4 * filters
        self.input, self.output, self.height, self.end, self.entry = (self.saved + 4 * n for n in range(5))
        self.size = -(-(self.saved + 20) // 8) * 8


def convolution(shape: FrameConvolution, filters: int) -> Function:
    """symbol(r0 frame, r1 output, r2 weights, r3 parameters): `filters` (1 or 2) filters over the whole frame.

    frame: frame_words words. output: int8, the first of these filters. weights: int16, doubled, [row][word][filter][2].
    parameters: [filter][PARAMETER_WORDS] int32.
    """
    name, frame = shape.symbol(filters), _Frame(shape, filters)
    code = Function(name, f"{filters} of {shape.filters} filters of {shape.rows} x {shape.row_words} words.")
    held = min(_FLOATS, shape.rows * shape.row_words) if filters > 1 else 0
    code("push {r4-r11, lr}", *(["vpush {s16-s31}"] if held else []), f"sub sp, #{frame.size}")
    code(f"str r0, [sp, #{frame.input}]", f"str r1, [sp, #{frame.output}]")
    _copy_tables(code, frame, filters, shape)
    code(*(f"vldr s{n}, [sp, #{frame.weights + (n * filters + 1) * 4}]" for n in range(held)))
    code(f"movs r4, #{shape.output_height}", f"str r4, [sp, #{frame.height}]")
    code.label(f"{name}_row")
    code(f"ldr {_POINTER}, [sp, #{frame.input}]")
    whole, rest = divmod(shape.output_width, PLACES)
    if whole:
        code(*add_constant("r4", _POINTER, 4 * whole * PLACES * shape.step_words), f"str r4, [sp, #{frame.end}]")
        _enter(code, shape, frame, filters)
        code.label(f"{name}_block")
        _block(code, shape, frame, filters, PLACES)
        _repeat(code, shape, frame)
    if rest:
        _block(code, shape, frame, filters, rest)
    code(f"ldr r0, [sp, #{frame.input}]", *add_constant("r0", "r0", shape.stride_rows * shape.pitch_words * 4))
    code(f"str r0, [sp, #{frame.input}]", f"ldr r0, [sp, #{frame.height}]", "subs r0, #1")
    code(f"str r0, [sp, #{frame.height}]", f"bne.w {name}_row")
    code(f"add sp, #{frame.size}", *(["vpop {s16-s31}"] if held else []), "pop {r4-r11, pc}")
    return code


def _enter(code: Function, shape: FrameConvolution, frame: _Frame, filters: int) -> None:
    """Where a row's blocks begin: at the kernel's first row that meets more than zeros."""
    if not shape.skipped_rows:
        return
    code(f"ldr r0, [sp, #{frame.height}]", f"adr.w r1, {code.name}_block")
    for y, rows in enumerate(shape.skipped_rows):
        code(f"cmp r0, #{shape.output_height - y}", "it eq", f"adreq.w r1, {code.name}_without_{rows}")
    code("orr r1, r1, #1", f"str r1, [sp, #{frame.entry}]", "bx r1")
    for rows in shape.skipped_rows:
        code.label(f"{code.name}_without_{rows}")
        sums = _sums(filters, PLACES)
        _biases(code, frame, sums)
        code(*(f"mov {register}, {registers[0]}" for registers in sums for register in registers[1:]))
        code(f"b.w {code.name}_kernel_row_{rows}")


def _repeat(code: Function, shape: FrameConvolution, frame: _Frame) -> None:
    """The next block of the row, unless the pointer stands at its end."""
    if shape.skipped_rows:
        code(f"ldr r0, [sp, #{frame.entry}]", f"cmp {_POINTER}, {_WEIGHT}", "it ne", "bxne r0")
    else:
        code(f"cmp {_POINTER}, {_WEIGHT}", f"bne.w {code.name}_block")


def _sums(filters: int, places: int) -> list[tuple[str, ...]]:
    """The registers of each filter's sums, a place each."""
    return [_ACCUMULATORS[f * places : (f + 1) * places] for f in range(filters)]


def _biases(code: Function, frame: _Frame, sums: list[tuple[str, ...]]) -> None:
    """Each filter's bias to the register of its first place."""
    code(*(f"ldr {r[0]}, [sp, #{frame.parameters + f * PARAMETER_WORDS * 4}]" for f, r in enumerate(sums)))


def _copy_tables(code: Function, frame: _Frame, filters: int, shape: FrameConvolution) -> None:
    """Weights and parameters to the stack, where an offset from sp reaches them."""
    for source, at, words in (
        ("r2", frame.weights, frame.parameters // 4),
        ("r3", frame.parameters, PARAMETER_WORDS * filters),
    ):
        label = f"{code.name}_copy_{source}"
        group = "{r4-r7}" if words % 4 == 0 else "{r4}"
        code(f"add r1, sp, #{at}", f"addw r0, r1, #{words * 4}")
        code.label(label)
        code(f"ldm {source}!, {group}", f"stm r1!, {group}", "cmp r1, r0", f"bne {label}")


def _block(code: Function, shape: FrameConvolution, frame: _Frame, filters: int, places: int) -> None:
    """All filters of the function at `places` places from _POINTER on, which moves behind them."""
    sums = _sums(filters, places)
    _biases(code, frame, sums)
    for row in range(shape.rows):
        if places == PLACES and row in shape.skipped_rows:
            code.label(f"{code.name}_kernel_row_{row}")
        _row(code, shape, frame, sums, places, row)
    code.note("scale, round, shift, add the zero point, saturate, store")
    _outputs(code, shape, frame, sums, places)
    code(*add_constant(_POINTER, _POINTER, 4 * places * shape.step_words))


def _row(
    code: Function, shape: FrameConvolution, frame: _Frame, sums: list[tuple[str, ...]], places: int, row: int
) -> None:
    """One row of the kernel: every word of input is loaded once, as long as a register holds it."""
    code.note(f"kernel row {row}")
    held: dict[int, str] = {}
    for word in range(shape.row_words):
        wanted = [place * shape.step_words + word for place in range(places)]
        held = {at: register for at, register in held.items() if at in wanted}
        free = [register for register in _INPUTS if register not in held.values()]
        for at in wanted:
            if at not in held:
                held[at] = free.pop(0)
                code(f"ldr {held[at]}, [{_POINTER}, #{4 * (row * shape.pitch_words + at)}]")
        for f, registers in enumerate(sums):
            index = row * shape.row_words + word
            if f and index < _FLOATS:
                code(f"vmov.32 {_WEIGHT}, d{index // 2}[{index % 2}]")
            else:
                code(f"ldr {_WEIGHT}, [sp, #{frame.weights + (index * len(sums) + f) * 4}]")
            bias = registers[0] if row == word == 0 else None  # every sum begins with it, its own register the last
            products = [(r, held[at], bias or r) for r, at in zip(registers, wanted, strict=True)]
            code(*(f"smlad {r}, {_WEIGHT}, {x}, {addend}" for r, x, addend in reversed(products)))


def _outputs(code: Function, shape: FrameConvolution, frame: _Frame, sums: list[tuple[str, ...]], places: int) -> None:
    for f, registers in enumerate(sums):
        at = frame.parameters + f * PARAMETER_WORDS * 4
        code(f"ldr r0, [sp, #{at + 4}]", f"ldr r1, [sp, #{at + 8}]", f"ldr r2, [sp, #{at + 12}]")
        if f == 0:
            code(f"ldr r3, [sp, #{frame.output}]", f"ldr {_WEIGHT}, [sp, #{frame.end}]")
        for r in registers:
            if shape.exact_negative:
                code(f"smmulr {r}, {r}, r0", f"add {r}, {r}, {r}, asr #31", f"add {r}, r1")
            else:
                code(f"smmlar {r}, {r}, r0, r1")
        code(*(f"asr.w {r}, {r}, r2" for r in registers))
        if shape.rectified_at is not None:
            sign = "add" if shape.rectified_at >= 0 else "sub"
            code(*(f"usat {r}, #8, {r}" for r in registers))
            code(*(f"{sign}.w {r}, {r}, #{abs(shape.rectified_at)}" for r in registers))
        code(*(f"ssat {r}, #8, {r}" for r in registers))
    for place in range(places):
        for f, registers in enumerate(sums):
            code(f"strb {registers[place]}, [r3, #{place * shape.filters + f}]")
    code(*add_constant("r3", "r3", places * shape.filters), f"str r3, [sp, #{frame.output}]")
