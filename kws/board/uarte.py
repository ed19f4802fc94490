"""UARTE0 of the emulated board: EasyDMA moves whole blocks between RAM and the link.

Goes in: register accesses of the firmware, bytes of the link. Comes out: events, bytes in RAM, bytes on the link.
After the nRF52840 Product Specification v1.7, chapter UARTE. The line has flow control: what the firmware does not ask
for waits at the host, so the chip's FIFO of a few bytes is never needed. Sending and receiving take no modelled time;
baud rate, pins and parity are accepted and have no effect.

A firmware that polls an RX event sleeps in `Link.read`, so that it does not burn the host's processor: up to
POLL_TIMEOUT_S a poll, and while the cycle counter runs until the event has come, so that the number of polls, and with
it the cycles, does not depend on the host. While the microphone runs, its events are what is slept
for (kws/board/pdm.py).
"""

from collections.abc import Callable
from typing import Protocol

from kws.board.faults import FirmwareFault
from kws.board.link import Link
from kws.board.memory import RAM_END, RAM_START
from kws.board.registers import Registers

UARTE0_START = 0x40002000
POLL_TIMEOUT_S = 0.02
COUNT_MAX = 0xFFFF  # MAXCNT has 16 bits
ENABLED = 8

STARTRX, STOPRX, STARTTX, STOPTX, FLUSHRX = 0x000, 0x004, 0x008, 0x00C, 0x02C
CTS, NCTS, RXDRDY, ENDRX, TXDRDY, ENDTX, ERROR, RXTO = 0x100, 0x104, 0x108, 0x110, 0x11C, 0x120, 0x124, 0x144
RXSTARTED, TXSTARTED, TXSTOPPED = 0x14C, 0x150, 0x158
SHORTS, INTEN, INTENSET, INTENCLR, ERRORSRC, ENABLE = 0x200, 0x300, 0x304, 0x308, 0x480, 0x500
PSEL_RTS, PSEL_TXD, PSEL_CTS, PSEL_RXD, BAUDRATE, CONFIG = 0x508, 0x50C, 0x510, 0x514, 0x524, 0x56C
RXD_PTR, RXD_MAXCNT, RXD_AMOUNT, TXD_PTR, TXD_MAXCNT, TXD_AMOUNT = 0x534, 0x538, 0x53C, 0x544, 0x548, 0x54C

_EVENTS = (CTS, NCTS, RXDRDY, ENDRX, TXDRDY, ENDTX, ERROR, RXTO, RXSTARTED, TXSTARTED, TXSTOPPED)
_PLAIN = (ERRORSRC, ENABLE, BAUDRATE, CONFIG, RXD_PTR, RXD_MAXCNT, RXD_AMOUNT, TXD_PTR, TXD_MAXCNT, TXD_AMOUNT)
_PINS = (PSEL_RTS, PSEL_TXD, PSEL_CTS, PSEL_RXD)
_ENDRX_STARTRX, _ENDRX_STOPRX = 1 << 5, 1 << 6


class Memory(Protocol):
    """What EasyDMA needs of the core; unicorn's Uc is one."""

    def mem_read(self, address: int, size: int) -> bytearray:
        """Bytes of memory."""

    def mem_write(self, address: int, data: bytes) -> None:
        """Write memory."""


class Uarte(Registers):
    """The registers, and the one reception that can be under way."""

    def __init__(
        self, memory: Memory, link: Link, counting: Callable[[], bool], listening: Callable[[], bool] = lambda: False
    ) -> None:
        super().__init__("UARTE0", UARTE0_START)
        self._memory, self._link, self._counting, self._listening = memory, link, counting, listening
        self._receive_at = self._receive_bytes = self._received_bytes = 0
        self.receiving = False
        self.plain(dict.fromkeys((*_EVENTS, *_PLAIN, SHORTS), 0) | dict.fromkeys(_PINS, 0xFFFFFFFF))
        for offset in (RXDRDY, ENDRX):
            self.on_read(offset, lambda o=offset: self._wait_for(o))
        self.task(STARTRX, self._start_receive)
        self.task(STOPRX, self._stop_receive)
        self.task(FLUSHRX, self._flush_receive)
        self.task(STARTTX, self._transmit)
        self.task(STOPTX, lambda: self._happened(TXSTOPPED))
        self.no_interrupts(INTEN, INTENSET, INTENCLR)

    def sleep(self) -> None:
        """WFI and WFE: wait until there may be something to receive, or for one poll."""
        if self.receiving:
            self._receive(POLL_TIMEOUT_S)
        else:
            self._link.wait(POLL_TIMEOUT_S)

    def _happened(self, *events: int) -> None:
        for event in events:
            self.values[event] = 1

    def _buffer(self, direction: str, pointer: int, count: int) -> tuple[int, int]:
        """Where EasyDMA is to work; refused where the chip would fail, or do something else than was meant."""
        if self.values[ENABLE] != ENABLED:
            raise FirmwareFault(f"UARTE0: START{direction} while ENABLE is {self.values[ENABLE]}, not {ENABLED}")
        start, length = self.values[pointer], self.values[count]
        if length > COUNT_MAX:
            raise FirmwareFault(f"UARTE0: {direction}D.MAXCNT is {length}; it has 16 bits, {COUNT_MAX} at most")
        if length and not RAM_START <= start <= RAM_END - length:
            raise FirmwareFault(
                f"UARTE0: {direction}D.PTR 0x{start:08x} with {length} bytes is not in RAM, "
                f"and EasyDMA reaches RAM only; copy to a buffer in RAM first"
            )
        return start, length

    def _start_receive(self) -> None:
        self._receive_at, self._receive_bytes = self._buffer("RX", RXD_PTR, RXD_MAXCNT)
        self._received_bytes, self.receiving = 0, True
        self._happened(RXSTARTED)
        if self._receive_bytes == 0:
            self._end_receive()

    def _wait_for(self, event: int) -> int:
        """Read an RX event: first take what has come."""
        while self.receiving and not self.values[event]:
            self._receive(None if self._counting() else 0.0 if self._listening() else POLL_TIMEOUT_S)
            if not self._counting():
                break
        return self.values[event]

    def _receive(self, timeout_s: float | None) -> None:
        while self.receiving and (data := self._link.read(self._receive_bytes - self._received_bytes, timeout_s)):
            self._memory.mem_write(self._receive_at + self._received_bytes, data)
            self._received_bytes += len(data)
            self._happened(RXDRDY)
            if self._received_bytes == self._receive_bytes:
                self._end_receive()
            timeout_s = 0.0

    def _end_receive(self) -> None:
        self.values[RXD_AMOUNT] = self._received_bytes
        self.receiving = False
        self._happened(ENDRX)
        if self.values[SHORTS] & _ENDRX_STARTRX:
            self._start_receive()
        elif self.values[SHORTS] & _ENDRX_STOPRX:
            self._happened(RXTO)

    def _stop_receive(self) -> None:
        self._receive(0.0)  # on the chip these bytes are in the buffer by now
        if self.receiving:
            self.values[RXD_AMOUNT] = self._received_bytes
            self.receiving = False
            self._happened(ENDRX)
        self._happened(RXTO)

    def _flush_receive(self) -> None:
        """The FIFO is always empty."""
        self.values[RXD_AMOUNT] = 0
        self._happened(ENDRX)

    def _transmit(self) -> None:
        start, length = self._buffer("TX", TXD_PTR, TXD_MAXCNT)
        self._happened(TXSTARTED)
        if length:
            self._link.write(bytes(self._memory.mem_read(start, length)))
            self._happened(TXDRDY)
        self.values[TXD_AMOUNT] = length
        self._happened(ENDTX)
