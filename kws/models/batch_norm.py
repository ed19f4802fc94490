"""Batch normalization of a model's convolutions: put in to train or fine-tune it, folded into the weights afterwards.

Source of the folding: Jacob et al. (2018), arXiv:1712.05877, section 3.2.
"""

import copy

import torch
from torch import nn

from kws.models.chain import Chain


def normalized(model: Chain) -> Chain:
    """The same model, with batch normalization after every convolution."""
    for name in model.names:
        model.norms[name] = nn.BatchNorm2d(model.get_submodule(name).out_channels)
    return model


@torch.no_grad()
def normalized_as_it_is(model: Chain, x: torch.Tensor) -> Chain:
    """The same model in eval mode, with batch normalization that changes nothing on clips x (B, T, F).

    Where weights go while it is trained further, normalization keeps the sums of those that are left in range.
    """

    def take_statistics(norm: nn.BatchNorm2d, inputs: tuple[torch.Tensor]) -> None:
        variance, mean = torch.var_mean(inputs[0], (0, 2, 3))
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
        norm.weight.copy_(torch.sqrt(variance + norm.eps))
        norm.bias.copy_(mean)

    normalized(model).eval()
    hooks = [norm.register_forward_pre_hook(take_statistics) for norm in model.norms.values()]
    model(x)
    for hook in hooks:
        hook.remove()
    return model


@torch.no_grad()
def folded(model: Chain) -> Chain:
    """A copy in eval mode without batch normalization that computes what the model computes in eval mode."""
    plain = copy.deepcopy(model).eval()
    for name, norm in plain.norms.items():
        convolution = plain.get_submodule(name)
        factor = norm.weight / torch.sqrt(norm.running_var + norm.eps)  # (C',)
        convolution.weight.mul_(factor[:, None, None, None])
        convolution.bias.copy_((convolution.bias - norm.running_mean) * factor + norm.bias)
    plain.norms = nn.ModuleDict()
    return plain
