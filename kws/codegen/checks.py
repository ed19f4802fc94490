"""What the kernels rely on, checked once while compiling: every refusal names the operator and what to do."""

from collections.abc import Mapping

import numpy as np

from kws.errors import ModelError
from kws.tflite.graph import Operator, Tensor

INT32_MAX = 2**31 - 1
LARGEST_SUM = INT32_MAX - 128  # scaled by almost 1 and with a zero point added it still fits an int32
UINT16_MAX = 2**16 - 1
HOW_TO_QUANTIZE = (
    "convert with full integer quantization: TFLiteConverter with optimizations = [tf.lite.Optimize.DEFAULT], a "
    "representative_dataset, target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8], and int8 input and "
    "output"
)
LARGEST_SCALE = 2.0**100  # of an activation, or of its inverse: bounds divided by it are float32


def refuse(operator: Operator, reason: str) -> ModelError:
    """The error for an operator that the compiler does not take; `reason` is a clause and what to do."""
    return ModelError(f"{operator.place}: {reason}")


def activation_scale(operator: Operator, tensor: Tensor) -> tuple[float, int]:
    """Scale and zero point of an int8 activation."""
    quantization = tensor.quantization
    if tensor.dtype != "int8" or quantization is None:
        raise refuse(
            operator,
            f"{tensor.place} is {tensor.dtype}{'' if quantization else ' without a scale'}, and the kernels are int8: "
            f"{HOW_TO_QUANTIZE}.",
        )
    if tensor.data is not None or len(quantization.scales) != 1 or not -128 <= quantization.zero_points[0] <= 127:
        raise refuse(operator, f"{tensor.place} is not an int8 activation with one scale: convert the model again.")
    scale = quantization.scales[0]
    if not 1 / LARGEST_SCALE <= scale <= LARGEST_SCALE:
        raise refuse(operator, f"{tensor.place} has scale {scale}, beyond what float32 computes with: quantize again.")
    return scale, quantization.zero_points[0]


def image_shape(operator: Operator, tensor: Tensor) -> tuple[int, int, int]:
    """Height, width and channels of an activation (1, height, width, channels)."""
    if len(tensor.shape) != 4 or tensor.shape[0] != 1 or min(tensor.shape) < 1:
        raise refuse(
            operator,
            f"{tensor.place} has shape {tensor.shape} where (1, height, width, channels) is needed: convert with "
            "batch 1 and channels last.",
        )
    return tensor.shape[1], tensor.shape[2], tensor.shape[3]


def same_shape(operator: Operator, tensor: Tensor, shape: tuple[int, ...]) -> None:
    """Refuse an output whose shape is not what the operator computes."""
    if tensor.shape != shape:
        raise refuse(
            operator, f"{tensor.place} has shape {tensor.shape} where the operator gives {shape}: convert again."
        )


def constant(operator: Operator, number: int, dtypes: str | tuple[str, ...], what: str) -> np.ndarray:
    """Data of a constant input, of one of the dtypes."""
    tensor = operator.inputs[number] if number < len(operator.inputs) else None
    accepted = (dtypes,) if isinstance(dtypes, str) else dtypes
    if tensor is None or tensor.data is None or tensor.dtype not in accepted:
        found = "missing" if tensor is None else f"{tensor.place}, {_described(tensor)}"
        mend = HOW_TO_QUANTIZE if tensor is not None and tensor.dtype == "float32" else "convert again"
        raise refuse(operator, f"its {what} must be a constant {accepted[0]} tensor and is {found}: {mend}.")
    return tensor.data


def _described(tensor: Tensor) -> str:
    """A tensor's kind in words."""
    return f"{'computed' if tensor.data is None else 'constant'} {tensor.dtype}"


def option(operator: Operator, name: str) -> int | float:
    """A field of the operator's options."""
    if name not in operator.options:
        raise refuse(operator, f"its options lack '{name}': the .tflite is damaged, convert again.")
    return operator.options[name]


def fit_uint16(operator: Operator, members: Mapping[str, int]) -> None:
    """Refuse sizes that the kernels' 16-bit members cannot hold."""
    for name, value in members.items():
        if not 0 <= value <= UINT16_MAX:
            raise refuse(operator, f"{name} is {value}, outside 0..{UINT16_MAX}: use a smaller model.")


def fit_accumulator(operator: Operator, rows: np.ndarray, bias: np.ndarray, shifts: tuple[int, ...]) -> None:
    """Refuse a layer whose int32 accumulator could overflow for some input; rows is (channels, weights a channel)."""
    largest_step = 255  # |input - zero point|
    bounds = np.abs(rows.astype(np.int64)).sum(axis=1) * largest_step + np.abs(bias.astype(np.int64))
    for channel, (bound, shift) in enumerate(zip(bounds.tolist(), shifts, strict=True)):
        if bound << max(shift, 0) > LARGEST_SUM:
            raise refuse(
                operator,
                f"the sum of output channel {channel} can reach {bound} * 2^{max(shift, 0)}, more than an int32 holds: "
                "quantize again, with an output scale that fits the layer, or use a smaller layer.",
            )
