"""Which layers of a graph the Cortex-M4's own kernels take: by their numbers, and by who reads what they write."""

from dataclasses import replace

import pytest

from kws.codegen.cortex_m4.numbers import chains, convolution_of, kernels_of
from kws.codegen.cortex_m4.products import Depthwise as OverPlanes
from kws.codegen.cortex_m4.products import Product
from kws.codegen.lowering import lower
from kws.tflite.reader import read_graph
from tests.support_tflite import Conv, Dense, Depthwise, build
from tests.support_tflite_operators import NONE, RELU, Add, Mean

BLOCK = [Depthwise((3, 3)), Conv(8, (1, 1))]


def lowered(*layers, shape=(9, 8, 8), seed=1):
    return lower(read_graph(build(shape, list(layers), seed, rectified=(-128,))))


@pytest.mark.parametrize(("activation", "shift", "framed"), [(NONE, -1, True), (NONE, 0, False), (RELU, 0, True)])
def test_negative_numbers_that_are_not_shifted_stay_with_the_portable_kernel(activation, shift, framed):
    """Found by tools/random_networks.py: a shift by nothing takes nothing off a negative number."""
    layer = lowered(Conv(4, (3, 4), (1, 2), activation=activation)).layers[0]
    shifted = replace(layer, weighted=replace(layer.weighted, shifts=(shift,) * 4))
    assert (convolution_of(shifted).frame is not None) == framed


def test_layers_that_only_one_other_reads_are_a_chain():
    assert chains(lowered(Conv(8, (3, 3)), *BLOCK, Mean(), Dense(3))) == [[0, 1, 2, 3, 4]]
    assert chains(lowered(Conv(8, (3, 3)), Conv(8, (3, 3)), Conv(8, (3, 3)), Add(1))) == [[0], [1, 2], [3]]


def test_planes_lie_between_layers_of_a_chain_alone():
    kinds = [type(kernel) for kernel in kernels_of(lowered(Conv(8, (4, 4), (4, 4)), *BLOCK, Mean()))]
    assert kinds[:3] == [Product, OverPlanes, Product]
    joined = lowered(Conv(8, (4, 4), (4, 4)), *BLOCK, Add(1, activation=RELU), Mean())  # the sum reads the first too
    kinds = [type(kernel) for kernel in kernels_of(joined)]
    assert OverPlanes not in kinds
    kinds = [type(kernel) for kernel in kernels_of(lowered(Conv(8, (4, 4), (4, 4)), *BLOCK, *BLOCK, Add(3), Mean()))]
    assert kinds[:3] == [Product, OverPlanes, Product] and kinds[3] is not OverPlanes
