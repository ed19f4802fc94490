"""How much a model would lose with a filter: one number a filter, for each group of channels that go together.

A group is made by a convolution that mixes channels and read by the next layer that does; depthwise ones between carry
it on.
"""

from collections.abc import Callable
from typing import Literal

import torch
from torch import nn
from torch.nn import functional

from kws.models.chain import Chain

Importance = Literal["variance", "l1", "l2", "linf", "taylor"]
_ORDERS = {"l1": 1, "l2": 2, "linf": torch.inf}


def importances(model: Chain, kind: Importance, x: torch.Tensor, labels: torch.Tensor | None) -> list[torch.Tensor]:
    """A (C,) float32 tensor for each group, in the order of the computation; the larger, the more important.

    Args:
        kind: variance: of what a filter adds to the sums of the layer that reads it, over clips and over the places
            where that layer is applied, summed over its outputs; what a filter adds as a constant the next bias can
            take over. l1, l2, linf: the norm of the filter's own weights (Li et al. 2017, arXiv:1608.08710, for L1).
            taylor: how much the loss would change, to first order, without what the filter gives: the mean over clips
            of |sum over places of value * gradient| (Molchanov et al. 2017, arXiv:1611.06440).
        x: clips (B, T, F), looked at for variance and taylor.
        labels: of the clips (B,), for taylor's loss.
    """
    if kind in _ORDERS:
        makers = [layer for layer in map(model.get_submodule, model.names) if not layer.depthwise]
        return [torch.linalg.vector_norm(layer.weight.detach().flatten(1), _ORDERS[kind], 1) for layer in makers]
    if kind == "variance":
        with torch.no_grad():
            return [_variance(reader, read, model.filters) for reader, read in _read(model, lambda: model(x))]
    if labels is None:
        raise ValueError("importance by taylor needs the labels of its clips")
    return _taylor(model, x, labels)


def _variance(reader: nn.Module, read: torch.Tensor, filters: int) -> torch.Tensor:
    """(C,). A convolution reads (B, C, H, W); its taps' contributions are taken for uncorrelated."""
    if isinstance(reader, nn.Conv2d):
        return read.var((0, 2, 3)) * reader.weight.square().sum((0, 2, 3))
    values = read.view(len(read), filters, -1)  # (B, C, places)
    columns = reader.weight.view(reader.out_features, filters, -1)  # (K, C, places)
    return torch.einsum("bcp,kcp->bck", values, columns).var(0).sum(1)


def _taylor(model: Chain, x: torch.Tensor, labels: torch.Tensor) -> list[torch.Tensor]:
    with torch.enable_grad():
        found: list[torch.Tensor] = []

        def run() -> None:
            loss = functional.cross_entropy(model(x.detach().requires_grad_()), labels, reduction="sum")
            found.append(loss)

        read = [values for _, values in _read(model, run)]
        gradients = torch.autograd.grad(found[0], read)
    return [
        (values * gradient).detach().view(len(x), model.filters, -1).sum(2).abs().mean(0)
        for values, gradient in zip(read, gradients, strict=True)
    ]


def _read(model: Chain, run: Callable[[], object]) -> list[tuple[nn.Module, torch.Tensor]]:
    """The layer behind each group, which mixes its channels, with what it reads while the model runs."""
    later = [model.get_submodule(name) for name in model.names[1:]]
    seen: list[tuple[nn.Module, torch.Tensor]] = []
    readers = [*(layer for layer in later if not layer.depthwise), model.dense]
    hooks = [
        layer.register_forward_pre_hook(lambda layer, inputs: seen.append((layer, inputs[0]))) for layer in readers
    ]
    try:
        run()
    finally:
        for hook in hooks:
            hook.remove()
    return seen
