"""CONV_2D over few input channels: windows that begin at a word of a frame of int16, so that nothing is copied.

The frame is the input with its zero point taken off, widened to int16, with zeros where the window reaches outside
(firmware/src/kernels_cortex_m4.c writes it). Where stride * channels is even, every row of every window is a run of
whole words, and SMLAD multiplies two of its values at once. Blocks of 2 filters x 4 places share what they load: the
places lie `step` words apart, so with a step of 1 all but one of a place's words are those of the place before.

Weights are widened to int16 and doubled on the stack, so that SMMLAR of the doubled sum is TFLite's saturating rounding
doubling high multiplication, and its addend the rounding of the shift that follows:
ARM DDI0403E, A7.7.149; TensorFlow's reference MultiplyByQuantizedMultiplier.
"""

from dataclasses import dataclass

from kws.codegen.cortex_m4.assembly import Function, add_constant

PLACES = 4  # of a block
FILTERS = 2
_ACCUMULATORS = tuple(f"r{number}" for number in range(4, 12))  # filter after filter, place after place
_INPUTS = ("r0", "r1", "r2", "r3")
_WEIGHT, _POINTER = "r12", "lr"
PARAMETER_WORDS = 4  # of a filter: twice the bias, multiplier, what is added before the shift, shift


@dataclass(frozen=True)
class FrameConvolution:
    """Sizes of one layer. The frame has `pitch_words` a row; row 0 of the window of output row y is row y * stride."""

    rows: int  # of the kernel
    row_words: int  # of a kernel's row, two weights each; the last may be half empty
    step_words: int  # from one place to the next
    pitch_words: int  # of the frame
    stride_rows: int
    output_height: int
    output_width: int
    filters: int
    exact_negative: bool  # whether an output can come out of a negative number

    @property
    def frame_words(self) -> int:
        """Of the whole frame."""
        return ((self.output_height - 1) * self.stride_rows + self.rows) * self.pitch_words

    def symbol(self, filters: int) -> str:
        """What the function for so many filters is called: layers of the same sizes share it."""
        sizes = f"{self.rows}x{self.row_words}_{self.step_words}_{self.pitch_words}_{self.stride_rows}"
        end = "_any" if self.exact_negative else ""
        return f"kws_m4_conv_{sizes}_{self.output_height}x{self.output_width}x{self.filters}_{filters}{end}"


class _Frame:
    """Offsets from sp."""

    def __init__(self, shape: FrameConvolution, filters: int):
        self.weights = 0  # [row][word][filter]
        self.parameters = shape.rows * shape.row_words * filters * 4
        self.saved = self.parameters + PARAMETER_WORDS * 4 * filters
        self.input, self.output, self.height, self.block = (self.saved + 4 * n for n in range(4))
        self.size = -(-(self.saved + 16) // 8) * 8


def convolution(shape: FrameConvolution, filters: int) -> Function:
    """symbol(r0 frame, r1 output, r2 weights, r3 parameters): `filters` (1 or 2) filters over the whole frame.

    frame: frame_words words. output: int8, the first of these filters. weights: int16, doubled, [row][word][filter][2].
    parameters: [filter][PARAMETER_WORDS] int32.
    """
    name, frame = shape.symbol(filters), _Frame(shape, filters)
    code = Function(name, f"{filters} of {shape.filters} filters of {shape.rows} x {shape.row_words} words.")
    code("push {r4-r11, lr}", f"sub sp, #{frame.size}")
    code(f"str r0, [sp, #{frame.input}]", f"str r1, [sp, #{frame.output}]")
    _copy_tables(code, frame, filters, shape)
    code(f"movs r4, #{shape.output_height}", f"str r4, [sp, #{frame.height}]")
    code.label(f"{name}_row")
    code(f"ldr {_POINTER}, [sp, #{frame.input}]")
    whole, rest = divmod(shape.output_width, PLACES)
    if whole:
        code(f"movs r4, #{whole}", f"str r4, [sp, #{frame.block}]")
        code.label(f"{name}_block")
        _block(code, shape, frame, filters, PLACES)
        code(f"ldr r0, [sp, #{frame.block}]", "subs r0, #1", f"str r0, [sp, #{frame.block}]", f"bne.w {name}_block")
    if rest:
        _block(code, shape, frame, filters, rest)
    code(f"ldr r0, [sp, #{frame.input}]", *add_constant("r0", "r0", shape.stride_rows * shape.pitch_words * 4))
    code(f"str r0, [sp, #{frame.input}]", f"ldr r0, [sp, #{frame.height}]", "subs r0, #1")
    code(f"str r0, [sp, #{frame.height}]", f"bne.w {name}_row")
    code(f"add sp, #{frame.size}", "pop {r4-r11, pc}")
    return code


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
    sums = [_ACCUMULATORS[f * places : (f + 1) * places] for f in range(filters)]
    for f in range(filters):
        bias = frame.parameters + f * PARAMETER_WORDS * 4
        code(f"ldr {sums[f][0]}, [sp, #{bias}]")
    for f in range(filters):
        code(*(f"mov {register}, {sums[f][0]}" for register in sums[f][1:]))
    for row in range(shape.rows):
        _row(code, shape, frame, sums, places, row)
    code.note("scale, round, shift, add the zero point, saturate, store")
    _outputs(code, shape, frame, sums, places)
    moved = places * shape.step_words - (shape.rows - 1) * shape.pitch_words
    code(*_moved(_POINTER, 4 * moved))


def _moved(register: str, value: int) -> list[str]:
    return [f"{'add' if value >= 0 else 'sub'}w {register}, {register}, #{abs(value)}"]


def _row(
    code: Function, shape: FrameConvolution, frame: _Frame, sums: list[tuple[str, ...]], places: int, row: int
) -> None:
    """One row of the kernel: every word of input is loaded once, as long as a register holds it."""
    code.note(f"kernel row {row}")
    if row:
        code(f"add.w {_POINTER}, {_POINTER}, #{4 * shape.pitch_words}")
    held: dict[int, str] = {}
    for word in range(shape.row_words):
        wanted = [place * shape.step_words + word for place in range(places)]
        held = {at: register for at, register in held.items() if at in wanted}
        free = [register for register in _INPUTS if register not in held.values()]
        for at in wanted:
            if at not in held:
                held[at] = free.pop(0)
                code(f"ldr {held[at]}, [{_POINTER}, #{4 * at}]")
        for f, registers in enumerate(sums):
            offset = frame.weights + ((row * shape.row_words + word) * len(sums) + f) * 4
            code(f"ldr {_WEIGHT}, [sp, #{offset}]")
            code(*(f"smlad {r}, {_WEIGHT}, {held[at]}, {r}" for r, at in zip(registers, wanted, strict=True)))


def _outputs(code: Function, shape: FrameConvolution, frame: _Frame, sums: list[tuple[str, ...]], places: int) -> None:
    for f, registers in enumerate(sums):
        at = frame.parameters + f * PARAMETER_WORDS * 4
        code(f"ldr r0, [sp, #{at + 4}]", f"ldr r1, [sp, #{at + 8}]", f"ldr r2, [sp, #{at + 12}]")
        for r in registers:
            if shape.exact_negative:
                code(f"smmulr {r}, {r}, r0", f"add {r}, {r}, {r}, asr #31", f"add {r}, r1")
            else:
                code(f"smmlar {r}, {r}, r0, r1")
        code(*(f"asr.w {r}, {r}, r2" for r in registers))
        code(*(f"ssat {r}, #8, {r}" for r in registers))
    code(f"ldr r0, [sp, #{frame.output}]")
    for place in range(places):
        for f, registers in enumerate(sums):
            code(f"strb {registers[place]}, [r0, #{place * shape.filters + f}]")
    code(*_moved("r0", places * shape.filters), f"str r0, [sp, #{frame.output}]")
