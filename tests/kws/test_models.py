"""tiny_conv's size, its padding against TensorFlow's rule, and weights that a seed decides."""

import pytest
import torch
from torch.nn import functional

from kws.features import BANDS, FRAMES
from kws.models import SameConv2d, build, create, positions, same_padding
from kws.params import Model
from tests.support_learning import float_model, inputs, state_bytes


def test_tiny_conv_has_16652_parameters():
    assert sum(value.numel() for value in float_model().parameters()) == 16_652
    assert positions() == 25 * 20


@pytest.mark.parametrize("filters, classes", [(1, 2), (8, 4), (64, 12)])
def test_shapes(filters, classes):
    model = build({"name": "tiny_conv", "filters": filters, "classes": classes})
    assert model(torch.zeros(3, FRAMES, BANDS)).shape == (3, classes)
    assert model.architecture() == {"name": "tiny_conv", "filters": filters, "classes": classes}


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


def test_logits_are_the_layers_by_hand():
    model, x = float_model(), inputs(2)
    hidden = torch.relu(model.conv(x[:, None]))
    assert hidden.shape == (2, 8, 25, 20)
    torch.testing.assert_close(model(x), hidden.reshape(2, -1) @ model.dense.weight.T + model.dense.bias)


def test_a_seed_decides_the_weights_and_leaves_torchs_own_generator_alone():
    before = torch.get_rng_state()
    first, again, other = float_model(1), float_model(1), float_model(2)
    assert torch.equal(before, torch.get_rng_state())
    assert state_bytes(first) == state_bytes(again) != state_bytes(other)
    assert create(Model(name="tiny_conv", filters=2, dropout=0.25), 4, 0).dropout.p == 0.25


def test_an_unknown_architecture_is_refused():
    with pytest.raises(ValueError, match="'resnet' is not one of: tiny_conv"):
        build({"name": "resnet", "filters": 8, "classes": 4})
    with pytest.raises(KeyError):
        build({"name": "tiny_conv"})
