"""The quantizer against another library's: TensorFlow's fake_quant operators, at every width, with their gradients."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from kws.quantization import LearnedStep, choose_scale, fake_quantize, unsigned_grid, weight_grid
from tests.conftest import REPOSITORY

THEIRS = """
import sys
from pathlib import Path
import numpy as np
from kws.tflite.imports import import_converter
tensorflow, _, _ = import_converter()
given = np.load(sys.argv[1])
found = {}
for bits in range(2, 9):
    x, low, high = (tensorflow.constant(given[f"{name}{bits}"]) for name in ("x", "low", "high"))
    with tensorflow.GradientTape() as tape:
        tape.watch(x)
        y = tensorflow.quantization.fake_quant_with_min_max_vars_per_channel(x, low, high, bits, narrow_range=True)
    found[f"weights{bits}"], found[f"slopes{bits}"] = y.numpy(), tape.gradient(y, x).numpy()
    top = float(given[f"top{bits}"])
    y = tensorflow.quantization.fake_quant_with_min_max_args(tensorflow.abs(x), 0.0, top, bits)
    found[f"activations{bits}"] = y.numpy()
np.savez(sys.argv[2], **found)
"""
BITS = range(2, 9)


def weights(bits: int) -> torch.Tensor:
    """(50, 6): six channels, last as TensorFlow has them."""
    return torch.randn(50, 6, generator=torch.Generator().manual_seed(bits)) * torch.arange(1.0, 7)


def scales(bits: int) -> torch.Tensor:
    return choose_scale(weights(bits).T, weight_grid(bits), "mse")


@pytest.fixture(scope="module")
def theirs(tmp_path_factory) -> dict[str, np.ndarray]:
    folder, given = tmp_path_factory.mktemp("fake_quant"), {}
    for bits in BITS:
        end = (scales(bits) * weight_grid(bits).high).numpy()
        given |= {f"x{bits}": weights(bits).numpy(), f"low{bits}": -end, f"high{bits}": end}
        given[f"top{bits}"] = np.float32(0.25 * unsigned_grid(bits).high)
    np.savez(folder / "given.npz", **given)
    command = [sys.executable, "-c", THEIRS, str(folder / "given.npz"), str(folder / "found.npz")]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return dict(np.load(folder / "found.npz"))


def same(found: torch.Tensor, wanted: np.ndarray, step: torch.Tensor) -> None:
    """Equal to float32's precision, but for values half-way between two integers: TensorFlow rounds them up."""
    off = (found - torch.from_numpy(wanted)).abs() / step
    assert ((off < 1e-4) | ((off - 1).abs() < 1e-4)).all() and (off > 0.5).float().mean() < 0.01


@pytest.mark.parametrize("bits", BITS)
def test_weights_are_rounded_alike(theirs, bits):
    found = fake_quantize(weights(bits), scales(bits), weight_grid(bits))
    same(found, theirs[f"weights{bits}"], scales(bits))


@pytest.mark.parametrize("bits", BITS)
def test_activations_are_rounded_alike(theirs, bits):
    step = torch.tensor(0.25)
    same(fake_quantize(weights(bits).abs(), step, unsigned_grid(bits)), theirs[f"activations{bits}"], step)


@pytest.mark.parametrize("bits", BITS)
def test_gradients_pass_straight_through_inside_and_stop_outside(theirs, bits):
    x, grid = weights(bits).requires_grad_(), weight_grid(bits)
    bounds = (torch.tensor(float(bound)) for bound in grid[:2])
    LearnedStep.apply(x, scales(bits), *bounds, None)[0].sum().backward()
    at_an_end = ((x.detach().abs() / scales(bits)) - grid.high).abs() < 1e-4
    assert torch.equal(x.grad[~at_an_end], torch.from_numpy(theirs[f"slopes{bits}"])[~at_an_end])
    assert 0 < x.grad.mean() < 1
