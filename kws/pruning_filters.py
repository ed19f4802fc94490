"""Structured pruning: whole filters go, with their biases and all that reads them, and a smaller dense model is left.

A filter is a channel all the way: the convolution that makes it, the depthwise ones that carry it on, the columns of
the next layer that mixes channels. The channels between two mixing layers are a group, and from each group of a model
the same number goes.
"""

import torch

from kws.importance import Importance, importances
from kws.models import build
from kws.models.chain import Chain


def filters_left(filters: int, amount: float) -> int:
    """How many are left when round(amount * filters) are removed: at least one."""
    return max(filters - round(amount * filters), 1)


def filters_to_keep(
    model: Chain,
    amount: float,
    x: torch.Tensor,
    labels: torch.Tensor | None = None,
    importance: Importance = "variance",
) -> list[list[int]]:
    """For each group of channels the filters to keep, in their order: the most important ones; see kws.importance."""
    left = filters_left(model.filters, amount)
    ranks = [torch.argsort(one, descending=True, stable=True) for one in importances(model, importance, x, labels)]
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
