"""A graph with some operators exchanged: what the folding passes (folding_*.py) have in common."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from kws.tflite.graph import Graph, Operator, Tensor


def producer_of(graph: Graph, tensor: Tensor | None) -> Operator | None:
    """The operator that computes a tensor; None for constants and the graph's inputs."""
    return next((op for op in graph.operators if tensor in op.outputs), None)


def readers_of(graph: Graph, tensor: Tensor) -> list[Operator]:
    """The operators that read a tensor."""
    return [op for op in graph.operators if tensor in op.inputs]


def with_operators(graph: Graph, operators: Sequence[Operator]) -> Graph:
    """The graph of other operators, without those that nobody reads."""
    wanted = set(graph.outputs)
    kept: list[Operator] = []
    for operator in reversed(operators):
        if wanted.intersection(operator.outputs):
            kept.append(operator)
            wanted |= {tensor for tensor in operator.inputs if tensor is not None}
    return replace(graph, operators=tuple(reversed(kept)))


def rewritten(graph: Graph, rewrite: Callable[[Graph, Operator], Operator]) -> Graph:
    """Every operator as `rewrite(graph so far, operator)` has it, in order of execution."""
    for position in range(len(graph.operators)):
        operators = list(graph.operators)
        operators[position] = rewrite(graph, operators[position])
        graph = replace(graph, operators=tuple(operators))
    return with_operators(graph, graph.operators)


def reading(operator: Operator, number: int, tensor: Tensor) -> Operator:
    """The operator with another input."""
    inputs = (*operator.inputs[:number], tensor, *operator.inputs[number + 1 :])
    return replace(operator, inputs=inputs)
