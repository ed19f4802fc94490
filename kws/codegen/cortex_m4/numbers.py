"""From a layer of the compiler to what the Cortex-M4's kernels ask of its sizes and numbers."""

from functools import lru_cache

from kws.codegen.cortex_m4.selection import Convolution, Kernel, choose
from kws.codegen.layers import Layer, Network

_LARGEST_SHIFT = 20  # rounding and zero point, shifted as far, stay below 2^28
_LARGEST_SUM = 1 << 29  # doubled, and with what is added, it fits an int32
_KINDS = ("conv_2d", "depthwise_conv_2d")


@lru_cache(maxsize=64)
def kernels_of(network: Network) -> tuple[Kernel | None, ...]:
    """The kernel of each layer; None for what portable C does."""
    chosen: dict[int, Kernel | None] = {}
    for run in chains(network):
        chosen |= zip(run, choose([convolution_of(network.layers[step]) for step in run]), strict=True)
    return tuple(chosen[step] for step in range(len(network.layers)))


def chains(network: Network) -> list[list[int]]:
    """Layers by number, in runs of which each reads what the one before computes and nobody else does."""
    readers: dict[int, list[int]] = {network.output.tensor: [-1]}  # the caller reads the output
    for step, layer in enumerate(network.layers):
        for tensor in layer.tensors_read:
            readers.setdefault(tensor, []).append(step)
    runs: dict[int, list[int]] = {}  # by their last layer
    for step, layer in enumerate(network.layers):
        only = layer.tensors_read[0] if len(layer.tensors_read) == 1 else None
        before = next((end for end in runs if network.layers[end].writes == only and readers[only] == [step]), None)
        runs[step] = [*(runs.pop(before) if before is not None else []), step]
    return list(runs.values())


def convolution_of(layer: Layer) -> Convolution | None:
    """A layer's sizes, and which kernels compute its numbers to the same byte; None for what is no convolution."""
    if layer.kernel not in _KINDS or layer.weighted is None:
        return None
    window = layer.members["window"]
    scaled, padding = layer.members["requantization"], (window["pad_top"], window["pad_left"])
    zero, lowest = scaled["output_offset"], scaled["activation_min"]
    fits = lowest in (-128, zero) and scaled["activation_max"] == 127 and _sums_fit(layer)
    framed = {
        "exact_negative": lowest != zero,  # where ReLU cuts, nothing is left of a negative number
        "pad_top": min(padding[0], window["kernel_height"] - 1),
        "rectified_at": zero if lowest == zero > -128 else None,
    }
    shifts = layer.weighted.shifts or ()
    least = -1 if framed["exact_negative"] else 0  # a negative number that is not shifted is not rounded either
    sizes = {
        what: (window[f"{what}_height"], window[f"{what}_width"]) for what in ("input", "output", "kernel", "stride")
    }
    return Convolution(
        depthwise=layer.kernel == "depthwise_conv_2d",
        padding=padding,
        channels=window["input_channels"],
        filters=window["output_channels"],
        framed=framed if fits and all(-_LARGEST_SHIFT <= shift <= least for shift in shifts) else None,
        rectified=fits and lowest == zero == -128 and all(-_LARGEST_SHIFT <= shift <= -2 for shift in shifts),
        **sizes,
    )


def _sums_fit(layer: Layer) -> bool:
    """Whether every sum of weights times inputs stays small enough to be doubled."""
    channels = layer.members["window"]["output_channels"]
    weights = layer.weighted.weights.astype(int)
    by_filter = weights.reshape(channels, -1).T if layer.kernel == "conv_2d" else weights.reshape(-1, channels)
    return (abs(by_filter).sum(axis=0) * 255 + abs(layer.weighted.bias.astype(int))).max() < _LARGEST_SUM
