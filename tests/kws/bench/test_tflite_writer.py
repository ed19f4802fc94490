"""Files written through the schema: TFLite runs them, and their integers are what was asked for."""

import numpy as np
import pytest

from kws.bench.tflite_writer import TfliteWriter
from kws.tflite.interpreter import reference_logits
from kws.tflite.reader import read_graph


def written(seed: int = 3) -> bytes:
    writer = TfliteWriter((9, 8), seed)
    writer.conv(4, (3, 2), (2, 2), bits=3)
    writer.depthwise((3, 3))
    writer.conv(6, (1, 1))
    writer.mean()
    writer.dense(5)
    return writer.finish()


def test_operators_and_shapes():
    graph = read_graph(written())
    kinds = ["CONV_2D", "DEPTHWISE_CONV_2D", "CONV_2D", "MEAN", "FULLY_CONNECTED"]
    assert [operator.kind for operator in graph.operators] == kinds
    assert [operator.outputs[0].shape[1:] for operator in graph.operators] == [
        (5, 4, 4), (5, 4, 4), (5, 4, 6), (6,), (5,)]  # fmt: skip


@pytest.mark.parametrize(("layer", "bits"), [(0, 3), (1, 8), (2, 8), (4, 8)])
def test_weights_fill_their_width(layer, bits):
    weights = read_graph(written()).operators[layer].inputs[1].data
    assert weights.max() == 2 ** (bits - 1) - 1 and weights.min() >= -weights.max()


def test_the_same_seed_gives_the_same_bytes():
    assert written() == written() != written(seed=4)


def test_tflite_runs_it_and_sums_neither_vanish_nor_saturate():
    clips = np.random.default_rng(0).integers(-128, 128, (20, 9, 8)).astype(np.int8)
    logits = reference_logits(written(), clips)
    assert logits.shape == (20, 5) and len(np.unique(logits)) > 10
    assert (np.abs(logits.astype(int)) < 127).mean() > 0.5


def test_a_pool_keeps_its_inputs_scale():
    writer = TfliteWriter((4, 4), 0)
    writer.conv(2, (2, 2))
    writer.average_pool()
    writer.dense(3)
    pool = read_graph(writer.finish()).operators[1]
    assert pool.kind == "AVERAGE_POOL_2D" and pool.outputs[0].shape == (1, 1, 1, 2)
    assert pool.inputs[0].quantization == pool.outputs[0].quantization
