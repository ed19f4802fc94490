"""A model that cannot fit the board is refused before it is trained: checked parameters in, an error or nothing out.

Two images are estimated, as the stage flash will build them: the one that carries the deployed model alone, and the
one for the benchmark, which carries the pruned models too. Their limits are those of kws/board/memory.py.
"""

from collections.abc import Sequence

import torch

from kws.board.memory import FLASH_BYTES_MAX, RAM_BYTES_MAX, misfit
from kws.codegen.storage import Storage
from kws.errors import ParamsError
from kws.estimate import (
    FULL_BITS,
    Footprint,
    Layer,
    cost,
    footprint,
    image_footprint,
    layers,
    nominal_storages,
    weight_bytes,
)
from kws.features import BANDS, FRAMES
from kws.labels import class_names
from kws.models import create, filters_of
from kws.models.batch_norm import folded
from kws.params import Params
from kws.pruning_filters import filters_to_keep, without_filters


def refuse_misfit(params: Params) -> None:
    """Nothing where both images fit the board, as estimated.

    Raises:
        ParamsError: with the bytes that an image needs, those that the board has, and what to change.
    """
    _refuse(
        footprint(_untrained(params), params.bits, params.front_end.kind),
        f"`model.name` {params.model.name} with `model.filters` {filters_of(params.model)}, {len(params.data.words)} "
        f"`data.words` and weights of {params.bits} `bits` does not fit the board",
        "Choose fewer filters or words, or another model.name" + _better_width(params) + ".",
    )
    amounts = sorted(set(params.prune_sweep.structured_amounts))
    _refuse(
        benchmark_footprint(params),
        f"The model fits the board alone, but the benchmark image, which carries {2 * len(amounts)} pruned models "
        "beside it (each of `prune_sweep.structured_amounts`, fine-tuned and not) and "
        f"{len(sparse_amounts(params))} sparse ones (`prune_sweep.unstructured_amounts` from `convert.sparse_from`), "
        "does not",
        "Choose fewer or larger prune_sweep.structured_amounts, a larger convert.sparse_from, or fewer model.filters.",
    )


def estimate_text(params: Params) -> str:
    """What the model of params.yaml will take, before anything is trained: a few lines for a terminal."""
    model = _untrained(params)
    counts, needed = cost(model), footprint(model, params.bits, params.front_end.kind)
    lines = [
        f"{params.model.name}, {len(params.data.words)} words, {params.bits}-bit weights, estimated:",
        f"  {counts.parameters:,} parameters, {counts.macs:,} MACs, {counts.flops:,} FLOPs",
    ]
    for name, used, there in (
        ("flash", needed.flash_bytes, FLASH_BYTES_MAX),
        ("RAM", needed.ram_bytes, RAM_BYTES_MAX),
    ):
        lines.append(f"  {name}: {used:,} of {there:,} bytes, {there - used:,} left")
    return "\n".join(lines)


def sparse_amounts(params: Params) -> list[float]:
    """Amounts of unstructured pruning whose fine-tuned models go to the board."""
    return sorted(amount for amount in set(params.prune_sweep.unstructured_amounts) if amount >= least_sparse(params))


def least_sparse(params: Params) -> float:
    """The amount from which on sparse models go to the board: a model without zeros is not one."""
    return max(params.convert.sparse_from, 1e-9)


def benchmark_footprint(params: Params) -> Footprint:
    """Of the image with the deployed model and every pruned one that goes to the board, as the stages will make them.

    A sparse model's size is only known when its zeros are: here it takes its weights that are not and a bit a place.
    """
    model = _untrained(params)
    whole = layers(model)
    nothing = torch.zeros(2, FRAMES, BANDS)  # which filters go does not change the size
    pruned = [
        layers(without_filters(model, filters_to_keep(model, amount, nothing), 0.0))
        for amount in set(params.prune_sweep.structured_amounts)
    ]
    images = [(whole, nominal_storages(whole, params.bits))]
    images += [(small, nominal_storages(small, FULL_BITS)) for small in pruned * 2]
    images += [(whole, _with_a_bitmap(whole, amount)) for amount in sparse_amounts(params)]
    return image_footprint(images, params.front_end.kind)


def _with_a_bitmap(found: Sequence[Layer], amount: float) -> list[Storage]:
    weights = [weight_bytes(layer, FULL_BITS) for layer in found if layer.weights]
    return [Storage("sparse", FULL_BITS, round(count * (1 - amount) + count / 8)) for count in weights]


def _untrained(params: Params) -> torch.nn.Module:
    return folded(create(params.model, len(class_names(params.data.words)), seed=0))


def _better_width(params: Params) -> str:
    """Fewer bits save flash and cost RAM: named where that alone would do."""
    model = _untrained(params)
    widths = [bits for bits in range(2, FULL_BITS + 1) if not _needs(footprint(model, bits, params.front_end.kind))]
    return f", or bits: {widths[-1]}" if widths else ""


def _refuse(needed: Footprint, what: str, advice: str) -> None:
    if needs := _needs(needed):
        raise ParamsError(f"{what}: it {needs}, as estimated. {advice}")


def _needs(needed: Footprint) -> str | None:
    return misfit(needed.flash_bytes, needed.ram_bytes)
