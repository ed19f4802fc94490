"""The order of a graph: whoever walks its operators finds every tensor computed before it is read, and once."""

from kws.errors import ModelError
from kws.tflite.graph import Graph, Operator, Tensor


def check_dataflow(graph: Graph) -> None:
    """Refuse a graph that could not be run operator by operator, whatever its operators are.

    Raises:
        ModelError: an input of the graph is a constant or comes twice; an operator reads what is not computed yet (its
            own output, for one), or writes a constant, an input or what was written before; an output is not computed.
    """
    computed: set[int] = set()
    for tensor in graph.inputs:
        _write(tensor, computed, "the graph's inputs")
    for operator in graph.operators:
        for tensor in operator.inputs:
            if tensor is not None:
                _check_read(operator, tensor, computed)
        for tensor in operator.outputs:
            _write(tensor, computed, operator.place)
    for tensor in graph.outputs:
        if tensor.index not in computed:
            raise ModelError(f"{tensor.place} is an output of the graph, and no operator computes it: convert again.")


def _check_read(operator: Operator, tensor: Tensor, computed: set[int]) -> None:
    if tensor.data is not None or tensor.index in computed:
        return
    own = any(tensor.index == output.index for output in operator.outputs)
    reason = "which is its own output" if own else "which no operator before it computes"
    raise ModelError(f"{operator.place} reads {tensor.place}, {reason}: the .tflite is damaged, convert again.")


def _write(tensor: Tensor, computed: set[int], place: str) -> None:
    if tensor.data is not None:
        raise ModelError(f"{place}: {tensor.place} is a constant and cannot be written: convert the model again.")
    if tensor.index in computed:
        raise ModelError(f"{place}: {tensor.place} is written a second time: the .tflite is damaged, convert again.")
    computed.add(tensor.index)
