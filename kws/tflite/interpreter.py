"""TFLite's own answer: run a .tflite on the host. Features in, logits or time out.

    logits = reference_logits(tflite, features)   # the oracle that the board must equal, byte for byte
    (latency,) = cpu_latencies([tflite])           # what a host's CPU takes, with the fast kernels

Runs on LiteRT's Python package: it carries the same kernels as TensorFlow and is imported in a tenth of the time.
"""

from collections.abc import Sequence

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from kws.errors import ModelError
from kws.timing import Latency, latencies


def reference_logits(tflite: bytes, features: np.ndarray) -> np.ndarray:
    """Logits by TFLite's reference kernels, the ones that TFLite Micro follows.

    Args:
        tflite: an int8 model with one input of T * F values and one output of K logits.
        features: (B, T, F) int8.

    Returns:
        (B, K) int8.

    Raises:
        ModelError: TFLite refuses the file, the model is not int8, or its input is not T * F values.
    """
    interpreter = _interpreter(tflite, OpResolverType.BUILTIN_REF)
    source, target = _only(interpreter.get_input_details()), _only(interpreter.get_output_details())
    _check(source, target, features)
    logits = np.empty((len(features), int(np.prod(target["shape"]))), np.int8)
    for row, clip in zip(logits, features, strict=True):
        interpreter.set_tensor(source["index"], clip.reshape(source["shape"]))
        interpreter.invoke()
        row[:] = interpreter.get_tensor(target["index"]).reshape(-1)
    return logits


def cpu_latencies(tflites: Sequence[bytes]) -> list[Latency]:
    """One inference of each .tflite at batch 1, in turns, on one thread, with the default (XNNPACK) kernels.

    Raises:
        ModelError: TFLite refuses a file.
    """
    interpreters = [_interpreter(tflite, OpResolverType.AUTO) for tflite in tflites]
    for interpreter in interpreters:
        source = _only(interpreter.get_input_details())
        interpreter.set_tensor(source["index"], np.zeros(source["shape"], source["dtype"]))
    return latencies([interpreter.invoke for interpreter in interpreters])


def _interpreter(tflite: bytes, resolver: OpResolverType) -> Interpreter:
    """An interpreter on one thread with its tensors allocated."""
    try:
        interpreter = Interpreter(model_content=tflite, experimental_op_resolver_type=resolver, num_threads=1)
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise ModelError(f"TFLite cannot run the .tflite of {len(tflite)} bytes: {error} Convert it again.") from error
    return interpreter


def _only(details: list[dict]) -> dict:
    """The only input or output."""
    if len(details) != 1:
        raise ModelError(f"the .tflite has {len(details)} inputs or outputs where a keyword spotter has one of each.")
    return details[0]


def _check(source: dict, target: dict, features: np.ndarray) -> None:
    """Refuse what set_tensor would cast or reshape in silence."""
    for detail in (source, target):
        if detail["dtype"] is not np.int8:
            raise ModelError(
                f"tensor '{detail['name']}' is {np.dtype(detail['dtype']).name} where int8 is needed: convert with "
                "int8 input and output."
            )
    if features.dtype != np.int8 or int(np.prod(source["shape"])) != int(np.prod(features.shape[1:])):
        raise ModelError(
            f"features are {features.dtype} of shape {features.shape}, and the .tflite takes int8 of shape "
            f"{tuple(int(n) for n in source['shape'])}: preprocess and convert must run with the same feature settings."
        )
