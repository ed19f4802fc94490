"""Where activations and unpacked weights of one model lie in the two buffers that all models of an image share.

A tensor lives from the layer that computes it to the last that reads it; the scratch that a kernel of
kws/codegen/cortex_m4 works on, during its layer. What a layer may compute in place lies where its dying input lay.
Features and logits stay in the caller's buffers. kws/codegen/plan.py packs the rest.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from kws.codegen.cortex_m4.numbers import kernels_of
from kws.codegen.layers import Layer, Network
from kws.codegen.plan import Block, aligned, plan

INPUT, LOGITS = "input", "logits"  # the caller's buffers

Place = int | str  # an offset in the arena, or INPUT or LOGITS


@dataclass(frozen=True)
class Placement:
    """Byte offsets of one model; sizes are the model's own, the image's buffers are as large as the largest."""

    tensors: Mapping[int, Place]  # where each tensor of the .tflite lies that lives while the model runs
    scratch: tuple[int | None, ...]  # offset in the arena of each layer's scratch; None: it has none
    arena_bytes: int
    unpacked: tuple[int | None, ...]  # offset in the unpack buffer of each layer's weights; None: read from flash
    unpacked_bytes: int


def place(network: Network) -> Placement:
    """Offsets for every layer of a model."""
    kernels = kernels_of(network)
    rooms = _rooms(network)
    sizes = {
        layer.writes: max(layer.output_bytes, kernel.output_bytes if kernel else 0)
        for layer, kernel in zip(network.layers, kernels, strict=True)
    }
    kept = [room for room in rooms if not {network.input.tensor, network.output.tensor} & set(room)]
    lives = lifetimes(network)
    blocks = [_block([(sizes[tensor], *lives[tensor]) for tensor in room]) for room in kept]
    scratch = {step: kernel.scratch_bytes for step, kernel in enumerate(kernels) if kernel and kernel.scratch_bytes}
    found = plan([*blocks, *(Block(size, step, step, scratch=True) for step, size in scratch.items())])
    tensors: dict[int, Place] = {tensor: LOGITS for room in rooms if network.output.tensor in room for tensor in room}
    tensors[network.input.tensor] = INPUT
    tensors |= {tensor: at for room, at in zip(kept, found.offsets, strict=False) for tensor in room}
    places = dict(zip(scratch, found.offsets[len(kept) :], strict=True))
    unpacked, unpacked_bytes = _place_weights(network.layers)
    return Placement(
        tensors=tensors,
        scratch=tuple(places.get(step) for step in range(len(network.layers))),
        arena_bytes=found.arena_bytes,
        unpacked=unpacked,
        unpacked_bytes=unpacked_bytes,
    )


def lifetimes(network: Network) -> dict[int, tuple[int, int]]:
    """For each tensor the steps in which it is first written and last read; ends of the model live to its end."""
    last_step = len(network.layers) - 1
    lives = {network.input.tensor: (0, last_step)}
    for step, layer in enumerate(network.layers):
        lives[layer.writes] = (step, step)
        for tensor in layer.tensors_read:
            lives[tensor] = (lives[tensor][0], max(step, lives[tensor][1]))
    lives[network.output.tensor] = (lives[network.output.tensor][0], last_step)
    return lives


def _rooms(network: Network) -> list[list[int]]:
    """Tensors that lie in the same place, each computed in place from the one before; in order of the first."""
    lives, kernels = lifetimes(network), kernels_of(network)
    pairs = zip(network.layers, kernels, strict=True)
    widened = {layer.writes for layer, kernel in pairs if kernel and kernel.output_bytes != layer.output_bytes}
    fixed = widened | {network.input.tensor}  # not int8, or not to be written
    rooms: list[list[int]] = [[network.input.tensor]]
    for step, layer in enumerate(network.layers):
        dying = (t for t in layer.in_place if lives[t][1] == step and t not in fixed and t != network.output.tensor)
        source = next(dying, None)
        room = next((room for room in rooms if source is not None and room[-1] == source), None)
        if room is None:
            rooms.append([layer.writes])
        else:
            room.append(layer.writes)
    return rooms


def _block(tensors: list[tuple[int, int, int]]) -> Block:
    """One place for tensors of (bytes, first step, last step)."""
    sizes, firsts, lasts = zip(*tensors, strict=True)
    return Block(aligned(max(sizes)), min(firsts), max(lasts))


def _place_weights(layers: tuple[Layer, ...]) -> tuple[tuple[int | None, ...], int]:
    """One after the other: all of a model's weights are live while it runs."""
    offsets: list[int | None] = []
    end = 0
    for layer in layers:
        if layer.weighted is None or layer.weighted.storage.form == "plain":
            offsets.append(None)
            continue
        offsets.append(end)
        end += aligned(layer.weighted.weights.size)
    return tuple(offsets), end
