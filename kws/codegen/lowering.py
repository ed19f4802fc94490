"""Graph to layers: each operator to the kernel that runs it, in one chain from the features to the logits.

RESHAPE makes no code: int8 in row order stays where it is. Anything else that has no kernel is refused, with its place.
"""

import math
from collections.abc import Callable

from kws.codegen.checks import UINT16_MAX, activation_scale, refuse
from kws.codegen.layers import Layer, Network
from kws.codegen.lower_pooling import lower_average_pool_2d, lower_mean
from kws.codegen.lower_weighted import lower_conv_2d, lower_depthwise_conv_2d, lower_fully_connected
from kws.errors import ModelError
from kws.tflite.graph import Graph, Operator, Tensor

LOWERINGS: dict[str, Callable[[Operator], Layer]] = {
    "CONV_2D": lower_conv_2d,
    "DEPTHWISE_CONV_2D": lower_depthwise_conv_2d,
    "FULLY_CONNECTED": lower_fully_connected,
    "AVERAGE_POOL_2D": lower_average_pool_2d,
    "MEAN": lower_mean,
}


def lower(graph: Graph) -> Network:
    """The layers of a graph.

    Raises:
        ModelError: an operator without a kernel, an option or dtype that its kernel does not take, or a graph that is
            not a chain from one input to one output.
    """
    if len(graph.inputs) != 1 or len(graph.outputs) != 1 or not graph.operators:
        raise ModelError(
            f"the .tflite has {len(graph.inputs)} inputs, {len(graph.outputs)} outputs and {len(graph.operators)} "
            "operators: a keyword spotter has one input, one output and at least one operator."
        )
    current, layers = graph.inputs[0], []
    for operator in graph.operators:
        current = _step(operator, current, layers)
    if not layers:
        raise ModelError("there is no layer to compile in the .tflite, only RESHAPE: give the trained model.")
    if current.index != graph.outputs[0].index:
        raise ModelError(f"the last operator gives {current.place}, and the output is {graph.outputs[0].place}.")
    return _network(graph, layers)


def _step(operator: Operator, current: Tensor, layers: list[Layer]) -> Tensor:
    """Append the operator's layer and return what it computes."""
    if operator.kind != "RESHAPE" and operator.kind not in LOWERINGS:
        known = ", ".join(sorted([*LOWERINGS, "RESHAPE"]))
        raise refuse(operator, f"there is no kernel for it; there are {known}. Build the model from these.")
    if not operator.inputs or operator.inputs[0] is None or len(operator.outputs) != 1:
        raise refuse(operator, "it lacks an input or an output: the .tflite is damaged, convert again.")
    if operator.inputs[0].index != current.index:
        raise refuse(operator, f"it reads {operator.inputs[0].place}, not {current.place}: build a chain of layers.")
    if operator.kind == "RESHAPE":
        return _reshaped(operator)
    layers.append(_lowered(operator))
    return operator.outputs[0]


def _lowered(operator: Operator) -> Layer:
    """The operator's layer; a refusal by arithmetic alone gets its place here."""
    try:
        return LOWERINGS[operator.kind](operator)
    except ModelError as error:
        raise (error if operator.place in str(error) else refuse(operator, str(error))) from error


def _reshaped(operator: Operator) -> Tensor:
    """The tensor under its new shape."""
    source, target = operator.inputs[0], operator.outputs[0]
    if math.prod(source.shape) != math.prod(target.shape):
        raise refuse(operator, f"it turns shape {source.shape} into {target.shape}: the .tflite is damaged.")
    return target


def _network(graph: Graph, layers: list[Layer]) -> Network:
    """The ends of the chain, checked against the firmware's 16-bit sizes."""
    scale, _ = activation_scale(graph.operators[-1], graph.outputs[0])
    network = Network(tuple(layers), layers[0].input_bytes, layers[-1].output_bytes, scale)
    if not (1 <= network.input_bytes <= UINT16_MAX and 1 <= network.classes <= UINT16_MAX):
        raise ModelError(
            f"the model takes {network.input_bytes} and gives {network.classes} bytes, and the firmware counts both in "
            "16 bits: use fewer features or classes."
        )
    return network
