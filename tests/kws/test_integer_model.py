"""The simulation in integers gives the bytes of TFLite's reference kernels, and nearly what torch's floats give."""

import numpy as np
import pytest
import torch

from kws import integer_model
from kws.dataset import as_input
from kws.errors import ModelError
from kws.integer_model import IntegerModel
from kws.quantized import is_deployable
from kws.tflite.interpreter import reference_logits
from tests.support_conversion import SIMULATED
from tests.support_learning import dataset, quantized_model


def features() -> np.ndarray:
    """Made-up clips, noise over the whole range, and both ends of it."""
    noise = np.random.default_rng(0).integers(-128, 128, (40, 49, 40)).astype(np.int8)
    ends = np.stack([np.full((49, 40), end, np.int8) for end in (-128, 127)])
    return np.concatenate([dataset().testing_features, noise, ends])


@pytest.mark.parametrize("name", SIMULATED)
def test_bytes_are_tflites(converted, name):
    found = IntegerModel(quantized_model(**SIMULATED[name])).logits(features())
    assert found.dtype == np.int8 and len(np.unique(found)) > 20
    np.testing.assert_array_equal(found, reference_logits((converted / f"{name}.tflite").read_bytes(), features()))


@pytest.mark.parametrize("name", ["tiny_conv", "ds_cnn"])
def test_logits_are_near_torchs(name):
    model = quantized_model(8, name=name)
    with torch.no_grad():
        wanted = model(torch.from_numpy(as_input(dataset().testing_features)))
    logits = model.activations["logits"]
    steps = torch.round(wanted / logits.scale + logits.zero_point).numpy()
    off = np.abs(IntegerModel(model).logits(dataset().testing_features) - steps)
    assert np.mean(off <= 1) > 0.97 and off.max() <= 2


@pytest.mark.parametrize("bits", [8, 2])
@pytest.mark.parametrize("name", ["tiny_conv", "ds_cnn"])
def test_the_second_rounding_is_all_that_torch_lacks(name, bits, monkeypatch):
    """Rounded once, the same integers are torch's but for sums in another order next to a half."""
    monkeypatch.setattr(integer_model, "_rounded_twice", rounded_once)
    model = quantized_model(bits, name=name)
    logits = model.activations["logits"]
    with torch.no_grad():
        values = model(torch.from_numpy(as_input(dataset().testing_features)))
    wanted = torch.round(values / logits.scale + logits.zero_point).numpy()
    assert np.mean(IntegerModel(model).logits(dataset().testing_features) == wanted) > 0.98


def rounded_once(sums: torch.Tensor, multipliers: torch.Tensor, shifts: torch.Tensor) -> torch.Tensor:
    """What exact arithmetic gives."""
    return torch.round(sums.double() * multipliers * torch.exp2((shifts - 31).double())).to(torch.int64)


def test_what_no_tflite_holds_is_refused():
    for scheme in ({"minifloat": (3, 2)}, {"weight_symmetry": "asymmetric"}, {"activation_bits": 4}):
        model = quantized_model(8, **scheme)
        assert not is_deployable(model)
        with pytest.raises(ModelError, match=r"int8|8 bits are needed"):
            IntegerModel(model)
    assert is_deployable(quantized_model(8)) and is_deployable(quantized_model(4, minifloat=(2, 1)))
