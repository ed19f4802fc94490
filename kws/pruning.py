"""Unstructured pruning: which weights become zero; shapes stay. kws/pruning_filters.py takes whole filters out."""

import copy
from typing import Literal

import numpy as np
import torch
from torch import nn
from torch.nn.utils import parametrize

from kws.models import build
from kws.quantized import weighted_layers

Ranking = Literal["lamp", "global", "layer"]


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


def prune_weights(model: nn.Module, amount: float, ranking: Ranking = "lamp") -> None:
    """Set a masked model's masks so that round(amount * weights) of all its weights are zero.

    Args:
        ranking: what goes first. global: the smallest magnitudes of the whole model. layer: the smallest of each layer,
            so that all lose the same share. lamp: the least square's share in the sum of those in its layer that are
            not smaller; the last weight of a layer has share 1, so none is emptied before the others. Plain magnitudes
            empty tiny_conv's convolution first, magnitudes over their layer's mean ds_cnn's dense layer.

    Source: Lee et al. (2021), Layer-adaptive Sparsity for the Magnitude-based Pruning, arXiv:2010.07611, for lamp.
    """
    layers = list(weighted_layers(model).values())
    ranks = torch.cat([_rank(layer, ranking).flatten() for layer in layers])
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
    plain.norms = copy.deepcopy(model.norms)
    return plain.eval()


def nonzero_parameters(model: nn.Module) -> int:
    """Parameters that are not zero, biases included."""
    return int(sum(np.count_nonzero(value.detach().numpy()) for value in model.state_dict().values()))


def _rank(layer: nn.Module, ranking: Ranking) -> torch.Tensor:
    """A weight's score, in the weight's shape."""
    squares = layer.parametrizations.weight.original.detach().square()
    if ranking == "global":
        return squares
    ascending, order = squares.flatten().sort(stable=True)
    if ranking == "layer":
        scores = (torch.arange(len(order), dtype=squares.dtype) + 0.5) / len(order)
    else:
        scores = ascending / ascending.flip(0).cumsum(0).flip(0)
    return torch.empty_like(ascending).scatter_(0, order, scores).view_as(squares)
