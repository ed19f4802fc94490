"""What every architecture here is: a chain of convolutions, each with ReLU, and one dense layer on top.

Training, quantization, pruning and export walk the chain by its names and know no architecture. Layers keep torch's own
layout (NCHW) until kws/tflite/export.py writes them in TensorFlow's.
"""

import math
from typing import ClassVar

import torch
from torch import nn

from kws.dropout import Dropout
from kws.features import BANDS, FRAMES
from kws.models.layers import SameConv2d


class Chain(nn.Module):
    """features -> (convolution, batch normalization while training, ReLU) ... -> mean over the grid -> dense -> logits.

    Activations pass through modules in `activations`, one after each convolution and named as it is, `pool` after the
    mean, `logits` at the end: identities until kws/quantized.py puts quantizers there. `norms` is empty but while a
    float model is trained (kws/models/batch_norm.py).

    Args:
        convolutions: by name, in order; each is a submodule of that name.
        classes: K.
        dropout: probability, before the dense layer.
    """

    name: ClassVar[str]  # in params.yaml
    default_filters: ClassVar[int]
    pooled: ClassVar[bool]  # whether the dense layer reads the mean over the grid, or every place of it
    side_by_side: ClassVar[int]  # models in a batch of models: more where one leaves a core idle between operations

    def __init__(self, convolutions: dict[str, SameConv2d], classes: int, dropout: float):
        super().__init__()
        self.names = tuple(convolutions)
        for name, convolution in convolutions.items():
            self.add_module(name, convolution)
        self.filters = convolutions[self.names[-1]].out_channels
        places = 1 if self.pooled else math.prod(grid(convolutions))
        if self.pooled:
            self.pool = nn.AdaptiveAvgPool2d(1)
        self.dropout = Dropout(dropout)
        self.dense = nn.Linear(self.filters * places, classes)
        names = (*self.names, *(("pool",) if self.pooled else ()), "logits")
        self.activations = nn.ModuleDict({name: nn.Identity() for name in names})
        self.norms = nn.ModuleDict()

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # (B, T, F) -> (B, K)
        x = x[:, None]  # (B, 1, T, F)
        for name, activation in self.activations.items():
            x = activation(self.computed(name, x))
        return x

    def computed(self, name: str, x: torch.Tensor) -> torch.Tensor:
        """What the activation `name` is given when its layer reads x: (B, C, H, W), or (B, K) for the logits."""
        if name == "pool":
            return self.pool(x)
        layer = self.layer(name)
        if name == "logits":
            return layer(self.dropout(x.flatten(1)))
        x = layer(x)
        return torch.relu(self.norms[name](x) if name in self.norms else x)

    def layer(self, name: str) -> nn.Module | None:
        """The layer with weights before the activation `name`; None before the mean."""
        return self.dense if name == "logits" else self.get_submodule(name) if name in self.names else None

    def architecture(self) -> dict:
        """What kws.models.build needs to make an untrained model of this shape."""
        return {"name": self.name, "filters": self.filters, "classes": self.dense.out_features}


def grid(convolutions: dict[str, SameConv2d]) -> tuple[int, int]:
    """Rows and columns that are left of (T, F) after these convolutions."""
    rows, columns = FRAMES, BANDS
    for convolution in convolutions.values():
        rows, columns = math.ceil(rows / convolution.stride[0]), math.ceil(columns / convolution.stride[1])
    return rows, columns
