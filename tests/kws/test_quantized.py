"""Quantized models: integers on their grid, a float master copy beside them, and scales frozen once."""

import copy

import pytest
import torch

from kws.features import FEATURE_SCALE
from kws.models import ARCHITECTURES
from kws.quantization import snap, weight_grid
from kws.quantized import (
    LOGITS_GRID,
    Scheme,
    StepQuantizer,
    empty_quantized,
    finish,
    integer_weights,
    quantized,
    weight_bytes,
    weighted_layers,
)
from tests.support_learning import float_model, inputs, quantized_model, state_bytes

WIDTHS = [(8, 8), (3, 8), (3, 3), (2, 8), (2, 2)]
every_architecture = pytest.mark.parametrize("name", ARCHITECTURES)


@every_architecture
@pytest.mark.parametrize("bits, activation_bits", WIDTHS)
def test_weights_are_integers_of_the_width_times_a_scale(bits, activation_bits, name):
    model, high = quantized_model(bits, activation_bits, name=name), weight_grid(bits).high
    for layer in weighted_layers(model).values():
        integers, scales = integer_weights(layer)
        assert integers.dtype == torch.int8 and int(integers.abs().max()) == high
        assert len(scales) == (8 if isinstance(layer, torch.nn.Conv2d) else 1)
        assert torch.equal(layer.weight, integers * scales.view(-1, *[1] * (integers.dim() - 1)))
        assert torch.equal(scales, snap(scales))


def test_two_bits_are_ternary():
    for layer in weighted_layers(quantized_model(2)).values():
        assert integer_weights(layer)[0].unique().tolist() == [-1, 0, 1]


@every_architecture
@pytest.mark.parametrize("bits, activation_bits", WIDTHS)
def test_activations_are_on_their_grid(bits, activation_bits, name):
    model = quantized_model(bits, activation_bits, name=name)
    x, seen = inputs(16), {}
    for place, quantizer in model.activations.items():
        quantizer.register_forward_hook(lambda module, _, out, place=place: seen.update({place: out / module.scale}))
    with torch.no_grad():
        model(x)
    logits = seen.pop("logits").round() + model.activations["logits"].zero_point
    assert logits.min() >= LOGITS_GRID.low and logits.max() <= LOGITS_GRID.high
    assert len(seen) == len(model.names) + model.pooled
    for steps in seen.values():
        torch.testing.assert_close(steps, steps.round(), rtol=0, atol=1e-4)
        assert steps.min() >= 0 and steps.round().max() <= 2**activation_bits - 1


def test_the_logits_of_calibration_fit_and_zero_is_exact():
    model = quantized_model(8)
    scale, zero_point = model.activations["logits"].scale, model.activations["logits"].zero_point
    assert LOGITS_GRID.low <= zero_point <= LOGITS_GRID.high and zero_point.dtype == torch.int64
    plain = copy.deepcopy(model)
    plain.activations["logits"] = torch.nn.Identity()
    with torch.no_grad():
        assert (model(inputs(24)) - plain(inputs(24))).abs().max() <= scale * 0.51


def test_the_float_model_and_its_weights_are_kept():
    model = float_model()
    before = state_bytes(model)
    result = quantized(model, Scheme(3, 8), inputs(24))
    assert state_bytes(model) == before
    for name, layer in weighted_layers(result).items():
        master = layer.parametrizations.weight.original
        assert torch.equal(master, weighted_layers(model)[name].weight)
        assert not torch.equal(master, layer.weight)


@every_architecture
def test_training_moves_the_master_copy_and_the_scales(name):
    model = quantized_model(3, name=name)
    model.activations["logits"] = torch.nn.Identity()  # rounding them would stop every gradient
    before = copy.deepcopy(model.state_dict())
    torch.nn.functional.cross_entropy(model.train()(inputs(24)), torch.arange(24) % 4).backward()
    for name, value in model.named_parameters():
        assert value.grad is not None and value.grad.abs().sum() > 0, name
    with torch.no_grad():
        for value in model.parameters():
            value -= 0.01 * value.grad.sign()
    assert all(not torch.equal(before[name], value) for name, value in model.named_parameters())


@every_architecture
@pytest.mark.parametrize("bits, activation_bits", WIDTHS)
def test_finishing_twice_is_finishing_once(bits, activation_bits, name):
    model = quantized_model(bits, activation_bits, name=name)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, StepQuantizer):
                module.drift += 0.1  # as training leaves it
    once = state_bytes(finish(model, inputs(24)))
    assert state_bytes(finish(model, inputs(24))) == once
    assert all(not value.any() for name, value in model.named_parameters() if name.endswith("drift"))


def test_freezing_takes_what_was_learned():
    quantizer = StepQuantizer(weight_grid(4), torch.tensor([0.5, 0.25]))
    with torch.no_grad():
        quantizer.drift.copy_(torch.tensor([0.2, -0.3]))
    wanted = snap(torch.tensor([0.5, 0.25]) * torch.tensor([0.2, -0.3]).exp())
    quantizer.freeze()
    assert torch.equal(quantizer.scale, wanted) and not quantizer.drift.any()


def test_more_bits_are_nearer_to_the_float_model():
    with torch.no_grad():
        wanted = float_model()(inputs(24))
        errors = [float((quantized_model(bits)(inputs(24)) - wanted).square().mean()) for bits in (2, 4, 8)]
    assert errors[0] > 4 * errors[1] > 16 * errors[2]


@pytest.mark.parametrize("bits, size", [(8, 16_640), (4, 8_320), (3, 240 + 6_000), (2, 160 + 4_000)])
def test_weight_bytes_are_packed(bits, size):
    assert weight_bytes(quantized_model(bits), bits) == weight_bytes(float_model(), bits) == size


@every_architecture
def test_an_empty_model_takes_a_states_keys_and_shapes(name):
    model = quantized_model(3, 8, name=name)
    empty = empty_quantized(model.architecture(), model.state_dict())
    empty.load_state_dict(model.state_dict())
    with torch.no_grad():
        assert torch.equal(empty(inputs(8)), model(inputs(8)))


@pytest.mark.parametrize(
    "scheme", [{"minifloat": (2, 1)}, {"weight_symmetry": "asymmetric"}, {"granularity": "tensor"}]
)
def test_other_schemes_are_read_back_as_they_were(scheme):
    model = quantized_model(4, **scheme)
    empty = empty_quantized(model.architecture(), model.state_dict())
    empty.load_state_dict(model.state_dict())
    with torch.no_grad():
        assert torch.equal(empty(inputs(8)), model(inputs(8)))


def test_granularity_is_the_number_of_a_convolutions_scales():
    sizes = {
        kind: quantized_model(4, granularity=kind).conv.parametrizations.weight[0].scale.shape
        for kind in ("channel", "tensor")
    }
    assert sizes == {"channel": (8, 1, 1, 1), "tensor": (1, 1, 1, 1)}


def test_symmetric_activations_use_half_of_the_integers():
    quantizers = [
        quantized_model(4, 4, activation_symmetry=kind).activations["conv"] for kind in ("asymmetric", "symmetric")
    ]
    assert [float(one.high) for one in quantizers] == [15, 7] and quantizers[0].scale < quantizers[1].scale


def test_a_corrected_layer_keeps_its_mean_output():
    model, plain, source = quantized_model(2, bias_correction=True), quantized_model(2), float_model()
    with torch.no_grad():
        wanted, found, without = (one.conv(inputs(24)[:, None]).mean((0, 2, 3)) for one in (source, model, plain))
        unit = FEATURE_SCALE * model.conv.parametrizations.weight[0].scale.flatten()  # biases count it
    assert ((found - wanted).abs() <= 0.51 * unit).all() and (without - wanted).abs().max() > 2 * unit.max()
