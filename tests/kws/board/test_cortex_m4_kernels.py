"""The Cortex-M4's own kernels on the emulated board: random networks give the reference interpreter's bytes."""

import random

import pytest

from kws.board.benchmark import Clip, HostModel, measure
from kws.board.boards import board_named
from kws.board.build import build_image
from kws.board.flashing import flash
from kws.board.session import Session
from kws.codegen import generate
from kws.codegen.cortex_m4.frames import FrameConvolution
from kws.codegen.cortex_m4.numbers import kernels_of
from kws.codegen.cortex_m4.products import Depthwise as Depthwise4
from kws.codegen.cortex_m4.products import Product
from kws.codegen.lowering import lower
from kws.params import Flash
from kws.tflite.interpreter import reference_logits
from kws.tflite.reader import read_graph
from tests.support_board import host_features
from tests.support_tflite import NONE, RELU, RELU6, SAME, VALID, AveragePool, Conv, Dense, Depthwise, Reshape, build

TIMEOUT_S = 20.0
BAUD = 115200
NETWORKS, SEPARABLE = 32, 16


def random_network(seed: int) -> bytes:
    """One to three convolutions of any shape over the features, and a dense layer."""
    draw = random.Random(seed)
    layers, height, width, channels = [], 49, 40, 1
    for _ in range(draw.randint(1, 3)):
        kernel = (draw.randint(1, min(height, 10)), draw.randint(1, min(width, 8)))
        stride = (draw.choice([1, 2, 3]), draw.choice([1, 2, 2, 4]))
        padding = draw.choice([SAME, SAME, VALID])
        if layers and draw.random() < 0.2:
            layers.append(Depthwise((3, 3), activation=draw.choice([RELU, NONE])))
        channels = draw.randint(1, 9)
        activation = draw.choice([RELU, RELU, RELU6, NONE])
        layers.append(Conv(channels, kernel, stride, padding, activation, per_channel=draw.random() < 0.8))
        same = padding == SAME
        height = -(-height // stride[0]) if same else (height - kernel[0]) // stride[0] + 1
        width = -(-width // stride[1]) if same else (width - kernel[1]) // stride[1] + 1
    layers += [Reshape((height * width * channels,)), Dense(draw.randint(1, 9), per_channel=False)]
    return build((49, 40, 1), layers, seed)


def separable_network(seed: int) -> bytes:
    """A stem, pairs of a depthwise and a pointwise convolution of any width, a pool over the rest, a dense layer."""
    draw = random.Random(seed)
    kernel, stride = (draw.randint(1, 10), 4), (draw.choice([2, 4, 7, 17, 25]), draw.choice([4, 5, 8, 14, 20, 40]))
    padding = draw.choice([SAME, VALID])
    height, width = ((n - k * (padding == VALID)) // s + 1 for n, k, s in zip((49, 40), kernel, stride, strict=True))
    height, width = (-(-49 // stride[0]), -(-40 // stride[1])) if padding == SAME else (height, width)
    channels = draw.choice([4, 8, 12, 6, 20])
    layers = [Conv(channels, kernel, stride, padding)]
    for _ in range(draw.randint(1, 3)):
        channels = draw.choice([4, 7, 8, 12, 16])
        layers += [Depthwise((3, 3), per_channel=draw.random() < 0.8), Conv(channels, (1, 1), bits=draw.choice([8, 3]))]
    layers += [AveragePool((height, width), (height, width)), Reshape((channels,)), Dense(draw.randint(2, 9))]
    return build((49, 40, 1), layers, seed, rectified=(-128,))


@pytest.fixture(scope="module")
def networks() -> dict[str, bytes]:
    found = {f"random_{seed}": random_network(seed) for seed in range(NETWORKS)}
    return found | {f"separable_{seed}": separable_network(seed) for seed in range(SEPARABLE)}


def test_most_convolutions_are_taken_and_others_left(networks):
    lowered = [lower(read_graph(tflite)) for tflite in networks.values()]
    pairs = [pair for network in lowered for pair in zip(network.layers, kernels_of(network), strict=True)]
    taken = [kernel is not None for layer, kernel in pairs if layer.kernel == "conv_2d"]
    shapes = [kernel for _, kernel in pairs if isinstance(kernel, FrameConvolution)]
    assert sum(taken) > len(taken) / 3 and not all(taken)
    assert {shape.filters % 2 for shape in shapes} == {0, 1} and {shape.output_width % 4 for shape in shapes} >= {0, 1}
    assert any(shape.exact_negative for shape in shapes) and any(shape.skipped_rows for shape in shapes)
    assert any(shape.rectified_at is not None for shape in shapes)


def test_products_and_planes_of_every_sort_are_taken(networks):
    kernels = [kernel for tflite in networks.values() for kernel in kernels_of(lower(read_graph(tflite)))]
    products = [kernel for kernel in kernels if isinstance(kernel, Product)]
    planes = [kernel.planes for kernel in kernels if isinstance(kernel, Depthwise4)]
    assert {bool(product.planes) for product in products} == {True, False}
    assert {product.gathers for product in products} == {True, False}
    assert {product.places % 2 for product in products} == {product.filters % 4 > 0 for product in products} == {0, 1}
    assert {any(product.padded) for product in products if product.gathers} == {True, False}
    assert {shape.width % 2 for shape in planes} == {0, 1}
    assert {shape.height for shape in planes} >= {2, 3} and max(shape.height for shape in planes) > 3


def test_random_networks_give_the_hosts_bytes(networks, front_end, clips, tmp_path, monkeypatch):
    generated = generate(list(networks.items()), tmp_path / "generated")
    image = build_image(tmp_path / "generated", front_end, tmp_path / "build", BAUD)

    def host_model(name: str, sha256: str) -> HostModel:
        tflite = networks[name]
        scale = read_graph(tflite).outputs[0].quantization.scales[0]
        return HostModel(name, sha256, lambda features: reference_logits(tflite, features[None])[0], scale)

    host_models = [host_model(entry.name, entry.tflite_sha256) for entry in generated]
    monkeypatch.setenv("KWS_STORE", str(tmp_path))
    board = board_named(Flash(board="emulator", port=None, baud=BAUD, timeout_s=TIMEOUT_S))
    flash(board, image.bin, tuple(model.tflite_sha256 for model in host_models), TIMEOUT_S)
    labelled = [Clip(f"clip {i}", samples, 0) for i, samples in enumerate(clips[:3])]
    with board.open() as port:
        session = Session(port, TIMEOUT_S)
        session.handshake()
        runs = measure(session, labelled, lambda samples: host_features(samples, front_end), host_models, 1, 1)
    assert {run.name: run.mismatches.total() for run in runs if run.mismatches.total()} == {}
