"""Shapes that a .tflite computes at run time are known when it is compiled; one that is unknown or wrong is refused."""

import numpy as np
import pytest

from kws.codegen.folding_shapes import SHAPE_OPERATORS, without_shape_arithmetic
from kws.codegen.lowering import lower
from kws.errors import ModelError
from kws.tflite.graph import Graph, Operator, Tensor

TAKEN = {"shrinkAxisMask": 1, "beginMask": 0, "endMask": 0, "ellipsisMask": 0, "newAxisMask": 0}


def tensor(index, shape, data=None, dtype="int32"):
    return Tensor(index, f"t{index}", shape, dtype, None, None if data is None else np.array(data, np.int32))


IMAGE, FLAT = tensor(0, (1, 4, 3, 2), dtype="int8"), tensor(1, (1, 24), dtype="int8")
SHAPE, BATCH, TARGET = tensor(2, (4,)), tensor(3, ()), tensor(4, (2,))
BEGIN, END, STEP, COUNT = tensor(5, (1,), [0]), tensor(6, (1,), [1]), tensor(7, (1,), [1]), tensor(8, (), -1)


def flattened(count=COUNT, end=END, options=TAKEN, flat=FLAT, last="PACK", source=IMAGE):
    """As Keras flattens a batch of open size, or nearly so."""
    operators = (
        Operator(0, "SHAPE", (source,), (SHAPE,), {}),
        Operator(1, "STRIDED_SLICE", (SHAPE, BEGIN, end, STEP), (BATCH,), options),
        Operator(2, last, (BATCH, count), (TARGET,), {}),
        Operator(3, "RESHAPE", (IMAGE, TARGET), (flat,), {}),
    )
    return Graph((IMAGE,), (flat,), operators)


@pytest.mark.parametrize("count", [COUNT, tensor(8, (), 24)])
def test_what_flattens_a_batch_is_one_reshape(count):
    (reshape,) = without_shape_arithmetic(flattened(count)).operators
    assert (reshape.kind, reshape.inputs, reshape.outputs) == ("RESHAPE", (IMAGE,), (FLAT,))


def test_a_known_shape_changes_nothing():
    graph = Graph((IMAGE,), (FLAT,), (Operator(0, "RESHAPE", (IMAGE, tensor(4, (2,), [1, 24])), (FLAT,), {}),))
    assert without_shape_arithmetic(graph) is graph


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"count": tensor(8, (), 12)},
            r"operator 3 RESHAPE: its shape comes to \[1, 12\], and the file says \(1, 24\)",
        ),
        ({"count": tensor(8, (), 0)}, r"operator 3 RESHAPE: its shape comes to \[1, 0\]"),
        ({"end": tensor(6, (1,), [2])}, "operator 1 STRIDED_SLICE: only what flattens a batch is known"),
        ({"options": TAKEN | {"beginMask": 1}}, "operator 1 STRIDED_SLICE: only what flattens a batch is known"),
        ({"options": {}}, "operator 1 STRIDED_SLICE: only what flattens a batch is known"),
        ({"last": "MUL"}, "operator 3 RESHAPE: its shape depends on the input"),
        ({"count": IMAGE}, "operator 3 RESHAPE: its shape depends on the input"),
    ],
)
def test_another_shape_is_refused_with_its_place(change, said):
    with pytest.raises(ModelError, match=said):
        without_shape_arithmetic(flattened(**change))


@pytest.mark.parametrize("kind", SHAPE_OPERATORS)
def test_a_shape_that_is_no_reshapes_is_refused_with_what_to_do(kind):
    graph = Graph((IMAGE,), (SHAPE,), (Operator(0, kind, (IMAGE,), (SHAPE,), {}),))
    with pytest.raises(ModelError, match=rf"operator 0 {kind}: .*batch_size=1"):
        lower(graph)
