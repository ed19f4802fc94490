"""The frame of int16 that a convolution for the Cortex-M4 runs over, and its sizes."""

from dataclasses import dataclass

PLACES, FILTERS = 4, 2  # of a block
MAX_TABLE_WORDS = 448  # weights of a block's filters, which lie on the stack: twice 1,792 bytes of it, for a moment
_MAX_OFFSET = 4095  # of a load, a store, an addition


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
    exact_negative: bool = False  # whether outputs can come out of negative numbers, which round another way
    pad_top: int = 0  # rows of the frame above the input, all zeros: the windows over them begin further down
    rectified_at: int | None = None  # zero point of the output where ReLU cuts there, None where it cuts at -128

    @property
    def functions(self) -> tuple[int, ...]:
        """How many filters each function that the layer needs computes: pairs, and one that is left."""
        return (FILTERS,) * (self.filters >= FILTERS) + (1,) * (self.filters % FILTERS)

    @property
    def skipped_rows(self) -> tuple[int, ...]:
        """Rows of the kernel that meet zeros alone, for each output row at the top that has some."""
        return tuple(range(self.pad_top, 0, -self.stride_rows))[: self.output_height]

    @property
    def frame_words(self) -> int:
        """Of the whole frame."""
        return ((self.output_height - 1) * self.stride_rows + self.rows) * self.pitch_words

    @property
    def scratch_bytes(self) -> int:
        """The frame's."""
        return 4 * self.frame_words

    @property
    def output_bytes(self) -> int:
        """int8."""
        return self.output_height * self.output_width * self.filters

    def symbol(self, filters: int) -> str:
        """What the function for so many filters is called: layers of the same sizes share it."""
        sizes = f"{self.rows}x{self.row_words}_{self.step_words}_{self.pitch_words}_{self.stride_rows}"
        end = "_any" if self.exact_negative else ""
        end += f"_pad{self.pad_top}" if self.pad_top else ""
        end += f"_from{self.rectified_at + 128}" if self.rectified_at is not None else ""
        return f"kws_m4_conv_{sizes}_{self.output_height}x{self.output_width}x{self.filters}_{filters}{end}"


def frame_shape(
    kernel: tuple[int, int],
    stride: tuple[int, int],
    channels: int,
    output: tuple[int, int],
    filters: int,
    **details: bool | int | None,
) -> FrameConvolution | None:
    """The frame of a convolution; None where its windows do not begin at words, or offsets are too large.

    Args:
        kernel, stride, output: (height, width).
        channels: of the input.
        filters: output channels.
        details: those of FrameConvolution that have defaults.
    """
    row_words = -(-kernel[1] * channels // 2)
    step_words = stride[1] * channels // 2
    pitch_words = (output[1] - 1) * step_words + row_words
    shape = FrameConvolution(
        rows=kernel[0],
        row_words=row_words,
        step_words=step_words,
        pitch_words=pitch_words,
        stride_rows=stride[0],
        output_height=output[0],
        output_width=output[1],
        filters=filters,
        **details,
    )
    offsets = (4 * ((kernel[0] - 1) * pitch_words + PLACES * step_words + row_words), PLACES * filters)
    fits = max(offsets) <= _MAX_OFFSET and kernel[0] * row_words * FILTERS <= MAX_TABLE_WORDS
    small = max(output) <= 255 and 4 * stride[0] * pitch_words < 1 << 16
    return shape if fits and small and stride[1] * channels % 2 == 0 else None
