"""tiny_conv: one convolution and one dense layer."""

from kws.models.chain import Chain
from kws.models.layers import SameConv2d

KERNEL = (10, 8)  # frames, bands
STRIDE = 2


class TinyConv(Chain):
    """16,652 parameters and 336,000 MACs with 8 filters and 4 classes; a grid of 25 x 20 places.

    Source: TensorFlow's speech_commands example, `tiny_conv`; it is trained there without batch normalization.
    """

    name = "tiny_conv"
    default_filters = 8
    pooled = False
    side_by_side = 2

    def __init__(self, filters: int, classes: int, dropout: float = 0.0):
        super().__init__({"conv": SameConv2d(1, filters, KERNEL, STRIDE)}, classes, dropout)
