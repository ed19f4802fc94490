"""What a hostile .tflite may claim: changes of a good model's schema objects, and what must be said of each.

The good model is tests.support_hostile.GOOD: CONV_2D from tensor 0 to 3, RESHAPE to 5, FULLY_CONNECTED.
"""

from collections.abc import Callable

import numpy as np
from ai_edge_litert import schema_py_generated as schema

_NO_SCALES = (0.0, -1.0, float("nan"), float("inf"), float("-inf"))
_NO_ZERO_POINTS = (-129, 128, 2**63 - 1, -(2**63))


def edits() -> dict[str, tuple[Callable[[schema.ModelT], None], str]]:
    """Changes of a model's objects, by name, and what must be said of each."""
    return {
        "version 2": (_setter("model", "version", 2), "is of schema version 2"),
        "no subgraph": (_setter("model", "subgraphs", []), "holds 0 subgraphs"),
        "no buffers": (_setter("model", "buffers", None), "names buffer 0 of 0"),
        "no operator codes": (
            _setter("model", "operatorCodes", None),
            "operator 0 has a code that the file does not list",
        ),
        "no operators": (_setter("graph", "operators", []), "no operator computes it"),
        "no tensors": (_setter("graph", "tensors", None), "tensor [0-9]+ is not there, the file has 0"),
        "no outputs": (_setter("graph", "outputs", []), "0 outputs"),
        "two inputs": (_setter("graph", "inputs", [0, 0]), "tensor 0 'input' is written a second time"),
        "a constant as input": (_setter("graph", "inputs", [1]), "the graph's inputs: tensor 1 .* is a constant"),
        "a constant as output": (
            _setter("graph", "outputs", [1]),
            "tensor 1 .* is an output of the graph, and no operator",
        ),
        "an output that is not there": (
            _setter("graph", "outputs", [99]),
            "the graph's outputs: tensor 99 is not there",
        ),
        "a negative output": (_setter("graph", "outputs", [-1]), "the graph's outputs: tensor -1 is not there"),
        "a negative shape": (_setter("input", "shape", [1, -7, 7, 1]), r"tensor 0 'input' has shape \(1, -7, 7, 1\)"),
        "a shape of 2^124": (
            _setter("input", "shape", [2**31 - 1] * 4),
            "tensor 0 'input' of shape .* takes [0-9]+ bytes",
        ),
        "a rank of 100,000": (_setter("input", "shape", [1] * 100_000), "tensor 0 'input' has 100000 dimensions"),
        "2 GB of weights": (_setter("weights", "shape", [2**11, 2**10, 2**10, 1]), "takes 2147483648 bytes, more than"),
        "weights that are not all there": (_setter("weights", "shape", [30, 3, 2, 1]), "holds 18 bytes where shape"),
        "a buffer that is not there": (_setter("weights", "buffer", 2**32 - 1), "names buffer 4294967295 of"),
        "an output that shares its constant": (
            _setter("output", "buffer", 1),
            "holds 18 bytes where shape|is a constant",
        ),
        "an unknown type": (_setter("input", "type", 99), "tensor 0 'input' is of type 99, which"),
        "a string": (_setter("input", "type", schema.TensorType.STRING), "tensor 0 'input' is of type STRING"),
        "a float input": (_setter("input", "type", schema.TensorType.FLOAT32), "tensor 0 'input' is float32"),
        "a state": (_setter("input", "isVariable", True), "tensor 0 'input' keeps a state"),
        "sparse weights": (_setter("weights", "sparsity", schema.SparsityParametersT()), "is stored sparse"),
        "data elsewhere": (_setter("weights", "externalBuffer", 7), "claims data outside the model's tables"),
        "2 GB elsewhere": (lambda model: _move_elsewhere(model.buffers[1]), "claims data outside the model's tables"),
        "weights in every tensor": (_share_weights, "more than the compiler takes"),
        "scales for nobody": (
            _setter("scale", "scale", np.ones(100_000, np.float32)),
            "has 100000 scales and 1 zero points",
        ),
        "no zero point for some": (
            _setter("scale", "zeroPoint", np.zeros(2, np.int64)),
            "has 1 scales and 2 zero points",
        ),
        "an axis that is not there": (_weight_axis(9), "scales and 3 zero points along axis 9"),
        "a negative axis": (_weight_axis(-1), "scales and 3 zero points along axis -1"),
        "blocks": (_setter("scale", "detailsType", 2), "tensor 0 'input' is quantized in blocks"),
        "an operator that is not there": (
            _setter("operator", "opcodeIndex", 2**32 - 1),
            "operator 0 has a code that the",
        ),
        "operator 9999": (_kind(9999), "operator 0 number 9999: there is no kernel"),
        "a custom operator": (
            _kind(schema.BuiltinOperator.CUSTOM, b"Danger\x1b[2J\n"),
            r"operator 0 CUSTOM 'Danger\?\[2J\?'",
        ),
        "options of another": (_other_options, "operator 0 CONV_2D has options of type SoftmaxOptions"),
        "no options": (_setter("operator", "builtinOptions", None), "operator 0 CONV_2D: its options lack"),
        "no inputs": (_setter("operator", "inputs", []), "operator 0 CONV_2D: it lacks an input"),
        "only absent inputs": (_setter("operator", "inputs", [-1, -1, -1]), "operator 0 CONV_2D: it lacks an input"),
        "an input below -1": (_setter("operator", "inputs", [0, -2, 2]), "operator 0 CONV_2D: tensor -2 is not there"),
        "a million inputs": (
            _setter("operator", "inputs", np.zeros(2**20, np.int32)),
            "has more than the compiler takes",
        ),
        "its own output": (
            _setter("operator", "inputs", [3, 1, 2]),
            "reads tensor 3 'layer_0', which is its own output",
        ),
        "a cycle": (_cycle, "reads tensor 5 'layer_1', which no operator before it computes"),
        "the last first": (_reverse, "which no operator before it computes"),
        "two that write one tensor": (_twice, "tensor 3 'layer_0' is written a second time"),
        "one that writes the input": (_setter("operator", "outputs", [0]), "tensor 0 'input' is written a second time"),
        "one that writes its weights": (
            _setter("operator", "outputs", [1]),
            "tensor 1 'layer_0/weights' is a constant and",
        ),
        "50,000 buffers": (_many_buffers, "more than 16384 tables"),
        "2,000 operators": (_many_operators, "more than 1024 operators"),
        "a stride of 0": (_option("strideH", 0), "operator 0 CONV_2D: kernel .* or stride .* is not positive"),
        "a stride below 0": (
            _option("strideW", -(2**31)),
            "operator 0 CONV_2D: kernel .* or stride .* is not positive",
        ),
        "a stride of 2^31 - 1": (_option("strideW", 2**31 - 1), "operator 0 CONV_2D: "),
        "an unknown padding": (_option("padding", 77), "operator 0 CONV_2D: padding number 77"),
        "an unknown activation": (
            _option("fusedActivationFunction", -1),
            "operator 0 CONV_2D has fused activation number -1",
        ),
        **{f"scale {scale}": (_scale(scale), "'input' has a scale that is not a positive") for scale in _NO_SCALES},
        **{
            f"zero point {at}": (_zero_point(at), f"is int8, and its zero point {at} is none") for at in _NO_ZERO_POINTS
        },
        "a subnormal scale": (_scale(1e-45), "operator 0 CONV_2D: tensor 0 'input' has scale 1.4.*e-45, beyond"),
        "a scale of 3e38": (_scale(3e38), r"operator 0 CONV_2D: tensor 0 'input' has scale 3.*e\+38, beyond"),
        "scales far apart": (
            _scale(2.0**99),
            "operator 0 CONV_2D: .*scales give",
        ),
    }


def _scale(value: float) -> Callable[[schema.ModelT], None]:
    return _setter("scale", "scale", np.array([value], np.float32))


def _zero_point(value: int) -> Callable[[schema.ModelT], None]:
    return _setter("scale", "zeroPoint", np.array([value], np.int64))


def _setter(owner: str, field: str, value: object) -> Callable[[schema.ModelT], None]:
    """Sets a field of the model, the graph, tensor 0 and its scale, tensor 1 (weights), 3 (output), or operator 0."""
    return lambda model: setattr(_owners(model)[owner], field, value)


def _owners(model: schema.ModelT) -> dict[str, object]:
    graph = model.subgraphs[0]
    tensors = {"input": graph.tensors[0], "weights": graph.tensors[1], "output": graph.tensors[3]}
    return {
        "model": model,
        "graph": graph,
        "scale": graph.tensors[0].quantization,
        "operator": graph.operators[0],
        **tensors,
    }


def _option(name: str, value: int) -> Callable[[schema.ModelT], None]:
    return lambda model: setattr(model.subgraphs[0].operators[0].builtinOptions, name, value)


def _weight_axis(axis: int) -> Callable[[schema.ModelT], None]:
    return lambda model: setattr(model.subgraphs[0].tensors[1].quantization, "quantizedDimension", axis)


def _kind(number: int, custom: bytes | None = None) -> Callable[[schema.ModelT], None]:
    def edit(model: schema.ModelT) -> None:
        code = model.operatorCodes[0]
        code.builtinCode, code.deprecatedBuiltinCode, code.customCode = number, min(number, 127), custom

    return edit


def _move_elsewhere(buffer: schema.BufferT) -> None:
    buffer.data, buffer.offset, buffer.size = None, 4096, 2**31


def _share_weights(model: schema.ModelT) -> None:
    """A hundred tensors of a megabyte that all name the one buffer."""
    model.buffers.append(schema.BufferT(data=np.zeros(2**20, np.uint8)))
    shared = schema.TensorT([2**20], schema.TensorType.INT8, len(model.buffers) - 1, "shared")
    model.subgraphs[0].tensors += [shared] * 100


def _many_buffers(model: schema.ModelT) -> None:
    model.buffers += [schema.BufferT()] * 100_000


def _other_options(model: schema.ModelT) -> None:
    operator = model.subgraphs[0].operators[0]
    operator.builtinOptionsType, operator.builtinOptions = (
        schema.BuiltinOptions.SoftmaxOptions,
        schema.SoftmaxOptionsT(),
    )


def _cycle(model: schema.ModelT) -> None:
    """The first operator reads what the second makes of its output."""
    model.subgraphs[0].operators[0].inputs = [5, 1, 2]


def _reverse(model: schema.ModelT) -> None:
    model.subgraphs[0].operators.reverse()


def _twice(model: schema.ModelT) -> None:
    operators = model.subgraphs[0].operators
    operators.insert(1, operators[0])


def _many_operators(model: schema.ModelT) -> None:
    """Reshapes, each of the one before."""
    graph = model.subgraphs[0]
    first = graph.operators[1]
    for _ in range(2000):
        graph.tensors.append(graph.tensors[first.outputs[0]])
        outputs = [len(graph.tensors) - 1]
        source = [graph.operators[-1].outputs[0], first.inputs[1]]
        graph.operators.append(schema.OperatorT(first.opcodeIndex, source, outputs))
