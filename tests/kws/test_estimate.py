"""Counts by hand, the arena against the compiler's, and footprints against images that are really linked."""

import pytest
import torch
from torch import nn

from kws.board.build import build_image
from kws.codegen import generate
from kws.codegen.lowering import lower
from kws.estimate import Cost, cost, footprint, image_footprint, layers, live_bytes, nominal_storages, weight_bytes
from kws.params import FrontEnd
from kws.quantized import weight_bytes as model_weight_bytes
from kws.tflite.reader import read_graph
from tests.support_learning import PARAMS, float_model
from tests.support_tflite import AveragePool, Conv, Dense, Depthwise, Reshape, build


class Separable(nn.Module):
    """A small DS-CNN, written with torch's own layers: (1, T, F) -> (1, 5); padding of its own, pools over 25 x 20."""

    def __init__(self, channels: int = 6, blocks: int = 2):
        super().__init__()
        self.stem = nn.Conv2d(1, channels, (10, 4), 2, padding=(5, 1), bias=False)
        self.norm = nn.BatchNorm2d(channels)
        self.blocks = nn.Sequential()
        for _ in range(blocks):
            self.blocks.append(nn.Conv2d(channels, channels, 3, padding=1, groups=channels))
            self.blocks.append(nn.Conv2d(channels, channels, 1))
        self.pool = nn.AvgPool2d((25, 20))
        self.dense = nn.Linear(channels, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.dense(self.pool(torch.relu(self.blocks(self.norm(self.stem(x[:, None]))))).flatten(1))


def separable_tflite(channels: int, blocks: int, bits: int, seed: int = 0) -> bytes:
    """The same layers as a .tflite of random integers."""
    found = [Conv(channels, (10, 4), (2, 2), bits=bits)]
    for _ in range(blocks):
        found += [Depthwise((3, 3), bits=bits), Conv(channels, (1, 1), bits=bits)]
    found += [AveragePool((25, 20), (25, 20)), Reshape((channels,)), Dense(5, bits=bits)]
    return build((49, 40, 1), found, seed, rectified=(-128,))


def tiny_tflite(filters: int, bits: int, seed: int = 0, zeros: float = 0.0) -> bytes:
    common = {"bits": bits, "zeros": zeros}
    found = [Conv(filters, (10, 8), (2, 2), **common), Reshape((filters * 500,)), Dense(4, **common)]
    return build((49, 40, 1), found, seed, rectified=(-128,))


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


def test_a_separable_models_layers_by_hand():
    found = layers(Separable(6, 1))
    assert [layer.name for layer in found] == ["stem", "blocks.0", "blocks.1", "pool", "dense"]
    assert [layer.kernel for layer in found] == ["conv", "depthwise", "conv", "pool", "dense"]
    assert [layer.shape for layer in found] == [(6, 25, 20)] * 3 + [(6, 1, 1), (5,)]
    assert [layer.parameters for layer in found] == [6 * 40 + 6, 6 * 9 + 6, 6 * 6 + 6, 0, 6 * 5 + 5]
    macs = [3000 * 40, 3000 * 9, 3000 * 6, 0, 30]
    assert [layer.macs for layer in found] == macs
    assert [layer.flops for layer in found] == [*(2 * m + 3000 + 3000 for m in macs[:3]), 3000, 2 * 30 + 5]
    frames = [4 * 58 * 21, 0, 4 * 25 * 20 * 3, 0, 0]  # words: 24 * 2 + 10 rows of 19 + 2; 6 channels at 500 places
    live = [3000, 6000, 6000, 3008, 8]  # a pool's 6 values take 8 bytes: words
    assert live_bytes(found) == [first + second for first, second in zip(live, frames, strict=True)]


def test_counting_leaves_the_model_as_it_was():
    model = Separable().train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    layers(model)
    assert model.training and not model.stem._forward_hooks
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize("bits", range(2, 9))
def test_weights_are_as_large_as_the_sweeps_say(bits):
    model = float_model(filters=3)
    assert sum(weight_bytes(layer, bits) for layer in layers(model)) == model_weight_bytes(model, bits)


def linked(folder, *tflites: bytes, kind: str = "pcen"):
    """The image and what the compiler says of its models."""
    names = ["deployed", *(f"structured_{number}" for number in range(1, len(tflites)))]
    generated = generate(list(zip(names, tflites, strict=True)), folder / "generated")
    front_end = FrontEnd(**{**PARAMS["front_end"], "kind": kind})
    return build_image(folder / "generated", front_end, folder / "build", 115200), generated


CASES = [
    *((float_model(filters=filters), tiny_tflite(filters, bits), bits) for bits, filters in ((8, 8), (3, 8), (4, 2))),
    *((Separable(n, blocks), separable_tflite(n, blocks, bits), bits) for n, blocks, bits in ((64, 4, 8), (30, 2, 3))),
]


@pytest.mark.parametrize("model, tflite, bits", CASES)
def test_the_footprint_is_the_linkers_within_2_per_cent(tmp_path, model, tflite, bits):
    (image, (generated,)), estimate = linked(tmp_path, tflite), footprint(model, bits, "pcen")
    assert max(live_bytes(layers(model))) == generated.arena_bytes
    assert sum(layer.macs for layer in layers(model)) == generated.macs
    assert estimate.flash_bytes == pytest.approx(image.flash_bytes, rel=0.02)
    assert estimate.ram_bytes == pytest.approx(image.ram_bytes, rel=0.02)


@pytest.mark.parametrize("zeros", [0.5, 0.9])
def test_a_sparse_models_footprint_is_the_linkers_within_half_a_per_cent(tmp_path, zeros):
    tflite = tiny_tflite(8, 8, zeros=zeros)
    stored = [layer.weighted.storage for layer in lower(read_graph(tflite)).layers]
    (image, _), estimate = linked(tmp_path, tflite), footprint(float_model(), 8, "pcen", stored)
    assert estimate.flash_bytes == pytest.approx(image.flash_bytes, rel=0.005)
    assert estimate.ram_bytes == image.ram_bytes


@pytest.mark.parametrize("kind", ["log_mel", "mfcc"])
def test_every_front_end_has_its_share(tmp_path, kind):
    image, _ = linked(tmp_path, tiny_tflite(8, 8), kind=kind)
    assert footprint(float_model(), 8, kind).flash_bytes == pytest.approx(image.flash_bytes, rel=0.01)


def test_an_image_of_several_models_within_2_per_cent(tmp_path):
    image, _ = linked(tmp_path, tiny_tflite(8, 3), tiny_tflite(5, 8, 1), separable_tflite(12, 2, 8))
    models = [(layers(float_model()), 3), (layers(float_model(filters=5)), 8), (layers(Separable(12, 2)), 8)]
    estimate = image_footprint([(found, nominal_storages(found, bits)) for found, bits in models], "pcen")
    assert estimate.flash_bytes == pytest.approx(image.flash_bytes, rel=0.02)
    assert estimate.ram_bytes == pytest.approx(image.ram_bytes, rel=0.02)
