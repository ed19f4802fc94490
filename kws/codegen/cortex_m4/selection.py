"""Which layers the Cortex-M4's own kernels take: those that they compute to the same byte."""

from kws.codegen.cortex_m4.frames import FrameConvolution, frame_shape
from kws.codegen.layers import Layer

_LARGEST_SHIFT = 20  # rounding and zero point, shifted as far, stay below 2^28
_LARGEST_SUM = 1 << 29  # doubled, and with what is added, it fits an int32


def frame_of(layer: Layer) -> FrameConvolution | None:
    """The frame of a layer that the assembly computes exactly; None for every other one."""
    if layer.kernel != "conv_2d" or layer.weighted is None or layer.weighted.shifts is None:
        return None
    window, scaled = layer.members["window"], layer.members["requantization"]
    zero, lowest = scaled["output_offset"], scaled["activation_min"]
    if (
        lowest not in (-128, zero)
        or scaled["activation_max"] != 127
        or not all(-_LARGEST_SHIFT <= shift <= 0 for shift in layer.weighted.shifts)
    ):
        return None
    rows = layer.weighted.weights.reshape(window["output_channels"], -1).astype(int)
    if (abs(rows).sum(axis=1) * 255 + abs(layer.weighted.bias.astype(int))).max() >= _LARGEST_SUM:
        return None
    sizes = [(window[f"{what}_height"], window[f"{what}_width"]) for what in ("kernel", "stride", "output")]
    return frame_shape(
        *sizes[:2],
        window["input_channels"],
        sizes[2],
        window["output_channels"],
        exact_negative=lowest != zero,  # where ReLU cuts, nothing is left of a negative number
        pad_top=min(window["pad_top"], window["kernel_height"] - 1),
        rectified_at=zero if lowest == zero > -128 else None,
    )
