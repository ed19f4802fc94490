"""tiny_conv: its size, and its logits by hand."""

import torch

from tests.support_learning import float_model, inputs


def test_it_has_16652_parameters():
    model = float_model()
    assert sum(value.numel() for value in model.parameters()) == 16_652
    assert list(model.state_dict()) == ["conv.weight", "conv.bias", "dense.weight", "dense.bias"]


def test_logits_are_the_layers_by_hand():
    model, x = float_model(), inputs(2)
    hidden = torch.relu(model.conv(x[:, None]))
    assert hidden.shape == (2, 8, 25, 20)
    torch.testing.assert_close(model(x), hidden.reshape(2, -1) @ model.dense.weight.T + model.dense.bias)
