"""SAME padding against TensorFlow's rule."""

import pytest
import torch
from torch.nn import functional

from kws.features import BANDS, FRAMES
from kws.models.layers import SameConv2d, same_padding


@pytest.mark.parametrize("size", range(1, 30))
@pytest.mark.parametrize("kernel, stride", [(1, 1), (3, 1), (4, 1), (3, 2), (8, 2), (10, 2), (2, 3), (5, 4)])
def test_same_padding_is_tensorflows(size, kernel, stride):
    """TensorFlow's own words: the total depends on size % stride, and the extra zero goes to the end."""
    total = max(kernel - stride, 0) if size % stride == 0 else max(kernel - size % stride, 0)
    before, after = same_padding(size, kernel, stride)
    assert (before, after) == (total // 2, total - total // 2)
    assert (size + before + after - kernel) // stride + 1 == -(-size // stride)


def test_the_convolution_reads_zeros_where_the_clip_ends():
    """49 frames, a kernel of 10, stride 2: 4 zeros before and 5 after; of 40 bands with a kernel of 8, 3 and 3."""
    layer = SameConv2d(1, 2, (10, 8), 2)
    x = torch.randn(1, 1, FRAMES, BANDS)
    wanted = functional.conv2d(functional.pad(x, (3, 3, 4, 5)), layer.weight, layer.bias, 2)
    torch.testing.assert_close(layer(x), wanted)


def test_depthwise_is_a_convolution_a_channel():
    layer = SameConv2d(3, 3, 3, groups=3)
    assert layer.depthwise and not SameConv2d(3, 3, 3).depthwise
    x = torch.randn(2, 3, 7, 6)
    for channel in range(3):
        one = functional.conv2d(x[:, channel : channel + 1], layer.weight[[channel]], layer.bias[[channel]], padding=1)
        torch.testing.assert_close(layer(x)[:, channel : channel + 1], one)
