"""The same kernels and the same model for qemu's mps2-an386: the same logits, and as many instructions.

qemu and unicorn share their ancestry, but not the memory map, the loader, the peripherals and the years between: what
agrees here does not hang on how the emulated nRF52840 is set up. Cycles are no part of it, qemu has none.
"""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from kws.board.build import build_image
from kws.tflite.interpreter import reference_logits
from tests.support_qemu import TICK_INSTRUCTIONS, boot, build_mps2, inference, input_of
from tests.support_tflite import Conv, Dense, Reshape, build

QEMU = "qemu-system-arm"
LIMIT_S = 120
AROUND_INVOKE = 2 * TICK_INSTRUCTIONS  # the call, and ticks that had begun


@pytest.fixture(scope="module")
def tflite() -> bytes:
    return build((49, 40, 1), [Conv(2, (10, 8), (2, 2)), Reshape((1000,)), Dense(4)], 1)


@pytest.fixture(scope="module")
def images(tflite, front_end, tmp_path_factory) -> tuple[Path, Path]:
    """For mps2-an386 and for the nRF52840."""
    folder = tmp_path_factory.mktemp("qemu")
    mps2, generated = build_mps2(tflite, folder)
    return mps2, build_image(generated, front_end, folder / "nrf52840", 115200).elf


def test_both_images_execute_the_same_instructions(images, tflite):
    (mps2_logits, mps2_count), (logits, count) = (inference(image, tflite) for image in images)
    expected = reference_logits(tflite, input_of(49 * 40).reshape(1, 49, 40))[0]
    assert mps2_logits == logits == np.asarray(expected, np.int8).tobytes()
    assert mps2_count == count > 49 * 40


def test_the_image_boots_and_says_its_logits(images, tflite):
    logits, _ = inference(images[0], tflite)
    assert boot(images[0]) == f"{logits.hex()} {0:08x}\n"


@pytest.mark.skipif(shutil.which(QEMU) is None, reason=f"{QEMU} is not installed (Debian: qemu-system-arm)")
def test_qemu_gives_the_same_bytes_and_as_many_instructions(images, tflite):
    logits, instructions = inference(images[1], tflite)
    command = [QEMU, "-M", "mps2-an386", "-nographic", "-monitor", "none", "-serial", "stdio", "-semihosting"]
    command += ["-icount", "shift=0", "-kernel", str(images[0])]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, stdin=subprocess.DEVNULL)
    assert answer.returncode == 0, answer.stderr
    said, ticks = answer.stdout.split()
    assert bytes.fromhex(said) == logits
    assert abs(int(ticks, 16) * TICK_INSTRUCTIONS - instructions) <= AROUND_INVOKE
