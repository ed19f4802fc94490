"""The primitives against torch's own fake-quantizers, and scales that a .tflite holds exactly."""

import ml_dtypes
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some

from kws.quantization import (
    Grid,
    LearnedStep,
    choose_scale,
    choose_scale_and_zero,
    fake_quantize,
    minifloat_grid,
    quantize,
    snap,
    unsigned_grid,
    weight_grid,
)

METHODS = ["min_max", "percentile", "mse"]
SCALES = some.floats(2.0**-24, 1e4, width=32)


def values(seed: int = 0, shape=(6, 500)) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)) * 3


@pytest.mark.parametrize("bits", range(2, 9))
def test_grids(bits):
    weights, activations = weight_grid(bits), unsigned_grid(bits)
    assert weights.low == -weights.high and weights.high - weights.low + 1 == 2**bits - 1
    assert activations == Grid(0, 2**bits - 1) and activations.mantissa is None
    assert weight_grid(2)[:2] == (-1, 1) and weight_grid(8)[:2] == (-127, 127)


@pytest.mark.parametrize("zero_point", [-128, -3, 0, 90])
@pytest.mark.parametrize("scale", [0.5, 0.03125, 0.25])
def test_fake_quantize_is_torchs_for_a_tensor(scale, zero_point):
    """Scales are powers of two, so that x / scale here and x * (1 / scale) there are the same float."""
    wanted = torch.fake_quantize_per_tensor_affine(values(), scale, zero_point, -128, 127)
    assert torch.equal(fake_quantize(values(), torch.tensor(scale), Grid(-128, 127), zero_point), wanted)


def test_fake_quantize_is_torchs_for_a_channel():
    scales = torch.tensor([2.0**-i for i in range(6)])
    wanted = torch.fake_quantize_per_channel_affine(values(), scales, torch.zeros(6, dtype=torch.int32), 0, -127, 127)
    assert torch.equal(fake_quantize(values(), scales[:, None], weight_grid(8)), wanted)


@pytest.mark.parametrize("scale", [0.1, 0.0123, 1.7])
def test_fake_quantize_is_within_a_step_of_torchs_for_any_scale(scale):
    wanted = torch.fake_quantize_per_tensor_affine(values(), scale, 0, -128, 127)
    found = fake_quantize(values(), torch.tensor(scale), Grid(-128, 127))
    assert (found != wanted).float().mean() < 0.01  # ties, seen differently after another rounding
    assert (found - wanted).abs().max() < scale * 1.001


def learned(x: torch.Tensor, scale: torch.Tensor, grid: Grid) -> torch.Tensor:
    return LearnedStep.apply(x, scale, torch.tensor(float(grid.low)), torch.tensor(float(grid.high)), grid.mantissa)[0]


def test_halves_go_to_even_and_ends_are_kept():
    x = torch.tensor([0.5, 1.5, 2.5, -0.5, -1.5, 999.0, -999.0])
    assert quantize(x, torch.tensor(1.0), Grid(-128, 127)).tolist() == [0, 2, 2, 0, -2, 127, -128]
    assert quantize(x, torch.tensor(1.0), Grid(-128, 127), 100).tolist() == [100, 102, 102, 100, 98, 127, -128]


@pytest.mark.parametrize("grid", [weight_grid(8), weight_grid(3), weight_grid(2), unsigned_grid(4)])
def test_learned_steps_gradients_are_torchs(grid):
    """torch takes the gradient's weight as an argument; beyond the grid both give 0 to x and the end to the scale."""
    x, scale = values().abs() if grid.low == 0 else values(), torch.tensor([0.25])
    ours, theirs = (tensor.clone().requires_grad_() for tensor in (x, x))
    our_scale, their_scale = (tensor.clone().requires_grad_() for tensor in (scale, scale))
    weight = (x.numel() * grid.high) ** -0.5
    there = torch._fake_quantize_learnable_per_tensor_affine(
        theirs, their_scale, torch.zeros(1), grid.low, grid.high, weight
    )
    here = learned(ours, our_scale, grid)
    assert torch.equal(here, there)
    upstream = torch.randn(x.shape, generator=torch.Generator().manual_seed(1))
    here.backward(upstream)
    there.backward(upstream)
    edge = ((x / scale).round() >= grid.low) & ((x / scale).round() <= grid.high)
    inside = ((x / scale) >= grid.low) & ((x / scale) <= grid.high)
    same = edge == inside  # between an end and half a step beyond it the two definitions of `inside` differ
    assert torch.equal(ours.grad[same], theirs.grad[same])
    differing = (upstream * torch.where(edge, (x / scale).round() - x / scale, torch.zeros_like(x)))[~same]
    by_end = (upstream * here.detach() / scale)[~same]
    wanted = their_scale.grad + (by_end - differing).sum() * weight
    torch.testing.assert_close(our_scale.grad, wanted, rtol=1e-4, atol=1e-5)


def test_a_scales_gradient_is_the_papers():
    """Esser et al., equation 3, number by number; per channel each scale sees its own row."""
    x = torch.tensor([[0.3, 0.9, 5.0], [-5.0, -0.2, 1.1]])
    scale = torch.tensor([[0.5], [1.0]], requires_grad=True)
    learned(x, scale, Grid(-3, 3)).sum().backward()
    rows = [(1 - 0.6) + (2 - 1.8) + 3, -3 + (0 + 0.2) + (1 - 1.1)]
    np.testing.assert_allclose(scale.grad.flatten(), np.array(rows) / np.sqrt(3 * 3), rtol=1e-5)


@given(SCALES)
@settings(max_examples=300, deadline=None)
def test_127_times_a_snapped_scale_is_exact_in_float32(scale):
    snapped = snap(torch.tensor([scale], dtype=torch.float32)).numpy()
    assert float(np.float32(127) * snapped[0]) == 127 * float(snapped[0])
    assert float(snapped[0]) == pytest.approx(scale, rel=2.0**-16)
    assert snap(torch.from_numpy(snapped)).numpy() == snapped


def test_a_scale_of_nothing_is_small_and_not_zero():
    for method in METHODS:
        assert (choose_scale(torch.zeros(2, 9), weight_grid(4), method) == 2.0**-24).all()


@pytest.mark.parametrize("bits", range(2, 9))
@pytest.mark.parametrize("shape", [(4, 80), (1, 16_000)])
def test_mse_is_no_worse_than_min_max(bits, shape):
    x, grid = values(bits, shape), weight_grid(bits)
    errors = {
        method: (fake_quantize(x, choose_scale(x, grid, method)[:, None], grid) - x).square().mean(1)
        for method in ("min_max", "mse")
    }
    assert (errors["mse"] <= errors["min_max"]).all()
    if bits <= 4:  # where few integers are left, less range pays
        assert (errors["mse"] < 0.97 * errors["min_max"]).all()


def test_min_max_reaches_the_largest_and_percentile_leaves_some_out():
    x, grid = values(), weight_grid(6)
    largest = x.abs().amax(1)
    torch.testing.assert_close(choose_scale(x, grid, "min_max") * grid.high, largest, rtol=2.0**-15, atol=0)
    assert torch.equal(choose_scale(x, grid, "percentile", 100.0), choose_scale(x, grid, "min_max"))
    ends = choose_scale(x, grid, "percentile", 90.0)[:, None] * grid.high
    assert ((x.abs() > ends).float().mean(1) - 0.1).abs().max() < 0.01


@pytest.mark.parametrize("method", METHODS)
def test_a_row_has_a_scale_of_its_own(method):
    x = values()
    together = choose_scale(x, weight_grid(4), method, 99.0)
    assert together.shape == (6,) and together.dtype == torch.float32
    for row, scale in zip(x, together, strict=True):
        torch.testing.assert_close(choose_scale(row[None], weight_grid(4), method, 99.0)[0], scale, rtol=1e-6, atol=0)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("bits", [2, 4, 8])
def test_an_asymmetric_quantizer_is_torchs_with_its_zero_point(bits, method):
    x = values() + torch.linspace(-2, 2, 6)[:, None]
    scale, grid = choose_scale_and_zero(x, bits, method, 99.0)
    zero_points = -grid.low.flatten().to(torch.int32)
    assert torch.equal(grid.high - grid.low, torch.full((6, 1), 2.0**bits - 1)) and (zero_points >= 0).all()
    wanted = torch.fake_quantize_per_channel_affine(x, scale, zero_points, 0, 0, 2**bits - 1)
    torch.testing.assert_close(fake_quantize(x, scale[:, None], grid), wanted, rtol=0, atol=float(scale.max()) * 1e-4)
    assert not fake_quantize(torch.zeros(6, 1), scale[:, None], grid).any()


def test_asymmetry_pays_where_values_are_on_one_side():
    x = values().abs()
    scale, grid = choose_scale_and_zero(x, 4, "mse")
    lopsided = (fake_quantize(x, scale[:, None], grid) - x).square().mean()
    symmetric = choose_scale(x, weight_grid(4), "mse")
    assert lopsided < 0.5 * (fake_quantize(x, symmetric[:, None], weight_grid(4)) - x).square().mean()


@pytest.mark.parametrize(
    "name", ["float4_e2m1fn", "float6_e2m3fn", "float6_e3m2fn", "float8_e3m4", "float8_e4m3b11fnuz"]
)
def test_minifloats_are_those_of_ml_dtypes(name):
    """Another library's formats, whose smallest subnormal is the scale; their largest values may be kept for others."""
    exponent, mantissa = int(name.split("_e")[1][0]), int(name.split("m")[1][0])
    dtype = np.dtype(getattr(ml_dtypes, name))
    smallest = float(ml_dtypes.finfo(dtype).smallest_subnormal)
    grid = minifloat_grid(exponent, mantissa)
    largest = min(float(ml_dtypes.finfo(dtype).max), grid.high * smallest)
    x = np.concatenate([np.linspace(-largest, largest, 20_001), np.geomspace(smallest / 4, largest, 999)])
    x = x.astype(np.float32)
    found = fake_quantize(torch.from_numpy(x), torch.tensor(smallest), grid).numpy()
    np.testing.assert_array_equal(found, x.astype(dtype).astype(np.float32))
    if name.endswith("fn"):
        assert grid.high * smallest == largest


def test_a_minifloat_without_mantissa_is_powers_of_two():
    x = torch.linspace(-9, 9, 2001)
    assert quantize(x, torch.tensor(1.0), minifloat_grid(2, 0)).unique().tolist() == [-4, -2, -1, 0, 1, 2, 4]
    assert minifloat_grid(3, 2).high == 448 and minifloat_grid(2, 1).high == 12


def test_models_side_by_side_learn_the_same_steps():
    """Under vmap, with another grid for each model, what each gives and learns is what it does alone."""
    x, scales = values()[None] * torch.tensor([1.0, 2, 3]).view(3, 1, 1), torch.rand(3, 6, 1) + 0.1
    highs = torch.tensor([1.0, 7, 127])
    inputs = [one.clone().requires_grad_() for one in (x, scales)]

    def call(x, scale, high):
        return LearnedStep.apply(x, scale, -high, high, None)[0]

    together = torch.func.vmap(call)(*inputs, highs)
    upstream = torch.randn(x.shape, generator=torch.Generator().manual_seed(1))
    together.backward(upstream)
    for place, high in enumerate(highs.tolist()):
        alone = [one[place].clone().requires_grad_() for one in (x, scales)]
        output = learned(*alone, Grid(-high, high))
        output.backward(upstream[place])
        assert torch.equal(output, together[place])
        assert torch.equal(alone[0].grad, inputs[0].grad[place])
        torch.testing.assert_close(alone[1].grad, inputs[1].grad[place], rtol=1e-5, atol=1e-6)
