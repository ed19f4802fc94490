"""GPTQ against what it promises: outputs nearer than with rounding to nearest, and the same where inputs do not mix."""

import pytest
import torch
from torch import nn

from kws.models.layers import SameConv2d
from kws.quantization import Grid, choose_scale, choose_scale_and_zero, fake_quantize, minifloat_grid, weight_grid
from kws.rounding import rounded_for_inputs


def mixed(rows: int, columns: int) -> torch.Tensor:
    """Inputs whose columns depend on each other."""
    generator = torch.Generator().manual_seed(0)
    return torch.randn(rows, columns, generator=generator) @ torch.rand(columns, columns, generator=generator)


def quantizer(layer: nn.Module, bits: int = 3) -> tuple[torch.Tensor, Grid]:
    rows = layer.weight.detach().flatten(1)
    shape = (-1, *[1] * (layer.weight.dim() - 1))
    return choose_scale(rows, weight_grid(bits), "mse").view(shape), weight_grid(bits)


def errors(layer: nn.Module, x: torch.Tensor, scale: torch.Tensor, grid: Grid) -> tuple[float, float]:
    """Of the layer's outputs: with GPTQ, and with rounding to nearest."""
    with torch.no_grad():
        wanted, weight, result = layer(x), layer.weight.clone(), []
        for rounded in (rounded_for_inputs(layer, x, scale, grid), fake_quantize(weight, scale, grid)):
            layer.weight.copy_(rounded)
            result.append(float((layer(x) - wanted).square().mean()))
            layer.weight.copy_(weight)
    return tuple(result)


def test_a_dense_layers_outputs_are_much_nearer():
    torch.manual_seed(0)
    layer = nn.Linear(60, 5)
    found, nearest = errors(layer, mixed(400, 60), *quantizer(layer))
    assert found < 0.2 * nearest


@pytest.mark.parametrize("channels, groups", [(1, 1), (6, 1), (6, 6)])
def test_a_convolutions_outputs_are_nearer(channels, groups):
    torch.manual_seed(0)
    layer = SameConv2d(channels, 6, (3, 4), (2, 1), groups=groups)
    x = mixed(40 * channels * 11, 9).view(40, channels, 11, 9)
    found, nearest = errors(layer, x, *quantizer(layer))
    assert found < 0.8 * nearest


@pytest.mark.parametrize("grid", [weight_grid(3), minifloat_grid(2, 1)])
def test_the_weights_lie_on_the_grid(grid):
    torch.manual_seed(0)
    layer, x = nn.Linear(60, 5), mixed(400, 60)
    scale = choose_scale(layer.weight.detach(), grid, "mse")[:, None]
    found = rounded_for_inputs(layer, x, scale, grid)
    torch.testing.assert_close(fake_quantize(found, scale, grid), found, rtol=1e-6, atol=0)


def test_a_grid_of_its_own_for_each_row():
    torch.manual_seed(0)
    layer, x = nn.Linear(60, 5), mixed(400, 60)
    scale, grid = choose_scale_and_zero(layer.weight.detach(), 3, "min_max")
    steps = rounded_for_inputs(layer, x, scale[:, None], grid) / scale[:, None]
    torch.testing.assert_close(steps, steps.round(), rtol=0, atol=1e-3)
    assert ((steps.round() >= grid.low) & (steps.round() <= grid.high)).all()


def test_columns_that_do_not_mix_are_rounded_to_nearest():
    torch.manual_seed(0)
    layer = nn.Linear(8, 5)
    scale, grid = quantizer(layer)
    found = rounded_for_inputs(layer, torch.eye(8).repeat(9, 1), scale, grid)
    torch.testing.assert_close(found, fake_quantize(layer.weight.detach(), scale, grid))


def test_inputs_that_are_always_zero_do_no_harm():
    layer = nn.Linear(8, 5)
    scale, grid = quantizer(layer)
    found = rounded_for_inputs(layer, torch.zeros(30, 8), scale, grid)
    torch.testing.assert_close(found, fake_quantize(layer.weight.detach(), scale, grid))
