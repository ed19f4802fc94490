"""What a layer's kernel is called in the generated C, and of what it is made on a Cortex-M4."""

from kws.codegen.cortex_m4.calls import call_text
from kws.codegen.cortex_m4.selection import Kernel
from kws.codegen.layers import Layer

ASSEMBLY, DSP, PORTABLE = "assembly", "DSP", "portable C"

# Kernels of firmware/src whose C has DSP instructions in its inner loop, where the target has them.
_WITH_DSP = ("average_pool_2d", "conv_2d", "fully_connected", "mean")
_LEAST_INPUTS = 16  # of a dense layer whose sums are assembly: kernels_dense.c


def kernel_name(layer: Layer, kernel: Kernel | None) -> str:
    """The function that invoke() calls for a layer on a Cortex-M4."""
    return f"kws_{layer.kernel}" if kernel is None else call_text("", kernel, "", "", "").partition("(")[0]


def made_of(layer: Layer, kernel: Kernel | None) -> str:
    """ASSEMBLY, written for the layer's sizes or for its sums; DSP, C with those instructions; or PORTABLE."""
    if kernel is not None:
        return ASSEMBLY
    if layer.kernel == "fully_connected" and layer.members["inputs"] >= _LEAST_INPUTS:
        return ASSEMBLY
    return DSP if layer.kernel in _WITH_DSP else PORTABLE
