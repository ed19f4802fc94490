"""The emulated microphone: blocks in turn, at real rate and fast, and what it refuses."""

import wave

import numpy as np
import pytest

from kws.board import pdm
from kws.board.faults import FirmwareFault
from kws.board.memory import RAM_START
from kws.board.pdm import Pdm, wav_samples
from kws.board.timers import BoardTime
from kws.errors import BoardError

BLOCK = 160
BLOCK_NS = BLOCK * 62_500


class Memory(dict):
    def mem_write(self, address: int, data: bytes) -> None:
        self[address] = data


class Host:
    """A clock that waiting moves, and a link that only waits."""

    def __init__(self):
        self.ns = 5

    def now_ns(self) -> int:
        return self.ns

    def wait(self, timeout_s: float) -> None:
        self.ns += round(timeout_s * 1e9)


def write(path, samples: np.ndarray, rate_hz: int = 16_000) -> None:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate_hz, 0, "NONE", ""))
        file.writeframes(samples.astype("<i2").tobytes())


@pytest.fixture
def made(tmp_path):
    """A microphone with a file of four blocks, set up as the firmware does; memory, host, board time."""
    write(tmp_path / "a.wav", np.arange(4 * BLOCK))

    def make(speed: str = "real", file: bool = True):
        memory, host = Memory(), Host()
        board_time = BoardTime(host.now_ns)
        microphone = Pdm(memory, host, board_time, tmp_path / "a.wav" if file else None, speed, host.now_ns)
        for offset, value in (
            (pdm.PDMCLKCTRL, 0x0A000000),
            (pdm.MODE, 1),
            (pdm.RATIO, 1),
            (pdm.ENABLE, 1),
            (pdm.SAMPLE_PTR, RAM_START),
            (pdm.SAMPLE_MAXCNT, BLOCK),
        ):
            microphone.write(offset, 4, value)
        return microphone, memory, host, board_time

    return make


def block(number: int) -> bytes:
    return np.arange(number * BLOCK, (number + 1) * BLOCK).astype("<i2").tobytes()


def ended(microphone: Pdm) -> bool:
    return bool(microphone.read(pdm.END, 4))


@pytest.mark.parametrize("speed", ["real", "fast"])
def test_a_block_lies_where_sample_pointed_when_it_began(made, speed):
    microphone, memory, _, _ = made(speed)
    microphone.write(pdm.START, 4, 1)
    assert microphone.read(pdm.STARTED, 4)
    microphone.write(pdm.SAMPLE_PTR, 4, RAM_START + 1000)
    while not ended(microphone):
        assert not memory
    assert memory == {RAM_START: block(0)}
    microphone.write(pdm.END, 4, 0)
    while not ended(microphone):
        pass
    assert memory[RAM_START + 1000] == block(1)


def test_at_real_rate_a_block_takes_its_time_and_a_late_firmware_loses_the_rest(made):
    microphone, memory, host, _ = made()
    microphone.write(pdm.START, 4, 1)
    before = host.ns
    assert ended(microphone)
    assert host.ns - before == BLOCK_NS
    host.ns += 2 * BLOCK_NS
    microphone.write(pdm.END, 4, 0)
    assert ended(microphone)
    assert memory == {RAM_START: block(2)}  # three went to the same place


def test_fast_the_boards_time_is_the_samples(made):
    microphone, _, host, board_time = made("fast")
    microphone.write(pdm.START, 4, 1)
    before, began_us = host.ns, board_time.us()
    for number in range(4):
        assert ended(microphone)
        assert board_time.us() - began_us == (number + 1) * BLOCK_NS // 1000
        microphone.write(pdm.END, 4, 0)
    assert host.ns == before
    assert ended(microphone)  # silence behind the end takes its time
    assert host.ns > before


def test_the_file_is_heard_anew_at_each_start_and_silence_behind_it(made):
    microphone, memory, _, _ = made("fast")
    for _ in range(2):
        microphone.write(pdm.START, 4, 1)
        for expected in (*map(block, range(4)), bytes(2 * BLOCK)):
            microphone.write(pdm.END, 4, 0)
            while not ended(microphone):
                pass
            assert memory[RAM_START] == expected
        microphone.write(pdm.STOP, 4, 1)
        assert microphone.read(pdm.STOPPED, 4)
        microphone.write(pdm.END, 4, 0)
        assert not ended(microphone)


def test_without_a_file_there_is_no_microphone(made):
    microphone, *_ = made(file=False)
    microphone.write(pdm.START, 4, 1)
    assert not microphone.read(pdm.STARTED, 4)
    assert not microphone.running


@pytest.mark.parametrize(
    ("offset", "value", "message"),
    [(pdm.ENABLE, 0, "0x500"), (pdm.RATIO, 0, "0x520"), (pdm.SAMPLE_PTR, 0, "not in RAM")],
)
def test_what_is_set_up_otherwise_is_refused(made, offset, value, message):
    microphone, *_ = made()
    microphone.write(offset, 4, value)
    with pytest.raises(FirmwareFault, match=message):
        microphone.write(pdm.START, 4, 1)


def test_a_file_of_another_rate_or_kind_is_refused(tmp_path):
    write(tmp_path / "8.wav", np.zeros(10), 8000)
    with pytest.raises(BoardError, match="8,000 Hz"):
        wav_samples(tmp_path / "8.wav")
    (tmp_path / "text.wav").write_text("no sound")
    with pytest.raises(BoardError, match=r"text\.wav"):
        wav_samples(tmp_path / "text.wav")
    with pytest.raises(BoardError, match=r"none\.wav"):
        wav_samples(tmp_path / "none.wav")
