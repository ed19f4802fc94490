"""Pruning: which weights or filters go, and models without them.

Unstructured pruning puts zeros into weights of unchanged shape; structured pruning takes whole filters out, with their
biases and the next layer's columns, so that the model that is left is a smaller dense one.
"""

import copy

import numpy as np
import torch
from torch import nn
from torch.nn.utils import parametrize

from kws.models import TinyConv, build, positions
from kws.quantized import weighted_layers

_CONVOLUTION_WEIGHT = (
    3.0  # a convolution's weights are shared by many positions: they count for more than a dense one's
)


class Mask(nn.Module):
    """Parametrization of a weight: zeros where the mask is zero; the dense master copy stays beside it."""

    def __init__(self, weight: torch.Tensor):
        super().__init__()
        self.register_buffer("mask", torch.ones_like(weight))

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        return weight * self.mask


def masked(model: nn.Module) -> nn.Module:
    """A copy whose weights can be masked."""
    model = copy.deepcopy(model)
    for layer in weighted_layers(model).values():
        parametrize.register_parametrization(layer, "weight", Mask(layer.weight.detach()))
    return model


def prune_weights(model: nn.Module, amount: float) -> None:
    """Set a masked model's masks so that round(amount * weights) of all its weights are zero.

    Weights are ranked over the whole model by magnitude over their layer's root mean square, a convolution's three
    times as high; ranking plain magnitudes empties the convolution first.
    """
    layers = list(weighted_layers(model).values())
    ranks = torch.cat([_rank(layer).flatten() for layer in layers])
    keep = torch.ones_like(ranks)
    keep[torch.argsort(ranks, stable=True)[: round(amount * len(ranks))]] = 0
    for layer, part in zip(layers, keep.split([layer.weight.numel() for layer in layers]), strict=True):
        layer.parametrizations.weight[0].mask.copy_(part.view_as(layer.weight))


def gradual_amount(amount: float, share: float) -> float:
    """Amount after this share of the training: cubic, all of it removed half-way.

    Source: Zhu and Gupta (2017), To prune, or not to prune, arXiv:1710.01878.
    """
    return amount * (1 - (1 - min(share / 0.5, 1.0)) ** 3)


def without_masks(model: nn.Module) -> nn.Module:
    """A model of its own with the masked weights as plain ones.

    Built anew: torch takes a parametrization off a layer's class, which a copy shares with its original.
    """
    plain = build(model.architecture(), model.dropout.p)
    with torch.no_grad():
        for name, layer in weighted_layers(model).items():
            plain.get_submodule(name).weight.copy_(layer.weight)
            plain.get_submodule(name).bias.copy_(layer.bias)
    return plain.eval()


def filters_to_keep(model: TinyConv, amount: float, x: torch.Tensor) -> list[int]:
    """Filters left when round(amount * filters) are removed, at least one, in their order.

    A filter's importance is the variance, over clips x (B, T, F), of what it adds to the logits, summed over classes.
    """
    filters = model.conv.out_channels
    with torch.no_grad():
        hidden = torch.relu(model.conv(x[:, None])).flatten(2)  # (B, C, positions)
        columns = model.dense.weight.view(-1, filters, positions())  # (K, C, positions)
        importance = torch.einsum("bcp,kcp->bck", hidden, columns).var(0).sum(1)
    left = max(filters - round(amount * filters), 1)
    return sorted(torch.argsort(importance, descending=True, stable=True)[:left].tolist())


def without_filters(model: TinyConv, keep: list[int], dropout: float) -> TinyConv:
    """The model with only these filters: weights, biases, and the dense layer's columns that read them."""
    smaller = TinyConv(len(keep), model.dense.out_features, dropout)
    with torch.no_grad():
        smaller.conv.weight.copy_(model.conv.weight[keep])
        smaller.conv.bias.copy_(model.conv.bias[keep])
        columns = model.dense.weight.view(-1, model.conv.out_channels, positions())[:, keep]
        smaller.dense.weight.copy_(columns.flatten(1))
        smaller.dense.bias.copy_(model.dense.bias)
    return smaller.eval()


def nonzero_parameters(model: nn.Module) -> int:
    """Parameters that are not zero, biases included."""
    return int(sum(np.count_nonzero(value.detach().numpy()) for value in model.state_dict().values()))


def _rank(layer: nn.Module) -> torch.Tensor:
    weight = layer.parametrizations.weight.original.detach().abs()
    scale = _CONVOLUTION_WEIGHT if isinstance(layer, nn.Conv2d) else 1.0
    return weight * scale / weight.square().mean().sqrt()
