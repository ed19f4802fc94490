"""Two shapes that are combined value by value: where each operand's value lies for each of the result's."""

from kws.codegen.checks import refuse
from kws.tflite.graph import Operator

AXES = 4  # of the kernels' loops, and of TFLite's broadcasting


def broadcast(operator: Operator, first: tuple[int, ...], second: tuple[int, ...]) -> tuple[list[int], ...]:
    """The result's shape and both operands' strides, AXES each; neighbouring axes that lie in a row are joined.

    An operand that is repeated along an axis has stride 0 there.

    Raises:
        ModelError: the shapes do not fit, or take more than AXES loops.
    """
    rank = max(len(first), len(second))
    pairs = list(zip(_extended(first, rank), _extended(second, rank), strict=True))
    if any((a != b and 1 not in (a, b)) or min(a, b) < 1 for a, b in pairs):
        raise refuse(operator, f"shapes {first} and {second} do not fit together: the .tflite is damaged.")
    joined: list[tuple[int, int]] = []
    for a, b in pairs:
        if joined and _alike(joined[-1], (a, b)):
            joined[-1] = (joined[-1][0] * a, joined[-1][1] * b)
        elif (a, b) != (1, 1):
            joined.append((a, b))
    if len(joined) > AXES:
        raise refuse(operator, f"shapes {first} and {second} take more than {AXES} loops: use fewer axes.")
    joined = [(1, 1)] * (AXES - len(joined)) + joined
    lengths = [max(pair) for pair in joined]
    return lengths, *(_strides([pair[operand] for pair in joined]) for operand in (0, 1))


def _extended(shape: tuple[int, ...], rank: int) -> tuple[int, ...]:
    return (1,) * (rank - len(shape)) + shape


def _alike(before: tuple[int, int], pair: tuple[int, int]) -> bool:
    """Whether two neighbouring axes repeat the same operand, or none."""
    if pair == (1, 1):
        return True
    return all((a == 1) == (b == 1) for a, b in zip(before, pair, strict=True))


def _strides(lengths: list[int]) -> list[int]:
    """Values from one index to the next, 0 along axes of length 1."""
    strides, size = [], 1
    for length in reversed(lengths):
        strides.append(0 if length == 1 else size)
        size *= length
    return strides[::-1]
