"""Architectures: features x (B, T, F) float32 -> logits (B, K) float32.

A model's activations pass through modules in `activations`, identities until kws/quantized.py puts quantizers there.
Layers keep torch's own layout (NCHW) until kws/tflite/export.py writes them in TensorFlow's.
"""

import math

import torch
from torch import nn
from torch.nn import functional

from kws.dropout import Dropout
from kws.features import BANDS, FRAMES
from kws.params import Model

KERNEL = (10, 8)  # frames, bands
STRIDE = 2


class SameConv2d(nn.Conv2d):
    """A convolution with TensorFlow's SAME padding, which is not symmetric: the odd row or column goes to the end."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # (B, C, H, W) -> (B, C', ceil(H / stride), ceil(W / stride))
        pads = [same_padding(*sizes) for sizes in zip(x.shape[2:], self.kernel_size, self.stride, strict=True)]
        return super().forward(functional.pad(x, (*pads[1], *pads[0])))


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """Zeros before and after, as TensorFlow's SAME defines them."""
    total = max((math.ceil(size / stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


class TinyConv(nn.Module):
    """One convolution and one dense layer: 16,652 parameters with 8 filters and 4 classes.

    Source: TensorFlow's speech_commands example, `tiny_conv`.
    """

    def __init__(self, filters: int, classes: int, dropout: float):
        super().__init__()
        self.conv = SameConv2d(1, filters, KERNEL, STRIDE)
        self.dropout = Dropout(dropout)
        self.dense = nn.Linear(filters * positions(), classes)
        self.activations = nn.ModuleDict({"hidden": nn.Identity(), "logits": nn.Identity()})

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        hidden = self.activations["hidden"](torch.relu(self.conv(x[:, None])))  # (B, C, 25, 20)
        return self.activations["logits"](self.dense(self.dropout(hidden.flatten(1))))

    def architecture(self) -> dict:
        """What `build` needs to make an untrained model of this shape."""
        return {"name": "tiny_conv", "filters": self.conv.out_channels, "classes": self.dense.out_features}


def positions() -> int:
    """Places at which tiny_conv's filters are applied."""
    return math.ceil(FRAMES / STRIDE) * math.ceil(BANDS / STRIDE)


def create(model: Model, classes: int, seed: int) -> nn.Module:
    """An untrained model, weights drawn from `seed` alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build({"name": model.name, "filters": model.filters, "classes": classes}, model.dropout)


def build(architecture: dict, dropout: float = 0.0) -> nn.Module:
    """A model of a known shape, weights arbitrary. Raises KeyError or ValueError for a description that is not one."""
    if architecture["name"] != "tiny_conv":
        raise ValueError(f"architecture {architecture['name']!r} is not one of: tiny_conv")
    return TinyConv(architecture["filters"], architecture["classes"], dropout)
