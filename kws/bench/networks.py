"""What the bench runs: the project's architectures and MLPerf Tiny's keyword spotter, weights drawn from a seed."""

from dataclasses import dataclass

from kws.bench.tflite_writer import TfliteWriter
from kws.features import BANDS, FRAMES
from kws.models import ds_cnn, tiny_conv


@dataclass(frozen=True)
class BenchModel:
    """A model of the bench: `name` is a C identifier; `input_shape` (T, F) int8; `tflite` the file."""

    name: str
    title: str
    input_shape: tuple[int, int]
    tflite: bytes


def bench_models() -> tuple[BenchModel, ...]:
    """All of them, in the order of the table. The same bytes each time."""
    clip = (FRAMES, BANDS)
    return (
        BenchModel("tiny_conv", "tiny_conv, 8 filters, 8-bit weights", clip, _tiny_conv(8, 8)),
        BenchModel("tiny_conv_w3", "tiny_conv, 8 filters, 3-bit weights", clip, _tiny_conv(8, 3)),
        BenchModel("tiny_conv_4_filters", "tiny_conv pruned to 4 filters", clip, _tiny_conv(4, 8)),
        BenchModel("ds_cnn", "ds_cnn, 4 blocks of 64, 49x40 in", clip, _ds_cnn(clip, ds_cnn.STRIDE, 4, mean=True)),
        BenchModel(
            "ds_cnn_mlperf_tiny",
            "DS-CNN of MLPerf Tiny, 49x10 in, 12 out",
            (FRAMES, 10),
            _ds_cnn((FRAMES, 10), (2, 2), 12, mean=False),
        ),
    )


def _tiny_conv(filters: int, bits: int) -> bytes:
    writer = TfliteWriter((FRAMES, BANDS), seed=filters * bits)
    writer.conv(filters, tiny_conv.KERNEL, (tiny_conv.STRIDE, tiny_conv.STRIDE), bits)
    writer.dense(4, bits)
    return writer.finish()


def _ds_cnn(shape: tuple[int, int], stride: tuple[int, int], classes: int, mean: bool) -> bytes:
    """In the size of MLPerf Tiny (arXiv:2106.07597), whose own model ends in a pool, this project's in a MEAN."""
    writer = TfliteWriter(shape, seed=classes)
    writer.conv(ds_cnn.DsCnn.default_filters, ds_cnn.KERNEL, stride)
    for _ in range(ds_cnn.BLOCKS):
        writer.depthwise((3, 3))
        writer.conv(ds_cnn.DsCnn.default_filters, (1, 1))
    if mean:
        writer.mean()
    else:
        writer.average_pool()
    writer.dense(classes)
    return writer.finish()
