"""Dropout that draws a byte a value: torch's draws a double, and takes longer than tiny_conv's convolution.

Source of the method: Srivastava et al. (2014), Dropout, JMLR 15.
"""

import torch
from torch import nn

_STEPS = 256  # of a byte: the probability is rounded to the nearest of them


class Dropout(nn.Dropout):
    """In training, values are zeroed with probability round(256 p) / 256 and the others scaled up to match."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # any shape, float32
        dropped = round(self.p * _STEPS)
        if not self.training or dropped == 0:
            return x
        drawn = torch.empty(-(-x.numel() // 8), dtype=torch.int64, device=x.device).random_(-(2**63), None)
        stays = drawn.view(torch.uint8)[: x.numel()].view(x.shape) >= dropped
        return x * (stays * (_STEPS / max(_STEPS - dropped, 1)))
