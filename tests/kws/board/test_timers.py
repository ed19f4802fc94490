"""The emulated board's clock: free, counted, and through the registers that the firmware uses."""

import pytest

from kws.board import timers
from kws.board.faults import FirmwareFault
from kws.board.timers import BoardTime


class HostClock:
    """A host's clock that a test moves."""

    def __init__(self) -> None:
        self.ns = 5_000_000

    def __call__(self) -> int:
        return self.ns


@pytest.fixture
def host() -> HostClock:
    return HostClock()


@pytest.fixture
def started(host):
    """TIMER0, TIMER1 and PPI as firmware/ports/nrf52840/clock.c leaves them, and the board's time."""
    board_time = BoardTime(host)
    low, high, ppi = timers.timers(board_time)
    for timer in (low, high):
        timer.write(timers.BITMODE, 4, 3)
    low.write(timers.PRESCALER, 4, 4)
    high.write(timers.MODE, 4, 2)
    ppi.write(timers.EEP0, 4, timers.TIMER0_START + timers.COMPARE1)
    ppi.write(timers.TEP0, 4, timers.TIMER1_START + timers.COUNT)
    ppi.write(timers.CHENSET, 4, 1)
    high.write(timers.START, 4, 1)
    low.write(timers.START, 4, 1)
    return low, high, ppi, board_time


def captured(timer) -> int:
    timer.write(timers.CAPTURE0, 4, 1)
    return timer.read(timers.CC0, 4)


def test_time_is_the_hosts_and_while_it_is_counted_the_cycles(host):
    board_time = BoardTime(host)
    host.ns += 7_000
    assert board_time.us() == 7
    cycles = 0
    board_time.count_cycles(lambda: cycles)
    host.ns += 1_000_000_000
    assert board_time.us() == 7
    cycles = 640
    assert board_time.us() == 17
    board_time.run_free()
    cycles = 0
    host.ns += 3_000
    assert board_time.us() == 20


def test_a_capture_stays_and_the_rounds_are_counted(host, started):
    low, high, ppi, _ = started
    host.ns += 123_000
    assert captured(low) == 123
    host.ns += (3 << 32) * 1000
    assert low.read(timers.CC0, 4) == 123
    assert (captured(high), captured(low)) == (3, 123)
    ppi.write(timers.CHENCLR, 4, 1)
    assert captured(high) == 0 and ppi.read(timers.CHENSET, 4) == 0


def test_a_timer_that_was_not_started_stands_still(host):
    low, _, _ = timers.timers(BoardTime(host))
    host.ns += 1_000_000
    assert captured(low) == 0


@pytest.mark.parametrize(("which", "register", "value"), [(0, timers.PRESCALER, 3), (0, timers.MODE, 2),
                                                          (0, timers.BITMODE, 0), (1, timers.MODE, 0)])  # fmt: skip
def test_other_uses_are_refused(host, started, which, register, value):
    timer = started[which]
    timer.write(register, 4, value)
    with pytest.raises(FirmwareFault, match=f"TIMER{which} was started with 0x{value:x}"):
        timer.write(timers.START, 4, 1)
