"""A quantized model as plain layers that hold integers: the last step in torch before Keras and the .tflite.

Each layer computes in torch what kws/quantized.py computes, and has a Keras twin in kws/tflite/export.py.
"""

import torch
from torch import nn
from torch.nn import functional

from kws.errors import ModelError
from kws.features import FEATURE_SCALE
from kws.models import TinyConv, same_padding
from kws.quantization import Grid, fake_quantize, unsigned_grid
from kws.quantized import LogitsQuantizer, StepQuantizer, integer_weights

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
    """A convolution with TensorFlow's SAME padding. (B, C, H, W) -> (B, C', H', W')."""

    def __init__(self, layer: nn.Conv2d):
        super().__init__(*integer_weights(layer), layer.bias)
        self.stride = layer.stride

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        kernel = self.integers.shape[2:]
        pads = [same_padding(*sizes) for sizes in zip(x.shape[2:], kernel, self.stride, strict=True)]
        padded = functional.pad(x, (*pads[1], *pads[0]))
        return functional.conv2d(padded, self.values(), self.bias, self.stride)


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


class Deployable(nn.Module):
    """tiny_conv as it is deployed: (B, 1, T, F) float32 -> (B, K) float32, every tensor on its int8 grid."""

    def __init__(self, model: TinyConv):
        super().__init__()
        hidden, logits = model.activations["hidden"], model.activations["logits"]
        self.input = Requantizer(FEATURE_SCALE, 0)
        self.conv = IntegerConv2d(model.conv)
        self.hidden = _requantizer(hidden)
        integers, scales = integer_weights(model.dense)
        filters = model.conv.out_channels
        by_position = integers.view(len(integers), filters, -1).transpose(1, 2).flatten(1)  # TensorFlow's NHWC
        self.dense = IntegerDense(by_position, scales, model.dense.bias)
        self.logits = _requantizer(logits)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.hidden(functional.relu(self.conv(self.input(x))))  # nobuco knows no torch.relu
        return self.logits(self.dense(x.permute(0, 2, 3, 1).flatten(1)))


def _requantizer(quantizer: StepQuantizer | LogitsQuantizer) -> Requantizer:
    """The int8 tensor that holds what a quantizer lets through; the unsigned grid of 8 bits is moved down by 128."""
    if isinstance(quantizer, LogitsQuantizer):
        return Requantizer(float(quantizer.scale), int(quantizer.zero_point))
    if quantizer.grid != unsigned_grid(8):
        raise ModelError(f"activations on the grid {tuple(quantizer.grid)} cannot be deployed: 8 bits are needed.")
    return Requantizer(float(quantizer.scale), INT8.low)
