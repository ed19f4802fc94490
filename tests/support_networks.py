"""Random networks of all operators as hypothesis strategies: whole graphs, small, that shrink to the smallest.

Network: the shape of its input, layers for support_tflite.build, and how scales are drawn; `tflite` are its bytes.
drawn(count, seed): so many different networks, the same for the same numbers.
smallest(fails, seed): the smallest network found for which `fails` holds.
"""

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import hypothesis
import numpy as np
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from kws.codegen.lowering import lower
from kws.errors import ModelError
from kws.tflite.reader import read_graph
from tests.support_tflite import Conv, Dense, Depthwise, build, with_power_of_two_scales
from tests.support_tflite_operators import (
    NONE,
    RELU,
    RELU6,
    SAME,
    VALID,
    Add,
    AveragePool,
    From,
    Logistic,
    MaxPool,
    Mean,
    Pad,
    Plain,
    Quantize,
    Relu,
    Relu6,
    Reshape,
    Softmax,
    Transpose,
    spatial,
)

LARGEST = 1500  # values of a tensor
_ROUNDS = 400  # networks a round of hypothesis draws

Layer = Conv | Depthwise | Dense | Plain
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Network:
    shape: Shape  # of the input, without the batch
    layers: tuple[Layer, ...]
    seed: int
    float_ends: bool = False
    ties: bool = False  # scales that are powers of two

    @cached_property
    def tflite(self) -> bytes:
        """Its bytes."""
        built = build(self.shape, list(self.layers), self.seed, float_ends=self.float_ends)
        return with_power_of_two_scales(built) if self.ties else built

    def inputs(self, count: int) -> np.ndarray:
        """(count, *shape) int8: constant extremes, random extremes, random values."""
        rng = np.random.default_rng(self.seed)
        found = [np.full(self.shape, value, np.int8) for value in (-128, 127)]
        found += [rng.choice(np.array([-128, 127], np.int8), self.shape) for _ in range(2)]
        found += [rng.integers(-128, 128, self.shape).astype(np.int8) for _ in range(count - len(found))]
        return np.stack(found[:count])


def networks() -> st.SearchStrategy:
    """Networks that compute something."""
    return _networks().filter(_computes)


def _computes(network: Network) -> bool:
    """Whether anything is left to do: a RELU can change no value, a PAD add none."""
    try:
        return bool(lower(read_graph(network.tflite)).layers)
    except ModelError as error:
        if "there is no layer to compile" in str(error):
            return False
        raise


@st.composite
def _networks(draw) -> Network:
    """One to eight layers; now and then a branch, joined again where shapes allow."""
    shape = (draw(st.integers(1, 10)), draw(st.integers(1, 10)), draw(st.sampled_from([1, 2, 3, 4, 4, 8, 5])))
    shapes, layers = [(1, *shape)], []
    for _ in range(draw(st.sampled_from(range(1, 9)))):
        layer, result = draw(draw(st.sampled_from(_kinds(shapes[-1])))(shapes))
        layers.append(layer)
        shapes.append(result)
    if all(isinstance(layer, From | Reshape | Transpose) for layer in layers) or isinstance(layers[-1], From):
        layers.append(MaxPool((1, 1)) if len(shapes[-1]) == 4 else Relu())  # something to compute at the end
    seed, float_ends, ties = draw(st.integers(0, 2**16)), draw(st.integers(0, 5)) == 5, draw(st.integers(0, 5)) == 5
    softmax = any(isinstance(layer, Softmax | Logistic | Relu6) for layer in layers)
    return Network(shape, tuple(layers), seed, float_ends, ties and not softmax)


def _kinds(shape: Shape) -> list[Callable[[list[Shape]], st.SearchStrategy]]:
    """Makers of strategies for (layer, its output's shape), each given the shapes of all tensors so far."""
    found = [_unary, _adds, _adds, _dense, _means, _pads, _reshapes, _branches]
    if len(shape) == 4:
        found += [*[_convolutions] * 4, _depthwise, _depthwise, _pools]
    if sum(length > 1 for length in shape) <= 1:
        found.append(_transposes)
    return found


_UNARY = (Relu(), Quantize(), Relu6(), Logistic(), Softmax(), Softmax(0.5))


@st.composite
def _unary(draw, shapes: list[Shape]) -> tuple[Layer, Shape]:
    return draw(st.sampled_from(_UNARY)), shapes[-1]


@st.composite
def _branches(draw, shapes: list[Shape]) -> tuple[Layer, Shape]:
    index = draw(st.integers(0, len(shapes) - 1))
    return From(index), shapes[index]


_activations = st.sampled_from([NONE, RELU, RELU6])
_weights = {"bits": st.integers(2, 8), "per_channel": st.booleans()}


@st.composite
def _windows(draw, shape: Shape) -> dict:
    """Kernel, stride, padding and activation that fit an image."""
    padding = draw(st.sampled_from([SAME, VALID]))
    limits = (6, 6) if padding == SAME else shape[1:3]
    kernel = tuple(draw(st.integers(1, min(limit, 6))) for limit in limits)
    stride = (draw(st.integers(1, 3)), draw(st.integers(1, 3)))
    return {"kernel": kernel, "stride": stride, "padding": padding, "activation": draw(_activations)}


def _seen(shape: Shape, window: dict, channels: int) -> Shape:
    return (1, *spatial(shape[1:3], window["kernel"], window["stride"], window["padding"]), channels)


@st.composite
def _convolutions(draw, shapes: list[Shape]) -> tuple[Layer, Shape]:
    shape = shapes[-1]
    window = draw(_windows(shape))
    image = math.prod(_seen(shape, window, 1))
    filters = draw(st.integers(1, max(1, min(12, LARGEST // image))))
    bits = draw(_weights["bits"])
    int4 = bits <= 4 and draw(st.booleans())
    layer = Conv(filters, bits=bits, per_channel=draw(_weights["per_channel"]), int4=int4, **window)
    return layer, _seen(shape, window, filters)


@st.composite
def _depthwise(draw, shapes: list[Shape]) -> tuple[Layer, Shape]:
    shape = shapes[-1]
    window = draw(st.one_of(_windows(shape), st.just({"kernel": (3, 3), "activation": RELU})))
    window = {"stride": (1, 1), "padding": SAME} | window
    multiplier = draw(st.sampled_from([1, 1, 1, 2, 3])) if math.prod(shape) * 3 <= LARGEST else 1
    layer = Depthwise(multiplier=multiplier, bits=draw(_weights["bits"]), bias=draw(st.booleans()), **window)
    return layer, _seen(shape, window, shape[3] * multiplier)


@st.composite
def _pools(draw, shapes: list[Shape]) -> tuple[Layer, Shape]:
    shape = shapes[-1]
    window = draw(_windows(shape))
    return draw(st.sampled_from([AveragePool, MaxPool]))(**window), _seen(shape, window, shape[3])


@st.composite
def _dense(draw, shapes: list[Shape]) -> tuple[Layer, Shape]:
    shape = shapes[-1]
    units, rows = draw(st.integers(1, 12)), len(shape) > 1 and draw(st.booleans())
    rows = rows and math.prod(shape[:-1]) * units <= LARGEST
    bits, bias = draw(_weights["bits"]), draw(st.booleans())
    int4 = bits <= 4 and draw(st.booleans())
    layer = Dense(units, draw(_activations), bits, rows, bias, draw(_weights["per_channel"]), int4=int4)
    return layer, (*shape[:-1], units) if rows else (1, units)


@st.composite
def _means(draw, shapes: list[Shape]) -> tuple[Layer, Shape]:
    shape = shapes[-1]
    axes = draw(st.lists(st.integers(0, len(shape) - 1), min_size=1, max_size=3, unique=True))
    axes = (1, 2) if len(shape) == 4 and draw(st.booleans()) else tuple(axes)
    keep_dims = len(set(axes)) == len(shape) or draw(st.booleans())
    kept = [1 if axis in axes else length for axis, length in enumerate(shape) if keep_dims or axis not in axes]
    written = tuple(axis - draw(st.sampled_from([0, len(shape)])) for axis in axes)
    return Mean(keep_dims, written, same=draw(st.booleans())), tuple(kept)


@st.composite
def _pads(draw, shapes: list[Shape]) -> tuple[Layer, Shape]:
    shape = shapes[-1]
    last = len(shape) - 1
    sides = [(0, 0), *(tuple(draw(st.integers(0, 2 if axis < last else 1)) for _ in (0, 1)) for axis in range(1, last))]
    sides += [draw(st.sampled_from([(0, 0), (0, 0), (1, 2)]))] if last else []
    result = tuple(length + sum(side) for length, side in zip(shape, sides, strict=True))
    if math.prod(result) > LARGEST:
        return Relu(), shape
    return Pad(tuple(sides), draw(st.sampled_from([None, None, -3]))), result


@st.composite
def _reshapes(draw, shapes: list[Shape]) -> tuple[Layer, Shape]:
    shape = shapes[-1]
    size = math.prod(shape)
    first = draw(st.sampled_from([n for n in range(1, size + 1) if size % n == 0]))
    target = draw(st.sampled_from([(size,), (first, size // first), (1, first, size // first)]))
    return Reshape(target), (1, *target)


@st.composite
def _transposes(draw, shapes: list[Shape]) -> tuple[Layer, Shape]:
    shape = shapes[-1]
    permutation = (0, *draw(st.permutations(range(1, len(shape)))))
    return Transpose(permutation), tuple(shape[axis] for axis in permutation)


@st.composite
def _adds(draw, shapes: list[Shape]) -> tuple[Layer, Shape]:
    """With an earlier tensor where one fits, or with a constant of the shape or part of it."""
    shape, activation, swapped = shapes[-1], draw(_activations), draw(st.booleans())
    fitting = [index for index, other in enumerate(shapes) if _fits(other, shape)]
    if draw(st.integers(0, 2)):
        index = draw(st.sampled_from(fitting))
        return Add(index, None, activation, swapped), tuple(np.broadcast_shapes(shapes[index], shape))
    constant = tuple(length if draw(st.booleans()) else 1 for length in shape)
    return Add(0, constant[draw(st.integers(0, len(shape) - 1)) :], activation, swapped), shape


def _fits(first: Shape, second: Shape) -> bool:
    pairs = itertools.zip_longest(reversed(first), reversed(second), fillvalue=1)
    return all(a == b or 1 in (a, b) for a, b in pairs) and math.prod(np.broadcast_shapes(first, second)) <= LARGEST


def _settings(examples: int, *phases: Phase) -> settings:
    return settings(
        max_examples=examples,
        phases=phases,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )


def drawn(count: int, seed: int) -> list[Network]:
    """So many networks, no two alike."""
    found: dict[Network, None] = {}
    for number in itertools.count():

        @hypothesis.seed(1000 * seed + number)
        @_settings(min(_ROUNDS, 2 * count), Phase.generate)
        @given(networks())
        def note(network: Network) -> None:
            found.setdefault(network)

        note()
        if len(found) >= count:
            return list(found)[:count]
    return []


def smallest(fails: Callable[[Network], bool], examples: int, seed: int) -> Network:
    """The smallest network that fails, where one of the first `examples` of this seed does; raises otherwise."""
    return hypothesis.find(
        networks(),
        fails,
        settings=_settings(examples, Phase.generate, Phase.shrink),
        random=np.random.RandomState(seed),
    )
