"""The layer that TensorFlow computes in another way than torch: a convolution with SAME padding."""

import math

import torch
from torch import nn
from torch.nn import functional


class SameConv2d(nn.Conv2d):
    """A convolution with TensorFlow's SAME padding, which is not symmetric: the odd row or column goes to the end.

    (B, C, H, W) -> (B, C', ceil(H / stride), ceil(W / stride)).
    """

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return same_conv2d(x, self.weight, self.bias, self.stride, self.groups)

    @property
    def depthwise(self) -> bool:
        """Whether each channel is filtered by itself."""
        return self.groups > 1


def same_conv2d(
    x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor, stride: tuple[int, int], groups: int = 1
) -> torch.Tensor:
    """A convolution of x (B, C, H, W) by weight (C', C / groups, height, width) with SAME padding."""
    rows, columns = (same_padding(*sizes) for sizes in zip(x.shape[2:], weight.shape[2:], stride, strict=True))
    if rows[0] == rows[1] and columns[0] == columns[1]:  # spares a copy
        return functional.conv2d(x, weight, bias, stride, (rows[0], columns[0]), 1, groups)
    return functional.conv2d(functional.pad(x, (*columns, *rows)), weight, bias, stride, 0, 1, groups)


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """Zeros before and after, as TensorFlow's SAME defines them."""
    total = max((math.ceil(size / stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2
