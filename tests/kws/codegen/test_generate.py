"""Generated C against TFLite's reference interpreter, byte for byte; costs, files and refusals of generate()."""

from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from kws.codegen import Generated, generate
from kws.errors import ModelError
from kws.files import sha256
from kws.fixed_point import softmax_factors
from kws.tflite.interpreter import reference_logits
from kws.tflite.reader import read_graph
from tests.support_c import HostModels, compile_models
from tests.support_tflite import (
    NONE,
    RELU,
    RELU6,
    SAME,
    VALID,
    AveragePool,
    Conv,
    Dense,
    Depthwise,
    Layer,
    Mean,
    Reshape,
    build,
    edited,
    with_power_of_two_scales,
)

RANDOM_NETWORKS = 30
SHAPE = (49, 40, 1)


def tiny_conv(filters: int = 8, bits: int = 8, zeros: float = 0.0) -> list[Layer]:
    return [
        Conv(filters, (10, 8), (2, 2), bits=bits, zeros=zeros),
        Reshape((500 * filters,)),
        Dense(4, bits=bits, zeros=zeros),
    ]


def ds_cnn() -> list[Layer]:
    block = [Depthwise((3, 3)), Conv(12, (1, 1))]
    return [
        Conv(12, (10, 4), (2, 2)),
        *block,
        *block,
        AveragePool((25, 20)),
        Reshape((12,)),
        Dense(4, per_channel=True),
    ]


def random_network(seed: int) -> tuple[tuple[int, int, int], list[Layer]]:
    """Odd shapes, kernels larger than the input, strides, paddings, activations, widths, with and without bias."""
    rng = np.random.default_rng(1000 + seed)
    shape = (int(rng.integers(1, 18)), int(rng.integers(1, 18)), int(rng.choice([1, 1, 2, 3, 4, 5])))
    layers: list[Layer] = []
    height, width, channels = shape
    for _ in range(rng.integers(0, 4)):
        stride = (int(rng.integers(1, 4)), int(rng.integers(1, 4)))
        padding = int(rng.choice([SAME, VALID]))
        limit = (12, 12) if padding == SAME else (height, width)
        kernel = (int(rng.integers(1, limit[0] + 1)), int(rng.integers(1, limit[1] + 1)))
        common = {"stride": stride, "padding": padding, "activation": int(rng.choice([NONE, RELU, RELU6]))}
        weighted = {"bits": int(rng.integers(2, 9)), "per_channel": bool(rng.random() < 0.7)}
        choice = rng.integers(0, 5)
        if choice < 2:
            channels = int(rng.integers(1, 10))
            layers.append(Conv(channels, kernel, **common, **weighted))
        elif choice < 4:
            multiplier = int(rng.choice([1, 1, 2, 3]))
            channels *= multiplier
            layers.append(Depthwise(kernel, multiplier, bias=bool(rng.random() < 0.8), **common, **weighted))
        else:
            layers.append(AveragePool(kernel, **common))
        sizes = zip((height, width), kernel, stride, strict=True)
        height, width = (-(-n // s) if padding == SAME else (n - k + s) // s for n, k, s in sizes)
    if rng.random() < 0.4:
        layers.append(Mean(bool(rng.random() < 0.5)))
        height = width = 1
    if rng.random() < 0.8 or not layers:
        layers.append(Reshape((height * width * channels,)))
        units, per_channel = int(rng.integers(1, 11)), bool(rng.random() < 0.5)
        layers.append(
            Dense(units, int(rng.choice([NONE, RELU])), int(rng.integers(2, 9)), bool(rng.random() < 0.7), per_channel)
        )
    return shape, layers


def inputs(shape: tuple[int, ...], seed: int) -> np.ndarray:
    """(B, ...) int8: constant extremes, random extremes, random values."""
    rng = np.random.default_rng(seed)
    constant = [np.full(shape, value, np.int8) for value in (-128, -1, 0, 127)]
    extremes = [rng.choice(np.array([-128, 127], np.int8), shape) for _ in range(4)]
    return np.stack([*constant, *extremes, *rng.integers(-128, 128, (8, *shape)).astype(np.int8)])


def near_ties(layer: Conv | Dense, exact: bool = False) -> bytes:
    """A layer of 250 whose biases put every output within 1e-7 of a half: tells integer from real scaling."""

    def edit(model):
        source, weights, bias, target = model.subgraphs[0].tensors
        draw = np.random.default_rng(4).uniform
        low, high = (2**-13, 2**-13) if exact else (1e-4, 2e-4)
        source.quantization.scale = draw(low, high, 1).astype(np.float32)
        weights.quantization.scale = draw(low, high, len(weights.quantization.scale)).astype(np.float32)
        target.quantization.scale = draw(0.25, 0.25 if exact else 0.3, 1).astype(np.float32)
        target.quantization.zeroPoint = source.quantization.zeroPoint = np.zeros(1, np.int64)
        bias.quantization.scale = source.quantization.scale * weights.quantization.scale
        step = bias.quantization.scale.astype(np.float64) / target.quantization.scale.astype(np.float64)
        sums = (np.arange(250) - 125 + 0.5) / step
        sums = np.round(np.where(np.abs(sums) < 2**31 - 2**16, sums, 0)).astype(np.int32)
        model.buffers[bias.buffer].data = np.frombuffer(sums.tobytes(), np.uint8)

    return edited(build((1, 1, 1), [layer], 0), edit)


def answers_differ(shape: tuple[int, ...], tflite: bytes) -> bool:
    """Whether TFLite gives different logits to at least half of the inputs: a network that saturates proves nothing."""
    features = inputs(shape, 5)
    return len(np.unique(reference_logits(tflite, features), axis=0)) >= len(features) // 2


def networks() -> dict[str, tuple[tuple[int, int, int], bytes]]:
    """Every network of the comparison, by name, with the shape of its input."""
    named = {f"tiny_conv_{filters}": (SHAPE, tiny_conv(filters)) for filters in range(1, 9)}
    named |= {f"tiny_conv_{bits}_bits": (SHAPE, tiny_conv(8, bits)) for bits in range(2, 8)}
    named |= {f"tiny_conv_{share}_zeros": (SHAPE, tiny_conv(8, 8, share / 100)) for share in (50, 90, 98)}
    named |= {"tiny_conv_4_bits_80_zeros": (SHAPE, tiny_conv(8, 4, 0.8))}
    named |= {"ds_cnn": (SHAPE, ds_cnn()), "depthwise_first": (SHAPE, [Depthwise((10, 8), 8, (2, 2)), Mean()])}
    built = {name: (shape, build(shape, layers, 7)) for name, (shape, layers) in named.items()}
    built |= {f"{name}_ties": (SHAPE, with_power_of_two_scales(built[name][1])) for name in ("tiny_conv_7", "ds_cnn")}
    drawn = ((seed, *random_network(seed)) for seed in range(10 * RANDOM_NETWORKS))
    candidates = ((f"random_{seed}", (shape, build(shape, layers, seed))) for seed, shape, layers in drawn)
    return built | dict(islice((entry for entry in candidates if answers_differ(*entry[1])), RANDOM_NETWORKS))


NETWORKS = networks()
NEAR_TIES = {
    "near_dense": ((1, 1, 1), near_ties(Dense(250))),
    "near_dense_per_channel": ((1, 1, 1), near_ties(Dense(250, per_channel=True))),
    "exact_dense": ((1, 1, 1), near_ties(Dense(250), exact=True)),
    "exact_conv": ((1, 1, 1), near_ties(Conv(250, (1, 1), activation=NONE), exact=True)),
    "near_conv": ((1, 1, 1), near_ties(Conv(250, (1, 1), activation=NONE, per_channel=False))),
    "near_conv_per_channel": ((1, 1, 1), near_ties(Conv(250, (1, 1), activation=NONE))),
}
ALL = NETWORKS | NEAR_TIES


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> tuple[HostModels, list[Generated]]:
    """All networks in one image, so that they share its arena and its unpack buffer."""
    folder = tmp_path_factory.mktemp("image")
    generated = generate([(name, tflite) for name, (_, tflite) in ALL.items()], folder / "generated")
    return compile_models(folder / "generated", folder / "models.so"), generated


@pytest.mark.parametrize("name", NEAR_TIES)
def test_sums_next_to_a_half_round_as_in_tflite(image, name: str):
    shape, tflite = NEAR_TIES[name]
    want = reference_logits(tflite, np.zeros((1, *shape), np.int8))
    assert len(np.unique(want)) > 150  # of 250 outputs one step apart, each rounded up or down by a hair
    np.testing.assert_array_equal(image[0].logits(name, np.zeros((1, *shape), np.int8)), want)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_c_gives_what_the_reference_interpreter_gives(image, name):
    shape, tflite = NETWORKS[name]
    features = inputs(shape, 5)
    want = reference_logits(tflite, features)
    np.testing.assert_array_equal(image[0].logits(name, features), want)
    assert answers_differ(shape, tflite)


def test_a_model_prepared_again_after_another_runs_as_before(image):
    shape, tflite = NETWORKS["tiny_conv_3_bits"]
    features = inputs(shape, 6)
    first = image[0].logits("tiny_conv_3_bits", features)
    image[0].logits("tiny_conv_5_bits", features)
    np.testing.assert_array_equal(image[0].logits("tiny_conv_3_bits", features), first)
    np.testing.assert_array_equal(first, reference_logits(tflite, features))


def test_the_models_carry_their_name_hash_sizes_and_softmax(image):
    host, generated = image
    assert list(host.models) == list(ALL) == [entry.name for entry in generated]
    for entry, (name, (shape, tflite)) in zip(generated, ALL.items(), strict=True):
        model = host.models[name]
        assert model.tflite_sha256.decode() == entry.tflite_sha256 == sha256(tflite)
        assert model.input_bytes == np.prod(shape)
        assert model.softmax[:32] == softmax_factors(read_graph(tflite).outputs[0].quantization.scales[0])


def test_costs_of_tiny_conv(image):
    costs = {entry.name: entry for entry in image[1]}
    assert costs["tiny_conv_8"].macs == 320_000 + 16_000
    assert costs["tiny_conv_8"].arena_bytes == 4000 + 58 * 23 * 4  # the output, and the frame of int16
    assert costs["tiny_conv_8"].unpacked_bytes == 0
    assert costs["tiny_conv_3_bits"].unpacked_bytes == 640 + 16_000
    for bits in range(2, 8):
        ideal_bytes = (640 + 16_000) * bits / 8
        assert ideal_bytes <= costs[f"tiny_conv_{bits}_bits"].weight_bytes <= 1.02 * ideal_bytes
        assert [layer.bits for layer in costs[f"tiny_conv_{bits}_bits"].layers] == [bits, bits]


def test_zeros_take_no_room(image):
    """Random places of 8-bit weights: their entropy and little more."""
    costs = {entry.name: entry for entry in image[1]}
    for share, most in ((50, 5.1), (90, 1.35), (98, 0.4)):
        cost = costs[f"tiny_conv_{share}_zeros"]
        assert [layer.form for layer in cost.layers] == ["sparse", "sparse"] and cost.unpacked_bytes == 16_640
        assert 8 * cost.weight_bytes / 16_640 < most
    assert costs["tiny_conv_4_bits_80_zeros"].weight_bytes < 0.45 * costs["tiny_conv_4_bits"].weight_bytes
    assert [layer.form for layer in costs["tiny_conv_8"].layers] == ["plain", "plain"]


def test_the_same_models_give_the_same_bytes_anywhere(tmp_path: Path):
    models = [("one", NETWORKS["tiny_conv_3_bits"][1]), ("two", NETWORKS["ds_cnn"][1])]
    generate(models, tmp_path / "here")
    generate(models, tmp_path / "there" / "deeper")
    first = {path.name: path.read_bytes() for path in (tmp_path / "here").iterdir()}
    second = {path.name: path.read_bytes() for path in (tmp_path / "there" / "deeper").iterdir()}
    assert sorted(first) == ["model_one.c", "model_two.c", "models.S", "models.c"]
    assert first == second


def test_models_no_longer_given_are_removed_and_other_files_stay(tmp_path: Path):
    tiny = NETWORKS["tiny_conv_1"][1]
    generate([("old", tiny), ("kept", tiny)], tmp_path)
    (tmp_path / "model_mine.c").write_text("/* written by hand */\n")
    generate([("kept", tiny)], tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model_kept.c", "model_mine.c", "models.S", "models.c"]


def test_a_refused_model_leaves_the_folder_as_it_was(tmp_path: Path):
    with pytest.raises(ModelError, match="model 'bad': this is not a"):
        generate([("good", NETWORKS["tiny_conv_1"][1]), ("bad", b"nonsense")], tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("names", [[], ["Upper"], ["a b"], ["1st"], ["same", "same"], ["x" * 49]])
def test_names_that_do_not_fit_are_refused(tmp_path: Path, names):
    with pytest.raises(ModelError):
        generate([(name, NETWORKS["tiny_conv_1"][1]) for name in names], tmp_path)


def test_a_name_from_the_file_cannot_break_out_of_its_comment(tmp_path: Path):
    def rename(model):
        model.subgraphs[0].tensors[-1].name = '*/ #error "out" /* \\'

    generate([("renamed", edited(NETWORKS["tiny_conv_1"][1], rename))], tmp_path / "generated")
    assert compile_models(tmp_path / "generated", tmp_path / "renamed.so").models["renamed"].classes == 4
