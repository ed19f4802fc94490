"""QUANTIZE at a model's float input and DEQUANTIZE at its float output are left to the caller.

The compiled model is int8 at both ends and says their scales and zero points; kws_quantize and kws_dequantize
(firmware/src/kernels.h) are the two operators, equal to TFLite's in every byte.
"""

from dataclasses import replace

from kws.codegen.rewriting import producer_of, readers_of, with_operators
from kws.tflite.graph import Graph


def without_float_ends(graph: Graph) -> Graph:
    """The graph from its first int8 tensor to its last; as it was where its ends are int8 or are read otherwise."""
    (source,), (target,) = graph.inputs, graph.outputs
    readers, last = readers_of(graph, source), producer_of(graph, target)
    if source.dtype == "float32" and len(readers) == 1 and readers[0].kind == "QUANTIZE":
        graph = replace(
            graph, inputs=readers[0].outputs, operators=tuple(o for o in graph.operators if o != readers[0])
        )
    if target.dtype == "float32" and last and last.kind == "DEQUANTIZE" and last.inputs[0]:
        graph = replace(graph, outputs=(last.inputs[0],), operators=tuple(o for o in graph.operators if o != last))
    return with_operators(graph, graph.operators)
