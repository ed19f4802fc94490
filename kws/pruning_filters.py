"""Structured pruning: whole filters go, with their biases and all that reads them, and a smaller dense model is left.

A filter is a channel all the way: the convolution that makes it, the depthwise ones that carry it on, the columns of
the next layer that mixes channels. The channels between two mixing layers are a group, and from each group of a model
the same number goes.
"""

import torch
from torch import nn

from kws.models import build
from kws.models.chain import Chain


def filters_left(filters: int, amount: float) -> int:
    """How many are left when round(amount * filters) are removed: at least one."""
    return max(filters - round(amount * filters), 1)


def filters_to_keep(model: Chain, amount: float, x: torch.Tensor) -> list[list[int]]:
    """For each group of channels the filters to keep, in their order.

    A filter's importance is the variance of what it adds to the sums of the next layer that mixes channels, over clips
    x (B, T, F) and over the places where that layer is applied, summed over the layer's outputs. Of one that adds a
    constant the next bias can take over.
    """
    left = filters_left(model.filters, amount)
    importances = [_importance(reader, read, model.filters) for reader, read in _readers(model, x)]
    ranks = [torch.argsort(importance, descending=True, stable=True) for importance in importances]
    return [sorted(rank[:left].tolist()) for rank in ranks]


def without_filters(model: Chain, keep: list[list[int]], dropout: float) -> Chain:
    """The model with only these filters of each group: weights, biases, and the columns that read them."""
    smaller = build({**model.architecture(), "filters": len(keep[0])}, dropout)
    groups, channels = iter(keep), [0]  # the features are one channel
    with torch.no_grad():
        for name in model.names:
            convolution = model.get_submodule(name)
            if convolution.depthwise:
                weight = convolution.weight[channels]
            else:
                columns, channels = channels, next(groups)
                weight = convolution.weight[channels][:, columns]
            smaller.get_submodule(name).weight.copy_(weight)
            smaller.get_submodule(name).bias.copy_(convolution.bias[channels])
        by_filter = model.dense.weight.view(model.dense.out_features, model.filters, -1)
        smaller.dense.weight.copy_(by_filter[:, channels].flatten(1))
        smaller.dense.bias.copy_(model.dense.bias)
    return smaller.eval()


def _readers(model: Chain, x: torch.Tensor) -> list[tuple[nn.Module, torch.Tensor]]:
    """The layer behind each group, which mixes its channels, with what it reads for x."""
    later = [model.get_submodule(name) for name in model.names[1:]]
    seen: list[tuple[nn.Module, torch.Tensor]] = []
    readers = [*(layer for layer in later if not layer.depthwise), model.dense]
    hooks = [
        layer.register_forward_pre_hook(lambda layer, inputs: seen.append((layer, inputs[0]))) for layer in readers
    ]
    try:
        with torch.no_grad():
            model(x)
    finally:
        for hook in hooks:
            hook.remove()
    return seen


@torch.no_grad()
def _importance(reader: nn.Module, read: torch.Tensor, filters: int) -> torch.Tensor:
    """(C,) float32. A convolution reads (B, C, H, W); its taps' contributions are taken for uncorrelated."""
    if isinstance(reader, nn.Conv2d):
        return read.var((0, 2, 3)) * reader.weight.square().sum((0, 2, 3))
    values = read.view(len(read), filters, -1)  # (B, C, places)
    columns = reader.weight.view(reader.out_features, filters, -1)  # (K, C, places)
    return torch.einsum("bcp,kcp->bck", values, columns).var(0).sum(1)
