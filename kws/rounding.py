"""A layer's weights rounded one column after the other, each making up for the errors of those before.

Source: Frantar et al. (2022), GPTQ, arXiv:2210.17323, with columns ordered by their inputs' energy. Where rounding to
nearest changes each weight least, this changes what the layer gives for its inputs least.
"""

import torch
from torch import nn
from torch.nn import functional

from kws.models.layers import SameConv2d, same_padding
from kws.quantization import Grid, fake_quantize

_ROWS = 100_000  # windows looked at: enough for any layer's second moments
_DAMPING = 0.01  # of the mean energy, on the diagonal


def rounded_for_inputs(layer: nn.Module, x: torch.Tensor, scale: torch.Tensor, grid: Grid) -> torch.Tensor:
    """Weights on the grid, of the layer's shape.

    Args:
        layer: dense, or a convolution, full or depthwise.
        x: what it reads: (B, C, H, W), or (B, inputs) for a dense layer; of the training split.
        scale: broadcasts against the weights, as do the grid's bounds.
        grid: see kws.quantization.
    """
    weight = layer.weight.detach()
    groups = getattr(layer, "groups", 1)
    rows = weight.flatten(1).double()  # (C', inputs)
    parts = [_per_row(part, rows) for part in (scale, grid.low, grid.high)]
    members = len(rows) // groups
    result = [
        _rounded(rows[chosen], _second_moments(windows), *(part[chosen] for part in parts), grid.mantissa)
        for windows, chosen in zip(
            _windows(layer, x, groups), (slice(i, i + members) for i in range(0, len(rows), members)), strict=True
        )
    ]
    return torch.cat(result).to(weight.dtype).view_as(weight)


def _per_row(values: float | torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
    """(C', 1) float64, from a number or from a tensor that broadcasts against the weights."""
    values = torch.as_tensor(values, dtype=torch.float64).flatten()
    return values.expand(len(rows))[:, None] if len(values) == 1 else values[:, None]


def _windows(layer: nn.Module, x: torch.Tensor, groups: int) -> list[torch.Tensor]:
    """For each group of a layer, (windows, inputs of an output)."""
    if not isinstance(layer, SameConv2d):
        return [x.flatten(1)]
    places = torch.Size(-(-size // stride) for size, stride in zip(x.shape[2:], layer.stride, strict=True)).numel()
    x = x[:: -(-len(x) * places // _ROWS)]
    sizes = zip(x.shape[2:], layer.weight.shape[2:], layer.stride, strict=True)
    rows, columns = (same_padding(*size) for size in sizes)
    unfolded = functional.unfold(functional.pad(x, (*columns, *rows)), layer.kernel_size, stride=layer.stride)
    return list(unfolded.transpose(1, 2).flatten(0, 1).chunk(groups, 1))


def _second_moments(windows: torch.Tensor) -> torch.Tensor:
    """(inputs, inputs) float64, damped, so that it has an inverse."""
    moments = (windows.T @ windows).double() / len(windows)
    diagonal = moments.diagonal()
    diagonal += _DAMPING * diagonal.mean() + torch.finfo(torch.float32).tiny
    return moments


def _rounded(rows, moments, scale, low, high, mantissa) -> torch.Tensor:
    """GPTQ's loop on rows (C', inputs) float64."""
    order = moments.diagonal().argsort(descending=True, stable=True)
    rows, moments = rows[:, order].clone(), moments[order][:, order]
    factor = _factor_of_inverse(moments)
    grid = Grid(low, high, mantissa)
    result = torch.empty_like(rows)
    for column in range(len(moments)):
        value = rows[:, column : column + 1]
        result[:, order[column], None] = rounded = fake_quantize(value, scale, grid)
        error = (value - rounded) / factor[column, column]
        rows[:, column + 1 :] -= error * factor[column, column + 1 :]
    return result


def _factor_of_inverse(moments: torch.Tensor) -> torch.Tensor:
    """The upper triangular F with F^T F = moments^-1, by way of moments = R R^T with R = F^-1 upper triangular too."""
    backwards = torch.linalg.cholesky(moments.flip(0, 1)).flip(0, 1)
    unit = torch.eye(len(moments), dtype=moments.dtype)
    return torch.linalg.solve_triangular(backwards, unit, upper=True)
