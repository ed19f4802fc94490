"""The estimate as tables: a row a layer for plots/estimate.csv, and the whole at every width for metrics/train.json.

Beside our FLOPs stands another custom, `flops_bias_once_a_channel`: that of a course project on this very model, which
counts a convolution's bias once a channel, no ReLU, and three FLOPs a class for the softmax at the end. Its figures for
tiny_conv with 8 filters and 4 classes are 640,008 and 32,004, in all 672,024 with the softmax's 12. We add the bias
and the ReLU once an output, since they are computed so often; our softmax is a table on the board, with no FLOP.
"""

from torch import nn

from kws.estimate import FULL_BITS, Layer, footprint, layers, live_bytes, weight_bytes
from kws.tables import Row

COLUMNS = (
    "layer",
    "kernel",
    "output",
    "parameters",
    "macs",
    "flops",
    "flops_bias_once_a_channel",
    "weight_bytes",
    "activation_bytes",
    "live_bytes",
)
WIDTHS = range(2, FULL_BITS + 1)
_SOFTMAX_FLOPS = 3  # a class: exponential, sum, division


def layer_rows(model: nn.Module) -> list[Row]:
    """A row a layer, and one for the softmax: `weight_bytes` with weights of 8 bits; activations take a byte each.

    `live_bytes` are the activations between layers that live while the layer runs; the largest is the arena.
    """
    found = layers(model)
    rows = [_row(layer, live) for layer, live in zip(found, live_bytes(found), strict=True)]
    classes = found[-1].outputs
    softmax = Layer("softmax", "softmax", (classes,), weights=0, channels=0, macs=0, flops=0)
    return [*rows, _row(softmax, 0) | {"flops_bias_once_a_channel": _SOFTMAX_FLOPS * classes}]


def width_figures(model: nn.Module, front_end: str) -> dict[str, dict[str, int]]:
    """Weights, flash and RAM of the image at each width, for a front_end.kind: {"w8": {"weight_bytes": ..}, ..}."""
    found = layers(model)
    return {
        f"w{bits}": {
            "weight_bytes": sum(weight_bytes(layer, bits) for layer in found),
            "flash_bytes": (whole := footprint(model, bits, front_end)).flash_bytes,
            "ram_bytes": whole.ram_bytes,
        }
        for bits in WIDTHS
    }


def _row(layer: Layer, live: int) -> Row:
    height_width_channels = [*layer.shape[1:], layer.shape[0]]
    return {
        "layer": layer.name,
        "kernel": layer.kernel,
        "output": " x ".join(map(str, height_width_channels)),
        "parameters": layer.parameters,
        "macs": layer.macs,
        "flops": layer.flops,
        "flops_bias_once_a_channel": 2 * layer.macs + layer.channels if layer.weights else layer.flops,
        "weight_bytes": weight_bytes(layer, FULL_BITS),
        "activation_bytes": layer.outputs,
        "live_bytes": live,
    }
