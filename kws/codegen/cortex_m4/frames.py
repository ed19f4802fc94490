"""Which convolutions run over a frame of int16, and how large the frame is. Sizes in, a FrameConvolution out."""

from kws.codegen.cortex_m4.convolution import FILTERS, PLACES, FrameConvolution
from kws.codegen.layers import Layer

MAX_TABLE_WORDS = 448  # weights of a block's filters, which lie on the stack: twice 1,792 bytes of it, for a moment
_MAX_OFFSET = 4095  # of a load, a store, an addition
_LARGEST_SHIFT = 20  # rounding and zero point, shifted as far, stay below 2^28
_LARGEST_SUM = 1 << 29  # doubled, and with what is added, it fits an int32


def frame_shape(
    kernel: tuple[int, int],
    stride: tuple[int, int],
    channels: int,
    output: tuple[int, int],
    filters: int,
    exact_negative: bool = False,
) -> FrameConvolution | None:
    """The frame of a convolution; None where its windows do not begin at words, or offsets are too large.

    Args:
        kernel, stride, output: (height, width).
        channels: of the input.
        filters: output channels.
        exact_negative: whether negative sums can give different outputs.
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
        exact_negative=exact_negative,
    )
    moved = abs(PLACES * step_words - (kernel[0] - 1) * pitch_words)
    offsets = (4 * (PLACES * step_words + row_words), 4 * moved, 4 * pitch_words, PLACES * filters)
    fits = max(offsets) <= _MAX_OFFSET and kernel[0] * row_words * FILTERS <= MAX_TABLE_WORDS
    small = max(output) <= 255 and 4 * stride[0] * pitch_words < 1 << 16
    return shape if fits and small and stride[1] * channels % 2 == 0 else None


def frame_of(layer: Layer) -> FrameConvolution | None:
    """The frame of a layer that the assembly computes exactly; None for every other one."""
    if layer.kernel != "conv_2d" or layer.weighted is None or layer.weighted.shifts is None:
        return None
    window, scaled = layer.members["window"], layer.members["requantization"]
    saturates = (scaled["activation_min"], scaled["activation_max"]) == (-128, 127)
    if not saturates or not all(-_LARGEST_SHIFT <= shift <= 0 for shift in layer.weighted.shifts):
        return None
    rows = layer.weighted.weights.reshape(window["output_channels"], -1).astype(int)
    if (abs(rows).sum(axis=1) * 255 + abs(layer.weighted.bias.astype(int))).max() >= _LARGEST_SUM:
        return None
    sizes = [(window[f"{what}_height"], window[f"{what}_width"]) for what in ("kernel", "stride", "output")]
    exact = scaled["output_offset"] != -128  # below it nothing is left of a negative number
    return frame_shape(sizes[0], sizes[1], window["input_channels"], sizes[2], window["output_channels"], exact)
