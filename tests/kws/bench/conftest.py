"""One small model as the bench takes it, and its image."""

from pathlib import Path

import pytest

from kws.bench.images import BenchImage, build
from kws.bench.networks import BenchModel
from kws.bench.tflite_writer import TfliteWriter
from tests.conftest import REPOSITORY


@pytest.fixture(scope="session")
def small() -> BenchModel:
    """A convolution, 3-bit weights, and a dense layer."""
    writer = TfliteWriter((49, 40), seed=1)
    writer.conv(2, (10, 8), (2, 2), bits=3)
    writer.dense(4)
    return BenchModel("small", "a small one", (49, 40), writer.finish())


@pytest.fixture(scope="session")
def image(small: BenchModel, tmp_path_factory: pytest.TempPathFactory) -> BenchImage:
    """With the Cortex-M4's kernels."""
    return build(small.name, small.tflite, REPOSITORY, Path(tmp_path_factory.mktemp("bench")))
