"""The front end's machine code on the emulated core: every window of a stream has the bytes of the clip that it is."""

import numpy as np
import pytest
from elftools.elf.elffile import ELFFile
from unicorn.arm_const import UC_ARM_REG_R0

from kws.bench import core as bare
from kws.board.build import build_image
from kws.board.counter import CycleCounter
from kws.board.cycle_models import CYCLE_MODELS, TABLE
from kws.board.elf import flash_image
from kws.codegen import generate
from kws.features import features
from kws.params import FrontEnd
from tests.support_learning import PARAMS
from tests.support_tflite import Conv, Dense, Reshape, build

STRIDES, STEP = 55, 6  # all of the ring of frames is replaced; windows begin at several of its places
STREAM, SAMPLES = bare._INPUT, bare._LOGITS  # the caller's memory
MOST_CYCLES = {"front_end_push": 25_600, "front_end_window": 51_200}  # 0.4 and 0.8 ms


class Core:
    """An image's functions, by name, called one by one and counted."""

    def __init__(self, elf):
        with elf.open("rb") as file:
            self._symbols = {s.name: s["st_value"] for s in ELFFile(file).get_section_by_name(".symtab").iter_symbols()}
        self._core = bare._core(flash_image(elf.read_bytes()))

    def call(self, name: str, samples: np.ndarray | None = None) -> int:
        """Cycles of a call with the stream and these samples (N,) int16."""
        if samples is not None:
            self._core.mem_write(SAMPLES, samples.tobytes())
        counter = CycleCounter(self._core, CYCLE_MODELS[TABLE], lambda: True)
        cycles, _ = bare._call(self._core, counter, self._symbols[name] & ~1, [], STREAM, SAMPLES)
        return cycles

    def result(self) -> np.ndarray:
        """The features (T, F) int8 that the last call returned."""
        address = self._core.reg_read(UC_ARM_REG_R0)
        return np.frombuffer(bytes(self._core.mem_read(address, 1960)), np.int8).reshape(49, 40)


def signal() -> np.ndarray:
    """2.5 s (N,) int16: noise from faint to full scale, silence, the loudest square wave."""
    rng, part = np.random.default_rng(6), 10_000
    noise = rng.normal(0, 1, 2 * part) * np.geomspace(2, 20_000, 2 * part)
    square = np.where(np.arange(part) % 40 < 20, 32767, -32768)
    return np.concatenate([noise, np.zeros(part), square]).clip(-32768, 32767).astype(np.int16)


@pytest.mark.parametrize("kind", ["pcen", "log_mel", "mfcc"])
def test_every_window_of_a_stream_is_that_clip(kind, tmp_path):
    front_end, samples = FrontEnd(**{**PARAMS["front_end"], "kind": kind}), signal()
    model = build((49, 40, 1), [Conv(4, (10, 8), (2, 2)), Reshape((2000,)), Dense(4)], 1)
    generate([("deployed", model)], tmp_path / "generated")
    core = Core(build_image(tmp_path / "generated", front_end, tmp_path / "image", 115200).elf)
    core.call("front_end_start", samples[:15840])
    for stride in range(STRIDES):
        if stride:
            cycles = core.call("front_end_push", samples[320 * (48 + stride) :][:480])
            assert kind == "mfcc" or cycles <= MOST_CYCLES["front_end_push"]
        if stride % STEP:
            continue
        assert core.call("front_end_window") <= MOST_CYCLES["front_end_window"]
        clip = np.resize(samples[320 * stride :][:16000], 16000)  # no frame reaches what the last ones lack
        np.testing.assert_array_equal(core.result(), features(clip[None], front_end)[0])
