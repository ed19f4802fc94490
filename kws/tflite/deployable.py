"""A quantized model as plain layers that hold integers: the last step in torch before Keras and the .tflite.

Each layer computes in torch what kws/quantized.py computes, and has a Keras twin in kws/tflite/export.py. The mean over
the grid has a scale of its own, so it becomes a MEAN: AVERAGE_POOL_2D would have to keep the scale of what it reads, of
whose range a mean uses a small part.
"""

import torch
from torch import nn
from torch.nn import functional

from kws.features import FEATURE_SCALE
from kws.models.chain import Chain
from kws.models.layers import SameConv2d, same_conv2d
from kws.quantization import Grid, fake_quantize
from kws.quantized import integer_weights, stored_zero_point

INT8 = Grid(-128, 127)


class IntegerLayer(nn.Module):
    """A layer with int8 weights, float32 scales (one, or one an output channel), and a float32 bias."""

    def __init__(self, integers: torch.Tensor, scales: torch.Tensor, bias: torch.Tensor):
        super().__init__()
        self.integers, self.scales = integers, scales  # (C', ...) int8; (C',) or (1,) float32
        self.bias = bias.detach()  # (C',)

    def values(self) -> torch.Tensor:
        """The weights that the integers stand for."""
        return self.integers * self.scales.view(-1, *[1] * (self.integers.dim() - 1))


class IntegerConv2d(IntegerLayer):
    """A convolution, full or depthwise, with TensorFlow's SAME padding. (B, C, H, W) -> (B, C', H', W')."""

    def __init__(self, layer: SameConv2d):
        super().__init__(*integer_weights(layer), layer.bias)
        self.stride, self.groups, self.depthwise = layer.stride, layer.groups, layer.depthwise

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return same_conv2d(x, self.values(), self.bias, self.stride, self.groups)


class IntegerDense(IntegerLayer):
    """A dense layer. (B, inputs) -> (B, C')."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.linear(x, self.values(), self.bias)


class Requantizer(nn.Module):
    """Values rounded to an int8 tensor's scale and zero point."""

    def __init__(self, scale: float, zero_point: int):
        super().__init__()
        self.scale, self.zero_point = scale, zero_point

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return fake_quantize(x, torch.tensor(self.scale), INT8, self.zero_point)


class GridMean(nn.Module):
    """The mean over all places. (B, C, H, W) -> (B, C)."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.mean((2, 3))


class Deployable(nn.Module):
    """A chain as it is deployed: (B, 1, T, F) float32 -> (B, K) float32, every tensor on its int8 grid.

    `steps` holds the layers in order, each with the tensor that it writes.
    """

    def __init__(self, model: Chain):
        super().__init__()
        self.input = Requantizer(FEATURE_SCALE, 0)
        activations = {
            name: Requantizer(float(quantizer.scale), stored_zero_point(quantizer))
            for name, quantizer in model.activations.items()
        }
        layers = {name: IntegerConv2d(model.get_submodule(name)) for name in model.names}
        if model.pooled:
            layers["pool"] = GridMean()
        layers["logits"] = _integer_dense(model)
        self.layers = nn.ModuleDict(layers)
        self.activations = nn.ModuleDict(activations)

    @property
    def steps(self) -> list[tuple[nn.Module, Requantizer]]:
        return [(layer, self.activations[name]) for name, layer in self.layers.items()]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.input(x)
        for layer, activation in self.steps:
            if isinstance(layer, IntegerDense) and x.dim() == 4:
                x = x.permute(0, 2, 3, 1).flatten(1)  # TensorFlow's order
            x = layer(x)
            x = activation(functional.relu(x) if isinstance(layer, IntegerConv2d) else x)  # nobuco knows no torch.relu
        return x


def _integer_dense(model: Chain) -> IntegerDense:
    """The dense layer, its columns by place and then by filter, as TensorFlow flattens an image."""
    integers, scales = integer_weights(model.dense)
    by_place = integers.view(len(integers), model.filters, -1).transpose(1, 2).flatten(1)
    return IntegerDense(by_place, scales, model.dense.bias)
