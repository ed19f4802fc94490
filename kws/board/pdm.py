"""The emulated board's microphone: PDM, whose EasyDMA fills block after block of RAM with what a WAV file holds.

Goes in: register accesses of the firmware, a WAV file of 16 kHz, mono, 16 bits. Comes out: samples in RAM, events.
After the nRF52840 Product Specification v1.7, chapter PDM. Modelled is the one way in which the firmware sets it up,
and a block is in RAM when it ends, not before. The file is opened anew, and heard from its beginning, whenever the
microphone starts; behind its end is silence. A board without a file has no microphone: START is never answered by
STARTED.

At real rate a block ends when its samples are due by the host's clock, whether or not the firmware has given the next
one a place. Fast, it ends when the firmware looks for it, and the board's time is the samples' own: nothing is lost,
and what is heard does not depend on the host. Silence behind the end comes at real rate always.
"""

import time
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from kws.board.faults import FirmwareFault
from kws.board.link import Link
from kws.board.memory import RAM_END, RAM_START
from kws.board.registers import Registers
from kws.board.timers import BoardTime
from kws.board.uarte import POLL_TIMEOUT_S, Memory
from kws.errors import BoardError

PDM_START = 0x4001D000
Speed = Literal["real", "fast"]
START, STOP, STARTED, STOPPED, END = 0x000, 0x004, 0x100, 0x104, 0x108
INTEN, INTENSET, INTENCLR, ENABLE = 0x300, 0x304, 0x308, 0x500
PDMCLKCTRL, MODE, GAINL, GAINR, RATIO = 0x504, 0x508, 0x518, 0x51C, 0x520
PSEL_CLK, PSEL_DIN, SAMPLE_PTR, SAMPLE_MAXCNT = 0x540, 0x544, 0x560, 0x564
_RATE_HZ = 16_000
_SAMPLE_NS = 1_000_000_000 // _RATE_HZ
_SET_UP = {ENABLE: 1, PDMCLKCTRL: 0x0A000000, MODE: 1, RATIO: 1}  # 1.28 MHz, 80 bits a sample, mono: 16 kHz
_COUNT_MAX = 0x7FFF  # MAXCNT has 15 bits


def wav_samples(path: Path) -> bytes:
    """The samples of a WAV file, int16, little-endian.

    Raises:
        BoardError: it cannot be read, or is of another kind.
    """
    try:
        with wave.open(str(path), "rb") as file:
            kind = (file.getframerate(), file.getnchannels(), 8 * file.getsampwidth())
            samples = file.readframes(file.getnframes())
    except (OSError, EOFError, wave.Error) as error:
        raise BoardError(f"The emulated microphone cannot read {path} ({error}): give it a WAV file.") from error
    if kind != (_RATE_HZ, 1, 16):
        raise BoardError(
            f"The emulated microphone hears 16,000 Hz, 1 channel, 16 bits; {path} has {kind[0]:,} Hz, {kind[1]} "
            f"channels, {kind[2]} bits: convert it first."
        )
    return samples


class Pdm(Registers):
    """The registers, the block under way, and how much of the file has been heard."""

    def __init__(
        self,
        memory: Memory,
        link: Link,
        board_time: BoardTime,
        file: Path | None = None,
        speed: Speed = "real",
        now_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        super().__init__("PDM", PDM_START)
        self._memory, self._link, self._board_time = memory, link, board_time
        self._file, self._fast, self._now_ns = file, speed == "fast", now_ns
        self.running = False
        self._samples, self._heard = b"", 0  # of the file; how many samples have ended up in RAM
        self._place = (0, 0)  # of the block under way: address, samples
        self._due_ns = 0
        held = dict.fromkeys((STARTED, STOPPED, END, ENABLE, MODE, RATIO, SAMPLE_PTR, SAMPLE_MAXCNT), 0)
        pins = dict.fromkeys((PSEL_CLK, PSEL_DIN), 0xFFFFFFFF)
        self.plain(held | pins | {PDMCLKCTRL: 0x08400000, GAINL: 0x28, GAINR: 0x28})
        self.on_read(END, self._wait_for_end)
        self.task(START, self._start)
        self.task(STOP, self._stop)
        self.no_interrupts(INTEN, INTENSET, INTENCLR)

    def _start(self) -> None:
        for offset, value in _SET_UP.items():
            if self.values[offset] != value:
                raise FirmwareFault(
                    f"PDM was started with 0x{self.values[offset]:x} in its register 0x{offset:03x}; the emulated "
                    f"microphone models 0x{value:x} there"
                )
        if self._file is None:
            return
        self._samples, self._heard, self.running = wav_samples(self._file), 0, True
        self._begin_block(self._now_ns())
        if self._fast:
            self._board_time.follow(lambda: self._heard * _SAMPLE_NS)

    def _stop(self) -> None:
        if self.running and self._fast:
            self._board_time.run_free()
        self.running = False
        self.values[STOPPED] = 1

    def _begin_block(self, start_ns: int) -> None:
        """EasyDMA takes the place that SAMPLE names now."""
        address, count = self.values[SAMPLE_PTR], self.values[SAMPLE_MAXCNT]
        if not (0 < count <= _COUNT_MAX and RAM_START <= address <= RAM_END - 2 * count):
            raise FirmwareFault(f"PDM: SAMPLE.PTR 0x{address:08x} with {count} samples is not in RAM")
        self._place = address, count
        self._due_ns = start_ns + count * _SAMPLE_NS
        self.values[STARTED] = 1

    def _wait_for_end(self) -> int:
        """Read END: first let pass what time has passed, and some more where nothing has ended."""
        if self.running and not self.values[END]:
            if self._fast and 2 * self._heard < len(self._samples):
                self._end_block(self._now_ns())
            elif (rest_ns := self._due_ns - self._now_ns()) > 0:
                self._link.wait(min(POLL_TIMEOUT_S, rest_ns / 1e9))
            while self._now_ns() >= self._due_ns:
                self._end_block(self._due_ns)
        return self.values[END]

    def _end_block(self, now_ns: int) -> None:
        address, count = self._place
        part = self._samples[2 * self._heard : 2 * (self._heard + count)]
        self._memory.mem_write(address, part.ljust(2 * count, b"\0"))
        self._heard += count
        self.values[END] = 1
        self._begin_block(now_ns)
