"""The compiler's front door: .tflite files in, C files out, with what each model costs.

    generate([("deployed", Path("model.tflite").read_bytes())], Path("build/generated"))

writes models.c, models.S and one model_<name>.c each; the firmware's build compiles them with firmware/src. Same
models, same bytes, wherever the folder is.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from kws.codegen.buffers import Placement, place
from kws.codegen.cortex_m4.names import kernel_name, made_of
from kws.codegen.cortex_m4.numbers import kernels_of
from kws.codegen.cortex_m4.selection import Kernel
from kws.codegen.emission import MARK, assembly_text, model_text, models_text
from kws.codegen.layers import Layer, Network
from kws.codegen.lowering import lower
from kws.errors import ModelError
from kws.files import sha256, write_text
from kws.tflite.reader import read_graph

RESERVED_NAMES = ("count", "t")  # kws_model_count and kws_model_t of model.h are no models
_NAME = re.compile(r"[a-z][a-z0-9_]{0,47}")


@dataclass(frozen=True)
class LayerCost:
    """What one layer costs: multiplications by a weight, and flash for its weights."""

    title: str
    kernel: str  # the function that does it on a Cortex-M4
    made_of: str  # assembly, DSP or portable C, see kws.codegen.cortex_m4.names
    macs: int
    weights: int
    bits: int  # width at which the weights are stored; 0 for a layer without weights
    form: str  # plain, packed or sparse, see kws.codegen.storage.Storage; empty for a layer without weights
    weight_bytes: int
    constant_bytes: int  # in flash: weights as stored, biases, scales, tables
    output_bytes: int


@dataclass(frozen=True)
class Generated:
    """What was generated for one model."""

    name: str
    tflite_sha256: str
    weight_bytes: int  # weights as stored, packed; biases, scales and code apart
    arena_bytes: int  # activations between layers; features and logits are the caller's
    unpacked_bytes: int  # RAM for weights that are not stored a byte each
    macs: int
    layers: tuple[LayerCost, ...]


def generate(models: Sequence[tuple[str, bytes]], out_dir: Path) -> list[Generated]:
    """Write models.c, models.S and a model_<name>.c for each (name, .tflite bytes); nothing if any is refused.

    C files that an earlier call left in out_dir for models no longer given are removed; other files stay.

    Raises:
        ModelError: no models, a name that is not a C identifier in lower case or comes twice, or a .tflite that
            cannot be read or compiled; the message begins with the model's name.
    """
    _check_names([name for name, _ in models])
    out_dir = Path(out_dir)
    compiled = [_compile(name, tflite) for name, tflite in models]
    texts = {f"model_{one.generated.name}.c": one.text for one in compiled}
    texts["models.c"] = models_text([one.generated.name for one in compiled], [one.placement for one in compiled])
    texts["models.S"] = assembly_text([one.network for one in compiled])
    for file_name, text in texts.items():
        write_text(out_dir / file_name, text)
    _remove_stale(out_dir, set(texts))
    return [one.generated for one in compiled]


def _check_names(names: list[str]) -> None:
    """Names become parts of C identifiers and of file names."""
    if not names:
        raise ModelError("there is no model to compile: give at least one name and .tflite.")
    for name in names:
        if not _NAME.fullmatch(name):
            raise ModelError(
                f"the model name {name!r} does not fit a C identifier: begin with a letter, go on with a-z, 0-9 and _, "
                "at most 48 in all."
            )
        if name in RESERVED_NAMES:
            raise ModelError(f"the model name {name!r} would clash with kws_model_{name} of model.h: give another.")
        if names.count(name) > 1:
            raise ModelError(f"the model name {name!r} is given {names.count(name)} times: give each its own.")


class _Compiled(NamedTuple):
    """One model: its costs, its layers, its place in the shared buffers, its C."""

    generated: Generated
    network: Network
    placement: Placement
    text: str


def _compile(name: str, tflite: bytes) -> _Compiled:
    try:
        network = lower(read_graph(tflite))
    except ModelError as error:
        raise ModelError(f"model '{name}': {error}") from error
    placement = place(network)
    digest = sha256(tflite)
    text = model_text(name, digest, network, placement)
    return _Compiled(_generated(name, digest, network, placement), network, placement, text)


def _generated(name: str, digest: str, network: Network, placement: Placement) -> Generated:
    costs = tuple(_cost(*each) for each in zip(network.layers, kernels_of(network), strict=True))
    weight_bytes = sum(cost.weight_bytes for cost in costs)
    macs = sum(cost.macs for cost in costs)
    return Generated(name, digest, weight_bytes, placement.arena_bytes, placement.unpacked_bytes, macs, costs)


def _cost(layer: Layer, kernel: Kernel | None) -> LayerCost:
    names = kernel_name(layer, kernel), made_of(layer, kernel)
    weighted = layer.weighted
    tables = sum(values.nbytes for values in layer.tables.values())
    if weighted is None:
        return LayerCost(layer.title, *names, layer.macs, 0, 0, "", 0, tables, layer.output_bytes)
    stored = weighted.storage
    constants = tables + stored.size_bytes + weighted.scaling_bytes
    return LayerCost(
        title=layer.title,
        kernel=names[0],
        made_of=names[1],
        macs=layer.macs,
        weights=weighted.weights.size,
        bits=stored.bits,
        form=stored.form,
        weight_bytes=stored.size_bytes,
        constant_bytes=constants,
        output_bytes=layer.output_bytes,
    )


def _remove_stale(out_dir: Path, written: set[str]) -> None:
    """A build compiles every model_*.c it finds: leave none of an earlier list, and touch no file but our own."""
    for path in sorted(out_dir.glob("model_*.c")):
        if path.name not in written and MARK in path.read_text(encoding="utf-8", errors="replace")[:200]:
            path.unlink()
