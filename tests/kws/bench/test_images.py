"""An image for the bench: what it says of itself, and that a process of its own builds the same one."""

import json
import os
import subprocess
import sys
from pathlib import Path

from kws.bench import images
from kws.bench.images import build, called_layers
from tests.conftest import REPOSITORY

MODEL_C = """
static void prepare(void) {
  kws_unpack_weights(layer_0_packed, 160, 3, kws_unpacked + 0);
}

static void invoke(const int8_t *input, int8_t *logits) {
#if KWS_CORTEX_M4
  kws_m4_first(&layer_0, input, kws_arena + 0);
  kws_m4_second(&layer_0, &layer_0_frame, kws_arena + 0, kws_arena + 8);
#else
  kws_conv_2d(&layer_0, input, kws_arena + 8);
#endif
  kws_fully_connected(&layer_1, kws_arena + 8, logits);
}
"""


def test_calls_are_read_from_the_models_c():
    assert called_layers(MODEL_C) == [0, 0, 1]
    assert called_layers(MODEL_C, portable=True) == [0, 1]
    assert called_layers("no such function") == []


def test_what_an_image_says_of_itself(small, image):
    assert image.macs == 2 * 25 * 20 * 80 + 4 * 1000 and image.calls == (0, 1)
    assert image.layers == (("operator 0 CONV_2D", 80_000), ("operator 1 FULLY_CONNECTED", 4_000))
    assert image.flash_bytes == len(Path(image.elf).with_suffix(".bin").read_bytes())


def test_portable_kernels_make_another_image(small, image, tmp_path):
    portable = build(small.name, small.tflite, REPOSITORY, tmp_path, portable=True)
    assert Path(portable.elf).read_bytes() != Path(image.elf).read_bytes() and portable.macs == image.macs


def test_a_process_of_its_own_builds_the_same(small, image, tmp_path):
    (tmp_path / "model.tflite").write_bytes(small.tflite)
    command = [sys.executable, "-P", images.__file__, "small", "model.tflite", str(REPOSITORY), "out"]
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    assert (tmp_path / told["elf"]).read_bytes() == Path(image.elf).read_bytes()
    assert (told["calls"], told["flash_bytes"]) == ([0, 1], image.flash_bytes)
