"""Graph to layers: each operator to the kernel that runs it, in the order of the file, from the features to the logits.

First the graph is rewritten so that less is left to compute: shapes (folding_shapes.py), float ends (folding_ends.py),
paddings (folding_pads.py) and transpositions (folding_transposes.py). What moves nothing makes no code: RESHAPE, a
TRANSPOSE of axes of length 1, a QUANTIZE that changes no value. Anything else that has no kernel is refused, with its
place.
"""

import math
from collections.abc import Callable
from dataclasses import replace

from kws.codegen.checks import UINT16_MAX, activation_scale, refuse
from kws.codegen.folding_ends import without_float_ends
from kws.codegen.folding_pads import with_folded_pads
from kws.codegen.folding_shapes import SHAPE_OPERATORS, without_shape_arithmetic
from kws.codegen.folding_transposes import moves_nothing, with_folded_transposes
from kws.codegen.layers import End, Layer, Network
from kws.codegen.lower_elementwise import lower_add, lower_logistic, lower_quantize, lower_relu, lower_relu6
from kws.codegen.lower_pad import lower_pad
from kws.codegen.lower_pooling import lower_average_pool_2d, lower_max_pool_2d, lower_mean
from kws.codegen.lower_softmax import lower_softmax
from kws.codegen.lower_weighted import lower_conv_2d, lower_depthwise_conv_2d, lower_fully_connected
from kws.errors import ModelError
from kws.tflite.graph import Graph, Operator, Tensor

LOWERINGS: dict[str, Callable[[Operator], Layer | None]] = {
    "ADD": lower_add,
    "AVERAGE_POOL_2D": lower_average_pool_2d,
    "CONV_2D": lower_conv_2d,
    "DEPTHWISE_CONV_2D": lower_depthwise_conv_2d,
    "FULLY_CONNECTED": lower_fully_connected,
    "LOGISTIC": lower_logistic,
    "MAX_POOL_2D": lower_max_pool_2d,
    "MEAN": lower_mean,
    "PAD": lower_pad,
    "PADV2": lower_pad,
    "QUANTIZE": lower_quantize,
    "RELU": lower_relu,
    "RELU6": lower_relu6,
    "SOFTMAX": lower_softmax,
}
_WITHOUT_CODE = ("DEQUANTIZE", "RESHAPE", "TRANSPOSE")


def lower(graph: Graph) -> Network:
    """The layers of a graph.

    Raises:
        ModelError: an operator without a kernel, an option or dtype that its kernel does not take, or a graph without
            one input and one output.
    """
    if len(graph.inputs) != 1 or len(graph.outputs) != 1 or not graph.operators:
        raise ModelError(
            f"the .tflite has {len(graph.inputs)} inputs, {len(graph.outputs)} outputs and {len(graph.operators)} "
            "operators: the compiler takes one input, one output and at least one operator."
        )
    graph = without_shape_arithmetic(graph)
    for operator in sorted(graph.operators, key=lambda operator: operator.kind in SHAPE_OPERATORS):
        _check(operator)
    graph = with_folded_transposes(with_folded_pads(without_float_ends(graph)))
    same: dict[int, int] = {}  # a tensor that is another one under a new name
    layers: list[Layer] = []
    for operator in graph.operators:
        layer = _layer(operator)
        if layer is None:
            source = operator.inputs[0].index
            same[operator.outputs[0].index] = same.get(source, source)
        else:
            layers.append(_renamed(layer, same))
    return _network(graph, layers, same)


def _check(operator: Operator) -> None:
    """Refuse an operator that is not known or has no input and output."""
    if operator.kind not in LOWERINGS and operator.kind not in _WITHOUT_CODE:
        if operator.kind in SHAPE_OPERATORS:
            raise refuse(operator, "it computes a shape, which is not known: convert with `Input(.., batch_size=1)`.")
        known = ", ".join(sorted([*LOWERINGS, *_WITHOUT_CODE]))
        raise refuse(operator, f"there is no kernel for it; there are {known}. Build the model from these.")
    if not operator.inputs or operator.inputs[0] is None or len(operator.outputs) != 1:
        raise refuse(operator, "it lacks an input or an output: the .tflite is damaged, convert again.")


def _layer(operator: Operator) -> Layer | None:
    """The operator's layer; None where its output is its input, value by value."""
    if operator.kind in LOWERINGS:
        return _lowered(operator)
    source, target = operator.inputs[0], operator.outputs[0]
    if operator.kind == "DEQUANTIZE":
        raise refuse(operator, "it makes floats within the model, and the kernels are int8: convert the whole model.")
    if math.prod(source.shape) != math.prod(target.shape):
        raise refuse(operator, f"it turns shape {source.shape} into {target.shape}: the .tflite is damaged.")
    if operator.kind == "TRANSPOSE" and not moves_nothing(operator):
        raise refuse(
            operator,
            f"it turns shape {source.shape} into {target.shape}, and no kernel moves axes: only where all of them but "
            "one are 1, two in a row cancel, or one dense layer reads it, it can be folded away. Build the model with "
            "channels last.",
        )
    activation_scale(operator, source)
    activation_scale(operator, target)
    return None


def _lowered(operator: Operator) -> Layer | None:
    """By the operator's own function; a refusal by arithmetic alone gets its place here."""
    try:
        return LOWERINGS[operator.kind](operator)
    except ModelError as error:
        raise (error if operator.place in str(error) else refuse(operator, str(error))) from error


def _renamed(layer: Layer, same: dict[int, int]) -> Layer:
    """The layer reading tensors by the name under which they were computed."""
    reads = tuple(same.get(read, read) if isinstance(read, int) else read for read in layer.reads)
    return replace(layer, reads=reads, in_place=tuple(same.get(tensor, tensor) for tensor in layer.in_place))


def _network(graph: Graph, layers: list[Layer], same: dict[int, int]) -> Network:
    """The layers with their ends, checked against the firmware's 16-bit sizes."""
    source, target = _end(graph, graph.inputs[0], same), _end(graph, graph.outputs[0], same)
    if not layers or source.tensor == target.tensor:
        raise ModelError("there is no layer to compile in the .tflite, only RESHAPE: give the trained model.")
    network = Network(tuple(layers), source, target)
    if not (1 <= network.input_bytes <= UINT16_MAX and 1 <= network.classes <= UINT16_MAX):
        raise ModelError(
            f"the model takes {network.input_bytes} and gives {network.classes} bytes, and the firmware counts both in "
            "16 bits: use fewer features or classes."
        )
    return network


def _end(graph: Graph, tensor: Tensor, same: dict[int, int]) -> End:
    operators = (o for o in graph.operators if tensor in (*o.inputs, *o.outputs))
    operator = next(operators, None)
    if operator is None:
        raise ModelError(f"no operator reads or computes {tensor.place}: the .tflite is damaged.")
    scale, zero_point = activation_scale(operator, tensor)
    return End(same.get(tensor.index, tensor.index), math.prod(tensor.shape), scale, zero_point)
