"""The emulated board's time: TIMER0, which counts microseconds, and TIMER1, which PPI lets count TIMER0's rounds.

Goes in: register accesses of the firmware. Comes out: captured counts. nRF52840 Product Specification v1.7, chapters
TIMER and PPI; modelled is the one use that firmware/ports/nrf52840/clock.c makes of them, everything else is refused.

While the cycle counter is off the board's time is the host's, as a board has one that is waiting for a host. While
cycles are counted it is theirs, at 64 MHz: what is timed then is modelled, and the same each time.
"""

import time
from collections.abc import Callable

from kws.board.faults import FirmwareFault
from kws.board.registers import Registers

TIMER0_START, TIMER1_START, PPI_START = 0x40008000, 0x40009000, 0x4001F000
CORE_HZ = 64_000_000
START, STOP, COUNT, CLEAR, CAPTURE0, COMPARE1 = 0x000, 0x004, 0x008, 0x00C, 0x040, 0x144
INTENSET, INTENCLR, MODE, BITMODE, PRESCALER, CC0, CC1 = 0x304, 0x308, 0x504, 0x508, 0x510, 0x540, 0x544
CHEN, CHENSET, CHENCLR, EEP0, TEP0 = 0x500, 0x504, 0x508, 0x510, 0x514
_TIMER, _COUNTER, _BITS_32, _MICROSECONDS = 0, 2, 3, 4
_MASK = 0xFFFFFFFF


class BoardTime:
    """Microseconds since the board's start, which never go back.

    Args:
        now_ns: the host's monotonic clock.
    """

    def __init__(self, now_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._now_ns = now_ns
        self._passed_ns = 0
        self._since_ns: int | None = now_ns()  # None while cycles are counted
        self._cycles: Callable[[], int] = lambda: 0

    def count_cycles(self, cycles: Callable[[], int]) -> None:
        """From now on time is what `cycles` counts, from 0 on."""
        self._passed_ns, self._since_ns, self._cycles = self._ns(), None, cycles

    def follow(self, elapsed_ns: Callable[[], int]) -> None:
        """From now on time is what `elapsed_ns` gives, from 0 on."""
        self.count_cycles(lambda: elapsed_ns() * CORE_HZ // 1_000_000_000)

    def run_free(self) -> None:
        """From now on time is the host's."""
        self._passed_ns, self._since_ns = self._ns(), self._now_ns()

    def us(self) -> int:
        """Now."""
        return self._ns() // 1000

    def _ns(self) -> int:
        if self._since_ns is None:
            return self._passed_ns + self._cycles() * 1_000_000_000 // CORE_HZ
        return self._passed_ns + self._now_ns() - self._since_ns


def timers(board_time: BoardTime) -> tuple[Registers, Registers, Registers]:
    """TIMER0, TIMER1 and PPI."""
    started_us: list[int] = []
    ppi = Registers("PPI", PPI_START)
    ppi.plain({CHEN: 0, EEP0: 0, TEP0: 0})
    ppi.on_read(CHENSET, lambda: ppi.values[CHEN])
    ppi.on_write(CHENSET, lambda value: ppi.values.update({CHEN: ppi.values[CHEN] | value}))
    ppi.on_write(CHENCLR, lambda value: ppi.values.update({CHEN: ppi.values[CHEN] & ~value}))

    def elapsed_us() -> int:
        return board_time.us() - started_us[0] if started_us else 0

    def start_low() -> None:
        _check(low, MODE, _TIMER)
        _check(low, PRESCALER, _MICROSECONDS)
        started_us[:] = [board_time.us()]

    def rounds() -> int:
        chained = ppi.values[CHEN] & 1 and (ppi.values[EEP0], ppi.values[TEP0]) == (
            TIMER0_START + COMPARE1,
            TIMER1_START + COUNT,
        )
        return elapsed_us() >> 32 if chained else 0

    low = _timer("TIMER0", TIMER0_START, start_low, elapsed_us)
    high = _timer("TIMER1", TIMER1_START, lambda: _check(high, MODE, _COUNTER), rounds)
    return low, high, ppi


def _timer(name: str, base: int, start: Callable[[], None], count: Callable[[], int]) -> Registers:
    registers = Registers(name, base)
    registers.plain({COMPARE1: 0, MODE: 0, BITMODE: 0, PRESCALER: 4, CC0: 0, CC1: 0})

    def checked_start() -> None:
        _check(registers, BITMODE, _BITS_32)
        start()

    registers.task(START, checked_start)
    registers.task(CAPTURE0, lambda: registers.values.update({CC0: count() & _MASK}))
    registers.no_interrupts(0x300, INTENSET, INTENCLR)
    return registers


def _check(timer: Registers, offset: int, value: int) -> None:
    if timer.values[offset] != value:
        raise FirmwareFault(
            f"{timer.name} was started with 0x{timer.values[offset]:x} in its register 0x{offset:03x}; of TIMER the "
            f"emulated board models 0x{value:x} there"
        )
