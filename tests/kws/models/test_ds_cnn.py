"""ds_cnn: its size, and its logits by hand."""

import torch
from torch.nn import functional

from kws.estimate import cost
from tests.support_learning import float_model, inputs


def test_it_has_22084_parameters_and_5_3_million_macs():
    """40 + 4 blocks of 9 and of 64 weights an output, 64 channels at 25 x 10 places; 64 inputs to 4 classes."""
    counts = cost(float_model(filters=64, name="ds_cnn"))
    assert counts.parameters == 64 * (40 + 4 * (9 + 64) + 9) + 4 * 65 == 22_084
    assert counts.macs == 250 * 64 * (40 + 4 * (9 + 64)) + 4 * 64 == 5_312_256


def test_logits_are_the_layers_by_hand():
    model, x = float_model(name="ds_cnn"), inputs(2)
    hidden = functional.pad(x[:, None], (0, 0, 4, 5))
    hidden = torch.relu(functional.conv2d(hidden, model.conv.weight, model.conv.bias, (2, 4)))
    for block in range(1, 5):
        depthwise, pointwise = (model.get_submodule(f"{kind}_{block}") for kind in ("depthwise", "pointwise"))
        hidden = functional.conv2d(hidden, depthwise.weight, depthwise.bias, padding=1, groups=8).relu()
        hidden = torch.einsum("kc,bchw->bkhw", pointwise.weight[:, :, 0, 0], hidden)
        hidden = torch.relu(hidden + pointwise.bias[:, None, None])
    assert hidden.shape == (2, 8, 25, 10)
    torch.testing.assert_close(model(x), hidden.mean((2, 3)) @ model.dense.weight.T + model.dense.bias)
