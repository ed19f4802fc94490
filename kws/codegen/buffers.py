"""Where activations and unpacked weights of one model lie in the two buffers that all models of an image share.

The layers form a chain, so only a layer's input and output live at once: outputs take turns at the two ends of the
arena, and the scratch that a kernel of kws/codegen/cortex_m4 works on lies between its input and its output. The
features and the logits stay in the caller's buffers. The arena holds the largest pair of neighbours with their scratch.
"""

from dataclasses import dataclass
from itertools import pairwise

from kws.codegen.cortex_m4.numbers import kernels_of
from kws.codegen.layers import Layer, Network

ALIGNMENT_BYTES = 4  # so that a faster kernel may read words


@dataclass(frozen=True)
class Placement:
    """Byte offsets of one model; sizes are the model's own, the image's buffers are as large as the largest."""

    outputs: tuple[int, ...]  # offset in the arena of each layer's output but the last's
    scratch: tuple[int | None, ...]  # offset in the arena of each layer's scratch; None: it has none
    arena_bytes: int
    unpacked: tuple[int | None, ...]  # offset in the unpack buffer of each layer's weights; None: read from flash
    unpacked_bytes: int


def place(network: Network) -> Placement:
    """Offsets for every layer of a model."""
    kernels = kernels_of(network)
    wanted = zip(network.layers[:-1], kernels, strict=False)
    sizes = [_aligned(max(layer.output_bytes, kernel.output_bytes if kernel else 0)) for layer, kernel in wanted]
    scratch = [kernel.scratch_bytes if kernel else 0 for kernel in kernels]
    ends = list(pairwise([0, *sizes, 0]))  # input and output of each layer
    arena_bytes = max(sum(pair) + between for pair, between in zip(ends, scratch, strict=True))
    outputs = tuple(arena_bytes - size if index % 2 else 0 for index, size in enumerate(sizes))
    low = (pair[1 - index % 2] for index, pair in enumerate(ends))  # what lies at the arena's beginning
    placed = tuple(below if between else None for below, between in zip(low, scratch, strict=True))
    unpacked, unpacked_bytes = _place_weights(network.layers)
    return Placement(outputs, placed, arena_bytes, unpacked, unpacked_bytes)


def _place_weights(layers: tuple[Layer, ...]) -> tuple[tuple[int | None, ...], int]:
    """One after the other: all of a model's weights are live while it runs."""
    offsets: list[int | None] = []
    end = 0
    for layer in layers:
        if layer.weighted is None or layer.weighted.storage.form == "plain":
            offsets.append(None)
            continue
        offsets.append(end)
        end += _aligned(layer.weighted.weights.size)
    return tuple(offsets), end


def _aligned(size_bytes: int) -> int:
    return -(-size_bytes // ALIGNMENT_BYTES) * ALIGNMENT_BYTES
