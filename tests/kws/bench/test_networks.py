"""The models of the bench are those that the README and MLPerf Tiny speak of."""

import pytest

from kws.bench.networks import bench_models
from kws.codegen.lowering import lower
from kws.estimate import cost
from kws.models import build
from kws.tflite.reader import read_graph


@pytest.fixture(scope="module")
def networks():
    return {model.name: lower(read_graph(model.tflite)) for model in bench_models()}


def macs(network) -> int:
    return sum(layer.macs for layer in network.layers)


def test_they_are_as_large_as_the_architectures(networks):
    tiny, ds_cnn = (
        cost(build({"name": name, "filters": n, "classes": 4})).macs for name, n in (("tiny_conv", 8), ("ds_cnn", 64))
    )
    assert macs(networks["tiny_conv"]) == macs(networks["tiny_conv_w3"]) == tiny == 336_000
    assert macs(networks["tiny_conv_4_filters"]) == tiny / 2
    assert macs(networks["ds_cnn"]) == ds_cnn == 5_312_256


def test_mlperf_tinys_own_shape(networks):
    network = networks["ds_cnn_mlperf_tiny"]
    assert (network.input_bytes, network.classes, macs(network)) == (490, 12, 2_656_768)


def test_three_bits_are_stored_in_three(networks):
    bits = {layer.weighted.storage.bits for layer in networks["tiny_conv_w3"].layers if layer.weighted}
    assert bits == {3}


def test_the_same_bytes_each_time():
    assert bench_models() == bench_models()
