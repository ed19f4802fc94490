"""The order of a graph, on graphs made by hand."""

import numpy as np
import pytest

from kws.errors import ModelError
from kws.tflite.dataflow import check_dataflow
from kws.tflite.graph import Graph, Operator, Tensor

T = [Tensor(index, f"t{index}", (1,), "int8", None, None) for index in range(5)]
WEIGHTS = Tensor(5, "weights", (1,), "int8", None, np.zeros(1, np.int8))


def graph(
    *operators: tuple[tuple[Tensor | None, ...], tuple[Tensor, ...]], outputs: tuple[Tensor, ...] = (T[2],)
) -> Graph:
    made = tuple(Operator(index, "ADD", *ends, {}) for index, ends in enumerate(operators))
    return Graph((T[0],), outputs, made)


@pytest.mark.parametrize(
    "good",
    [
        graph(((T[0], WEIGHTS, None), (T[1],)), ((T[1],), (T[2],))),
        graph(((T[0],), (T[1],)), ((T[0], T[1]), (T[2],))),  # a branch, joined again
        graph(((T[0],), (T[1], T[2]))),
        graph(outputs=(T[0],)),
    ],
)
def test_what_can_be_run_in_order_passes(good: Graph):
    check_dataflow(good)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (graph(((T[2],), (T[2],))), "operator 0 ADD reads tensor 2 't2', which is its own output"),
        (
            graph(((T[1],), (T[2],)), ((T[2],), (T[1],))),
            "operator 0 ADD reads tensor 1 't1', which no operator before it",
        ),
        (graph(((T[0],), (T[2],)), ((T[0],), (T[2],))), "operator 1 ADD: tensor 2 't2' is written a second time"),
        (graph(((T[0],), (T[2], T[2]))), "operator 0 ADD: tensor 2 't2' is written a second time"),
        (graph(((T[0],), (T[0],)), outputs=(T[0],)), "operator 0 ADD: tensor 0 't0' is written a second time"),
        (graph(((T[0],), (WEIGHTS,))), "operator 0 ADD: tensor 5 'weights' is a constant"),
        (graph(((T[0],), (T[1],))), "tensor 2 't2' is an output of the graph, and no operator computes it"),
        (Graph((WEIGHTS,), (WEIGHTS,), ()), "the graph's inputs: tensor 5 'weights' is a constant"),
        (Graph((T[0], T[0]), (T[0],), ()), "the graph's inputs: tensor 0 't0' is written a second time"),
    ],
)
def test_what_cannot_is_refused_with_its_place(bad: Graph, message: str):
    with pytest.raises(ModelError, match=message):
        check_dataflow(bad)
