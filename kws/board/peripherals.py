"""The emulated nRF52840's peripherals beside the UART: CLOCK, NVMC's cache switch, GPIO, the core's own registers, DWT.

Goes in: accesses of the firmware. Comes out: values, and two wishes to whoever runs the core: `reset` and
`switch_counter`. Addresses: nRF52840 Product Specification v1.7, and ARM DDI0403E (ARMv7-M) chapters B3 and C1.
"""

from collections.abc import Callable

from kws.board.faults import FirmwareFault
from kws.board.registers import Registers

SYSRESETREQ, VECTKEY = 1 << 2, 0x05FA
TRCENA, CYCCNTENA = 1 << 24, 1
DEMCR_ADDRESS, DWT_CTRL, DWT_CYCCNT = 0xE000EDFC, 0x000, 0x004
ICACHECNF, CACHEEN = 0x540, 1
_NO_OTHER_COMPARATORS = 0x40000000  # DWT_CTRL after reset: four comparators, nothing switched on
_MASK = 0xFFFFFFFF


def clock() -> Registers:
    """CLOCK: an oscillator runs as soon as it is started."""
    registers = Registers("CLOCK", 0x40000000)
    started, high_state, low_state = (0x100, 0x104), 0x40C, 0x418
    registers.plain({0x100: 0, 0x104: 0, 0x408: 0, high_state: 0, 0x414: 0, low_state: 0, 0x518: 0})

    def start(event: int, run: int, state: int, source: int) -> None:
        registers.values |= {event: 1, run: 1, state: source | 1 << 16}

    registers.task(0x000, lambda: start(started[0], 0x408, high_state, 1))  # HFCLKSTART, the crystal
    registers.task(0x004, lambda: registers.values.update({0x408: 0, high_state: 0}))
    registers.task(0x008, lambda: start(started[1], 0x414, low_state, registers.values[0x518]))  # LFCLKSTART
    registers.task(0x00C, lambda: registers.values.update({0x414: 0, low_state: 0}))
    registers.no_interrupts(0x300, 0x304, 0x308)
    return registers


def nvmc() -> Registers:
    """NVMC: ready, with the switch of the instruction cache (off after reset). No writes to flash."""
    registers = Registers("NVMC", 0x4001E000)
    registers.plain({ICACHECNF: 0, 0x548: 0, 0x54C: 0})
    registers.on_read(0x400, lambda: 1)
    return registers


def cache_enabled(nvmc_registers: Registers) -> bool:
    """Whether ICACHECNF.CACHEEN is set."""
    return bool(nvmc_registers.values[ICACHECNF] & CACHEEN)


def gpio() -> Registers:
    """P0 and P1: outputs that go nowhere; inputs read as 0."""
    registers = Registers("GPIO", 0x50000000)
    for port in (0x000, 0x300):
        out, inputs, direction = port + 0x504, port + 0x510, port + 0x514
        registers.plain({out: 0, direction: 0} | {port + 0x700 + 4 * pin: 2 for pin in range(32)})
        registers.on_read(inputs, lambda: 0)
        for held, set_at, clear_at in ((out, port + 0x508, port + 0x50C), (direction, port + 0x518, port + 0x51C)):
            _set_and_clear(registers, held, set_at, clear_at)
    return registers


def _set_and_clear(registers: Registers, held: int, set_at: int, clear_at: int) -> None:
    def change(value: int, keep: bool) -> None:
        old = registers.values[held]
        registers.values[held] = old | value if keep else old & ~value

    for offset, keep in ((set_at, True), (clear_at, False)):
        registers.on_read(offset, lambda: registers.values[held])
        registers.on_write(offset, lambda value, keep=keep: change(value, keep))


def system_control(reset: Callable[[], None]) -> Registers:
    """SCB, the FPU's control and DEMCR. The FPU is always on, whatever CPACR says; no interrupt can be enabled."""
    registers = Registers("the core's system control space", 0xE000E000)
    vtor, scr, ccr, shcsr, cpacr = 0xD08, 0xD10, 0xD14, 0xD24, 0xD88
    faults = {0xD28: 0, 0xD2C: 0, 0xD30: 0, 0xD34: 0, 0xD38: 0}
    floating = {0xF34: 0xC0000000, 0xF38: 0, 0xF3C: 0}
    registers.plain({vtor: 0, scr: 0, ccr: 0x200, shcsr: 0, cpacr: 0, DEMCR_ADDRESS & 0xFFF: 0} | faults | floating)
    registers.plain({0xD18: 0, 0xD1C: 0, 0xD20: 0})  # priorities of the core's exceptions
    registers.on_read(0xD00, lambda: 0x410FC241)  # CPUID: Cortex-M4 r0p1

    def interrupt_control(value: int) -> None:
        if value >> 16 != VECTKEY:
            raise FirmwareFault(f"AIRCR was written with 0x{value:08x}: without the key 0x05FA the core ignores it")
        if value & SYSRESETREQ:
            reset()

    registers.on_read(0xD0C, lambda: 0xFA050000)
    registers.on_write(0xD0C, interrupt_control)
    return registers


class Dwt(Registers):
    """The cycle counter's two registers.

    CYCCNTENA, with DEMCR.TRCENA set, is the switch: with it off the core runs without a hook and CYCCNT stands still.
    The switch works on a core that is stopped, so the write asks `switch_on` for a stop and happens when the core, now
    with the hook, executes it again. The way back stops counting at once. `cycles` gives the count since the switch.
    """

    def __init__(
        self,
        demcr: Callable[[], int],
        counting: Callable[[], bool],
        cycles: Callable[[], int],
        switch: Callable[[bool], None],
    ) -> None:
        super().__init__("DWT", 0xE0001000)
        self._demcr, self._counting, self._cycles, self._switch = demcr, counting, cycles, switch
        self._base = 0  # CYCCNT when `cycles` was 0, or while it stands still
        self._control = _NO_OTHER_COMPARATORS
        self.on_read(DWT_CTRL, lambda: self._control)
        self.on_write(DWT_CTRL, self._write_control)
        self.on_read(DWT_CYCCNT, self._count)
        self.on_write(DWT_CYCCNT, self._set_count)

    def _running(self) -> bool:
        return bool(self._control & CYCCNTENA)

    def _count(self) -> int:
        return (self._base + (self._cycles() if self._running() else 0)) & _MASK

    def _set_count(self, value: int) -> None:
        self._base = value - (self._cycles() if self._running() else 0)

    def _write_control(self, value: int) -> None:
        if value & ~CYCCNTENA & ~_NO_OTHER_COMPARATORS:
            raise FirmwareFault(f"DWT_CTRL was written with 0x{value:08x}: of it only CYCCNTENA is modelled")
        enable = bool(value & CYCCNTENA)
        if enable and not self._demcr() & TRCENA:
            raise FirmwareFault("DWT_CTRL.CYCCNTENA was set while DEMCR.TRCENA is not: the chip would not count")
        if enable == self._running():
            return
        if enable and not self._counting():
            self._switch(True)  # comes back here, with the counter attached
            return
        self._base = self._base - self._cycles() if enable else self._count()
        self._control = _NO_OTHER_COMPARATORS | enable
        if not enable:
            self._switch(False)
