"""`kws compile --benchmark`: cycles of any model, whatever its input, its bytes compared with TFLite's first."""

import re

import numpy as np
import pytest

from kws.board.cycle_models import TABLE, WAIT_STATES
from kws.compiled_benchmark import CompiledBenchmark, _compared, benchmark_compiled
from kws.errors import BoardError, BuildError
from kws.tflite.interpreter import reference_logits
from tests.support_tflite import Conv, Dense, build
from tests.support_tflite_operators import RELU, Add, Mean, Softmax

RESIDUAL = [Conv(8, (3, 3)), Conv(8, (3, 3)), Add(1, activation=RELU), Mean(), Dense(10), Softmax()]


def test_a_graph_of_another_input_is_counted_and_compared():
    found = benchmark_compiled(build((6, 8, 3), RESIDUAL, 1))
    assert found.compared and found.macs == 6 * 8 * (27 + 72) * 8 + 80
    assert found.macs / 2 < found.cycles[TABLE] < 20 * found.macs
    assert found.cycles[TABLE] < found.cycles[WAIT_STATES]
    assert 20_000 < found.flash_bytes < 80_000 and found.ram_bytes > 40_000
    assert f"{found.cycles[TABLE]:,} cycles" in found.text() and "bytes as TFLite's" in found.text()


def test_what_does_not_fit_is_refused_with_what_helps_a_model_from_elsewhere():
    with pytest.raises(BuildError) as caught:
        benchmark_compiled(build((200, 200, 1), [Conv(8, (3, 3)), Mean(), Dense(3)]))
    message = str(caught.value)
    assert re.search(
        r"needs 3\d\d,\d{3} bytes of RAM \(the nRF52840 has 262,144\)\. Use fewer filters, a smaller", message
    )
    assert "prune_sweep" not in message and "data.words" not in message


def test_other_bytes_than_tflites_are_an_error_and_float_ends_not_compared():
    features, layers = np.ones(40, np.int8), [Dense(4)]
    tflite = build((5, 4, 2), layers, 1)
    logits = reference_logits(tflite, features[None])[0]
    assert _compared(tflite, features, logits)
    with pytest.raises(BoardError, match="other bytes than TFLite"):
        _compared(tflite, features, logits ^ 1)
    assert not _compared(build((5, 4, 2), layers, 1, float_ends=True), features, logits)
    unlike = CompiledBenchmark({TABLE: 64_000, WAIT_STATES: 128_000}, 0, 1, 2, compared=False)
    assert "1.000 ms at 64 MHz; with wait states 2.000 ms; not compared: float ends" in unlike.text()
