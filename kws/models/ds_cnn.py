"""DS-CNN: a convolution, then blocks of a depthwise and a pointwise one, which together stand for a full one."""

from kws.models.chain import Chain
from kws.models.layers import SameConv2d

KERNEL = (10, 4)  # frames, bands
STRIDE = (2, 4)
BLOCKS = 4


class DsCnn(Chain):
    """22,084 parameters and 5,312,256 MACs with 64 filters and 4 classes; a grid of 25 x 10 places.

    Source: Zhang et al. (2017), Hello Edge: Keyword Spotting on Microcontrollers, arXiv:1711.07128, in the size that
    MLPerf Tiny (Banbury et al. 2021, arXiv:2106.07597) takes; 40 bands instead of its 10 coefficients, so four bands a
    column instead of two coefficients.
    """

    name = "ds_cnn"
    default_filters = 64
    pooled = True
    side_by_side = 1

    def __init__(self, filters: int, classes: int, dropout: float = 0.0):
        convolutions = {"conv": SameConv2d(1, filters, KERNEL, STRIDE)}
        for block in range(1, BLOCKS + 1):
            convolutions[f"depthwise_{block}"] = SameConv2d(filters, filters, 3, groups=filters)
            convolutions[f"pointwise_{block}"] = SameConv2d(filters, filters, 1)
        super().__init__(convolutions, classes, dropout)
