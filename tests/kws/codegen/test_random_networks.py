"""Networks drawn by hypothesis, of all operators: the generated C gives TFLite's bytes, on the host and on the board.

tools/random_networks.py does the same with thousands. A network that differs is made as small as it still differs.
"""

from collections import Counter

import numpy as np
import pytest

from kws.codegen.buffers import INPUT, LOGITS, lifetimes, place
from kws.codegen.cortex_m4.numbers import kernels_of
from kws.codegen.lowering import LOWERINGS, lower
from kws.params import FrontEnd
from kws.tflite.reader import read_graph
from tests.support_differences import board_outputs, differing, host_outputs, reference
from tests.support_learning import PARAMS
from tests.support_networks import Network, drawn, smallest

COUNT, ON_THE_BOARD, COMPILED_ALONE, SEED = 60, 24, 180, 1


@pytest.fixture(scope="module")
def networks() -> list[Network]:
    return drawn(COUNT, SEED)


@pytest.fixture(scope="module")
def many() -> list[Network]:
    return drawn(COMPILED_ALONE, SEED + 1)


@pytest.fixture(scope="module")
def wanted(networks) -> list[np.ndarray]:
    return [reference(network) for network in networks]


def test_the_host_gives_the_reference_interpreters_bytes(networks, wanted):
    bytes_of = dict(zip(networks, differing(wanted, host_outputs(networks)), strict=True))
    if any(bytes_of.values()):
        pytest.fail(f"the smallest network that differs: {smallest(lambda n: _differs(n, bytes_of), COUNT, SEED)}")


def _differs(network: Network, known: dict[Network, int]) -> bool:
    if network not in known:
        known[network] = differing([reference(network)], host_outputs([network]))[0]
    return known[network] > 0


def test_the_board_gives_the_reference_interpreters_bytes(networks, wanted):
    outputs = board_outputs(networks[-ON_THE_BOARD:], FrontEnd(**PARAMS["front_end"]))
    found = zip(networks[-ON_THE_BOARD:], differing(wanted[-ON_THE_BOARD:], outputs), strict=True)
    assert {network: count for network, count in found if count} == {}


def test_the_networks_are_worth_it(many, wanted):
    """They branch, use every operator, and most do not give the same whatever they are given."""
    graphs = [read_graph(network.tflite) for network in many]
    kinds = Counter(operator.kind for graph in graphs for operator in graph.operators)
    assert set(kinds) >= {*LOWERINGS, "RESHAPE", "TRANSPOSE", "DEQUANTIZE"}
    reads = [Counter(t.index for o in graph.operators for t in o.inputs if t and t.data is None) for graph in graphs]
    assert sum(max(counter.values()) > 1 for counter in reads) > len(many) / 5
    assert sum(len(np.unique(outputs, axis=0)) >= len(outputs) / 2 for outputs in wanted) > COUNT * 2 / 3


def test_no_two_tensors_that_live_at_once_overlap(many):
    """By brute force: in each step, each byte of the arena is held by one place alone."""
    shared = 0
    for network in (lower(read_graph(network.tflite)) for network in many):
        placement, kernels, lives = place(network), kernels_of(network), lifetimes(network)
        assert [t for t, at in placement.tensors.items() if at == INPUT] == [network.input.tensor]
        assert placement.tensors[network.output.tensor] == LOGITS
        sizes = {
            layer.writes: max(layer.output_bytes, kernel.output_bytes if kernel else 0)
            for layer, kernel in zip(network.layers, kernels, strict=True)
        }
        for step, layer in enumerate(network.layers):
            live = [t for t in sizes if lives[t][0] <= step <= lives[t][1] and t != network.output.tensor]
            in_place = [t for t in layer.in_place if placement.tensors[t] == placement.tensors[layer.writes]]
            shared += len(in_place)
            held: Counter = Counter()
            for tensor in (tensor for tensor in live if tensor not in in_place):
                at = placement.tensors[tensor]
                if at == LOGITS:
                    assert layer.writes == tensor or lives[network.output.tensor][0] > step
                    continue
                assert at >= 0 and at + sizes[tensor] <= placement.arena_bytes
                held.update(range(at, at + sizes[tensor]))
            if placement.scratch[step] is not None:
                held.update(range(placement.scratch[step], placement.scratch[step] + kernels[step].scratch_bytes))
            assert not held or max(held.values()) == 1
    assert shared > 10  # so that what is computed in place is among them
