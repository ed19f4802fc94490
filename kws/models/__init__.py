"""Architectures: features x (B, T, F) float32 -> logits (B, K) float32.

To add one: a class in a file of its own (tiny_conv.py is the shortest), a line in ARCHITECTURES, its name in
kws/params.py. What kws/models/chain.py can express passes through every stage as it is.
"""

import torch

from kws.models.batch_norm import normalized
from kws.models.chain import Chain
from kws.models.ds_cnn import DsCnn
from kws.models.tiny_conv import TinyConv
from kws.params import Model

ARCHITECTURES: dict[str, type[Chain]] = {architecture.name: architecture for architecture in (TinyConv, DsCnn)}


def filters_of(model: Model) -> int:
    """Filters of the model that params.yaml describes: its own number where none is given."""
    return model.filters or ARCHITECTURES[model.name].default_filters


def create(model: Model, classes: int, seed: int) -> Chain:
    """An untrained model, weights drawn from `seed` alone, with batch normalization to be folded after training."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        new = build({"name": model.name, "filters": filters_of(model), "classes": classes}, model.dropout)
    return normalized(new)


def build(architecture: dict, dropout: float = 0.0) -> Chain:
    """A model of a known shape, weights arbitrary. Raises KeyError or ValueError for a description that is not one."""
    if architecture["name"] not in ARCHITECTURES:
        raise ValueError(f"architecture {architecture['name']!r} is not one of: {', '.join(ARCHITECTURES)}")
    return ARCHITECTURES[architecture["name"]](architecture["filters"], architecture["classes"], dropout)
