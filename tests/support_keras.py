"""int8 .tflite files as others make them: Keras models through TensorFlow's converter with a representative data set.

    python -m tests.support_keras FOLDER     # writes a .tflite for each entry of MODELS

TensorFlow takes half a gigabyte and warns while it is imported, so tests run this in a process of its own. A further
model is a line in MODELS: its layers, and where it is not the usual road, how it is converted.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np

INPUT_SHAPE = (49, 40, 1)
CALIBRATION_CLIPS = 60


@dataclass(frozen=True)
class Recipe:
    """A model and how it is converted."""

    head: Callable  # (the module keras.layers, the input) -> the output
    dense_per_channel: bool = True  # scales of a dense layer: one an output, or one
    convolution_per_channel: bool = True
    integer_ends: bool = True  # int8 input and output; else float32
    legacy: bool = True  # Keras 2 (tf_keras), else Keras 3
    batch: int | None = 1  # of the input; None leaves it open


def _chain(*names_and_arguments: tuple) -> Callable:
    """Layers in a row, each as (name, arguments...), the last of the arguments a dict of named ones."""

    def head(layers: ModuleType, x):
        for name, *arguments in names_and_arguments:
            named = arguments.pop() if arguments and isinstance(arguments[-1], dict) else {}
            x = getattr(layers, name)(*arguments, **named)(x)
        return x

    return head


def _residual(layers: ModuleType, x):
    """Two branches, added."""
    x = layers.Conv2D(8, 3, 2, "same", activation="relu")(x)
    x = layers.Add()([x, layers.Conv2D(8, 3, padding="same")(x)])
    return layers.Dense(4)(layers.GlobalAveragePooling2D()(layers.ReLU()(x)))


def _resnet(layers: ModuleType, x):
    """A block that halves the image, its way round a convolution of 1 x 1, as ResNet-8 of MLPerf Tiny has it."""
    x = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(8, 3, padding="same")(x)))
    y = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(12, 3, 2, "same")(x)))
    y = layers.BatchNormalization()(layers.Conv2D(12, 3, padding="same")(y))
    x = layers.ReLU()(layers.Add()([layers.Conv2D(12, 1, 2, "same")(x), y]))
    return layers.Dense(4, activation="softmax")(layers.Flatten()(layers.AveragePooling2D(5)(x)))


_SAME = {"padding": "same"}
_BLOCK = [("DepthwiseConv2D", 3, _SAME), ("BatchNormalization",), ("ReLU", 6.0), ("Conv2D", 16, 1)]
TINY_CONV = _chain(("Conv2D", 8, (10, 8), 2, "same"), ("ReLU",), ("Flatten",), ("Dense", 4))
DS_CNN = _chain(("Conv2D", 16, (10, 4), 2, "same"), ("ReLU",), *_BLOCK, ("ReLU",), *_BLOCK, ("ReLU",),
                ("AveragePooling2D", (3, 2)), ("GlobalAveragePooling2D",), ("Dense", 4))  # fmt: skip
FOLDED = _chain(("Conv2D", 6, (5, 4), (2, 3), "valid", {"use_bias": False}), ("BatchNormalization",), ("ReLU", 6.0),
                ("DepthwiseConv2D", (3, 2), {"depth_multiplier": 2}), ("BatchNormalization",), ("ReLU",),
                ("AveragePooling2D", 2, _SAME), ("Flatten",), ("Dense", 9, "relu"), ("Dense", 5))  # fmt: skip
DENSE = _chain(("Flatten",), ("Dense", 16, "relu"), ("Dense", 12, "relu"), ("Dense", 6))
SOFTMAX = _chain(("Conv2D", 4, 3, 3), ("ReLU",), ("Flatten",), ("Dense", 4, "softmax"))
POOLED = _chain(("Conv2D", 4, 3, 1, "same"), ("ReLU",), ("MaxPooling2D", 2), ("GlobalAveragePooling2D",), ("Dense", 4))
PADDED = _chain(("ZeroPadding2D", ((1, 0), (0, 2))), ("Conv2D", 6, 3, 2), ("ReLU",), ("ZeroPadding2D", 1),
                ("DepthwiseConv2D", 3, 2), ("ReLU", 6.0), ("ZeroPadding2D", 1), ("MaxPooling2D", 3, 2),
                ("GlobalAveragePooling2D", {"keepdims": True}), ("Conv2D", 5, 1), ("Flatten",))  # fmt: skip
SEQUENCE = _chain(("Reshape", (49, 40)), ("Dense", 8, "relu"), ("GlobalAveragePooling1D",), ("Dense", 3, "sigmoid"))
TRANSPOSED = _chain(("Conv2DTranspose", 4, 3), ("GlobalAveragePooling2D",), ("Dense", 4))
TANH = _chain(("Flatten",), ("Dense", 4, "tanh"))

MODELS = {
    "tiny_conv": Recipe(TINY_CONV),
    "tiny_conv_per_tensor_dense": Recipe(TINY_CONV, dense_per_channel=False),
    "tiny_conv_per_tensor": Recipe(TINY_CONV, dense_per_channel=False, convolution_per_channel=False),
    "tiny_conv_keras_3": Recipe(TINY_CONV, legacy=False),
    "ds_cnn": Recipe(DS_CNN),
    "folded": Recipe(FOLDED),
    "folded_per_tensor": Recipe(FOLDED, dense_per_channel=False, convolution_per_channel=False),
    "folded_keras_3": Recipe(FOLDED, legacy=False),
    "dense": Recipe(DENSE),
    "dense_per_tensor": Recipe(DENSE, dense_per_channel=False),
    "softmax": Recipe(SOFTMAX),
    "max_pool": Recipe(POOLED),
    "residual": Recipe(_residual),
    "resnet": Recipe(_resnet),
    "resnet_keras_3": Recipe(_resnet, legacy=False),
    "padded": Recipe(PADDED),
    "sequence": Recipe(SEQUENCE),
    "float_ends": Recipe(TINY_CONV, integer_ends=False),
    "resnet_float_ends": Recipe(_resnet, integer_ends=False),
    "open_batch": Recipe(TINY_CONV, legacy=False, batch=None),
    "open_batch_folded": Recipe(FOLDED, legacy=False, batch=None),
    "open_batch_float_ends": Recipe(DENSE, integer_ends=False, legacy=False, batch=None),
    "open_batch_transposed": Recipe(TRANSPOSED, legacy=False, batch=None),
    "tanh": Recipe(TANH),
}


def write_models(folder: Path) -> None:
    """<name>.tflite for each of MODELS; the same bytes every time."""
    import keras
    import tensorflow
    import tf_keras

    for name, recipe in MODELS.items():
        library = tf_keras if recipe.legacy else keras
        library.utils.set_random_seed(1)
        source = library.Input(INPUT_SHAPE, batch_size=recipe.batch)
        model = library.Model(source, recipe.head(library.layers, source))
        _unsettle(model)
        (folder / f"{name}.tflite").write_bytes(_converted(tensorflow, model, recipe))


def _unsettle(model) -> None:
    """Batch normalization and biases as a training would leave them: not zeros and ones, so that folding is seen."""
    rng = np.random.default_rng(2)
    for layer in model.layers:
        near_one = {"gamma", "moving_variance"}
        values = [
            rng.uniform(0.5, 2, weight.shape) if weight.name.split("/")[-1].split(":")[0] in near_one
            else rng.normal(0, 0.1, weight.shape) if len(weight.shape) == 1
            else value
            for weight, value in zip(layer.weights, layer.get_weights(), strict=True)
        ]  # fmt: skip
        layer.set_weights(values)


def _converted(tensorflow: ModuleType, model, recipe: Recipe) -> bytes:
    """Full integer quantization, calibrated on noise as loud and quiet as clips."""
    converter = tensorflow.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tensorflow.lite.Optimize.DEFAULT]
    converter.target_spec.supported_ops = [tensorflow.lite.OpsSet.TFLITE_BUILTINS_INT8]
    if recipe.integer_ends:
        converter.inference_input_type = converter.inference_output_type = tensorflow.int8
    converter._experimental_disable_per_channel = not recipe.convolution_per_channel
    converter._experimental_disable_per_channel_quantization_for_dense_layers = not recipe.dense_per_channel
    rng = np.random.default_rng(0)
    levels, spreads = (rng.uniform(low, 3, (CALIBRATION_CLIPS, 1, 1, 1, 1)) for low in (-3, 0.1))
    clips = levels + spreads * rng.normal(size=(CALIBRATION_CLIPS, 1, *INPUT_SHAPE))
    converter.representative_dataset = lambda: ([clip] for clip in clips.astype(np.float32))
    return converter.convert()


if __name__ == "__main__":
    write_models(Path(sys.argv[1]))
