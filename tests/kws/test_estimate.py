"""Counts by hand, and the footprint against images that are really linked."""

import pytest

from kws.board.build import build_image
from kws.codegen import generate
from kws.estimate import Cost, cost, footprint
from kws.params import FrontEnd
from tests.support_learning import PARAMS, float_model
from tests.support_tflite import Conv, Dense, Reshape, build


def test_tiny_convs_counts_by_hand():
    """8 filters of 10 x 8 at 25 x 20 places; 4,000 inputs to 4 classes; bias and ReLU each once an output."""
    macs = 8 * 80 * 500 + 4000 * 4
    assert cost(float_model()) == Cost(16_652, macs, 2 * macs + 4000 + 4000 + 4)
    assert macs == 336_000


@pytest.mark.parametrize("filters", [1, 3, 20])
def test_counts_follow_the_filters(filters):
    counts, whole = cost(float_model(filters=filters)), cost(float_model(filters=1))
    assert counts.macs == filters * whole.macs
    assert counts.parameters - 4 == filters * (whole.parameters - 4)
    assert counts.flops - 4 == filters * (whole.flops - 4)


def linked(folder, bits: int, filters: int):
    """An image with a tiny_conv of random integers."""
    layers = [Conv(filters, (10, 8), (2, 2), bits=bits), Reshape((filters * 500,)), Dense(4, bits=bits)]
    generate([("deployed", build((49, 40, 1), layers, seed=bits))], folder / "generated")
    return build_image(folder / "generated", FrontEnd(**PARAMS["front_end"]), folder / "build", 115200)


@pytest.mark.parametrize("bits, filters", [(8, 8), (3, 8), (2, 8), (4, 2)])
def test_the_footprint_is_the_linkers_within_2_per_cent(tmp_path, bits, filters):
    image, estimate = linked(tmp_path, bits, filters), footprint(float_model(filters=filters), bits)
    assert estimate.flash_bytes == pytest.approx(image.flash_bytes, rel=0.02)
    assert estimate.ram_bytes == pytest.approx(image.ram_bytes, rel=0.02)
