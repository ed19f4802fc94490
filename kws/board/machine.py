"""The emulated nRF52840: it runs the image that lies in its flash, on unicorn, until its link ends or it cannot go on.

Goes in: the content of the flash, a link. Comes out: what the firmware sends; BoardError, with the pc and the function,
for what the chip would fault on and for what is not modelled here. Modelled are 1 MiB of flash, 256 KiB of RAM, UARTE0,
CLOCK, the cache's switch, GPIO, two timers, PDM (a microphone that
hears a file), the core's control registers with reset, and the cycle counter
(kws/board/counter.py). Not modelled: interrupts and fault handlers, the radio and every other peripheral, writing to
flash. Memory takes no wait states unless the model charges them (kws/board/cycle_models.py).
The board boots as after the bootloader: from the vector table at 0x10000, RAM with nothing useful in it.
"""

import struct
from pathlib import Path

import capstone
from capstone.arm import ARM_OP_MEM
from unicorn import (
    UC_ARCH_ARM,
    UC_ERR_INSN_INVALID,
    UC_HOOK_INTR,
    UC_HOOK_MEM_INVALID,
    UC_MODE_MCLASS,
    UC_MODE_THUMB,
    UC_PROT_EXEC,
    UC_PROT_READ,
    Uc,
    UcError,
)
from unicorn.arm_const import (
    UC_ARM_REG_LR,
    UC_ARM_REG_PC,
    UC_ARM_REG_SP,
    UC_ARM_REG_XPSR,
    UC_CPU_ARM_CORTEX_M4,
)

from kws.board import faults
from kws.board.counter import CycleCounter
from kws.board.cycle_models import CycleModel
from kws.board.faults import FirmwareFault, Symbols
from kws.board.link import Link
from kws.board.memory import FLASH_END, FLASH_START, RAM_BYTES_MAX, RAM_END, RAM_START
from kws.board.pdm import Pdm, Speed
from kws.board.peripherals import DEMCR_ADDRESS, Dwt, cache_enabled, clock, gpio, nvmc, system_control
from kws.board.registers import Registers
from kws.board.timers import BoardTime, timers
from kws.board.tracing import Tracer
from kws.board.uarte import Uarte
from kws.errors import BoardError

DWT_CTRL_ADDRESS = 0xE0001000
PERIPHERALS = ((0x40000000, 0x100000), (0x50000000, 0x1000), (0xE0000000, 0x100000))  # where accesses are looked at
_NEVER = 0xFFFFFFFF  # unicorn stops at this address; none is odd
_IN_IT_BLOCK = 0x0600FC00  # of xPSR
_PAGE = 0xFFF
_WAITS = (b"\x10\xbf", b"\x20\xbf", b"\x30\xbf")  # YIELD, WFE, WFI


class EmulatedBoard:
    """One board. `run` boots it and returns when the link has ended; `core` is unicorn's, for tests to look into."""

    def __init__(
        self,
        flash: bytes,
        link: Link,
        model: CycleModel | None = None,
        symbols: Symbols | None = None,
        tracer: Tracer | None = None,
        microphone: Path | None = None,
        speed: Speed = "real",
    ) -> None:
        if len(flash) > FLASH_END:
            raise BoardError(f"The flash file has {len(flash)} bytes, the chip {FLASH_END}: program the board again.")
        self._flash = flash.ljust(FLASH_END, b"\xff")
        self._link, self._model, self._symbols = link, model or CycleModel(), symbols or Symbols()
        self._tracer = tracer
        self._microphone, self._speed = microphone, speed
        self.resets = 0

    def run(self) -> None:
        """Boot, and boot again after each reset. Raises BoardError when the firmware cannot go on."""
        try:
            while True:
                self._boot()
                while not self._reset_asked:
                    self._run_to_a_stop()
                self.resets += 1
        except EOFError:
            return

    def _boot(self) -> None:
        stack, entry = struct.unpack_from("<II", self._flash, FLASH_START)
        if not (RAM_START < stack <= RAM_END and entry & 1 and FLASH_START < entry < FLASH_END):
            raise BoardError(
                f"The emulated board holds no image: the vector table at 0x{FLASH_START:x} has stack "
                f"0x{stack:08x} and entry 0x{entry:08x}. Program the board first (stage flash)."
            )
        self._reset_asked = False
        self._switch_asked: bool | None = None
        self._failure: Exception | None = None
        self.core = core = Uc(UC_ARCH_ARM, UC_MODE_THUMB | UC_MODE_MCLASS)
        core.ctl_set_cpu_model(UC_CPU_ARM_CORTEX_M4)
        core.mem_map(0, FLASH_END, UC_PROT_READ | UC_PROT_EXEC)
        core.mem_map(RAM_START, RAM_BYTES_MAX)
        core.mem_write(0, self._flash)
        core.mem_write(RAM_START, b"\xa5" * RAM_BYTES_MAX)  # a firmware that relies on zeros fails here too
        self._cache = nvmc()
        self._counter = CycleCounter(core, self._model, lambda: cache_enabled(self._cache), self._tracer)
        self._time = BoardTime()
        self._add_peripherals()
        core.hook_add(UC_HOOK_MEM_INVALID, self._on_invalid_access)
        core.hook_add(UC_HOOK_INTR, lambda _core, number, _: self._fail(FirmwareFault(faults.exception_fault(number))))
        core.reg_write(UC_ARM_REG_SP, stack)
        self._pc = entry & ~1

    def _add_peripherals(self) -> None:
        control = system_control(self._ask_reset)
        pdm = Pdm(self.core, self._link, self._time, self._microphone, self._speed)
        self._uarte = Uarte(self.core, self._link, lambda: self._counter.attached, lambda: pdm.running)
        dwt = Dwt(
            demcr=lambda: control.values[DEMCR_ADDRESS & _PAGE],
            counting=lambda: self._counter.attached,
            cycles=self._cycles_here,
            switch=self._ask_switch,
        )
        pages = (clock(), *timers(self._time), self._uarte, self._cache, gpio(), control, dwt, pdm)
        self._pages: dict[int, Registers] = {page.base: page for page in pages}
        for start, size in PERIPHERALS:
            self.core.mmio_map(start, size, self._read, start, self._write, start)

    # What unicorn calls. An exception must not pass through its C code: `_fail` keeps it and stops the core.

    def _read(self, _core: Uc, offset: int, size: int, start: int) -> int:
        try:
            page = self._page(start + offset, "read")
            return page.read(offset + start - page.base, size)
        except Exception as failure:
            return self._fail(failure)

    def _write(self, _core: Uc, offset: int, size: int, value: int, start: int) -> None:
        try:
            page = self._page(start + offset, "write")
            page.write(offset + start - page.base, size, value & 0xFFFFFFFF)
        except Exception as failure:
            self._fail(failure)

    def _page(self, address: int, what: str) -> Registers:
        page = self._pages.get(address & ~_PAGE)
        if page is None:
            raise FirmwareFault(f"{what} of 0x{address:08x}, a peripheral that the emulated board does not model")
        return page

    def _on_invalid_access(self, _core: Uc, access: int, address: int, _size: int, _value: int, _: object) -> bool:
        self._fail(FirmwareFault(faults.memory_fault(access, address)))
        return False

    def _fail(self, failure: Exception) -> int:
        if self._failure is None:
            self._failure = failure
        self.core.emu_stop()
        return 0

    def _ask_reset(self) -> None:
        self._reset_asked = True
        self.core.emu_stop()

    def _ask_switch(self, on: bool) -> None:
        self._switch_asked = on
        self.core.emu_stop()

    def _cycles_here(self) -> int:
        """Cycles at the instruction that reads or writes the counter."""
        if self.core.reg_read(UC_ARM_REG_XPSR) & _IN_IT_BLOCK:
            raise FirmwareFault(_COUNTER_IN_IT)
        return self._counter.cycles_at(self.core.reg_read(UC_ARM_REG_PC))

    # Between two runs of the core.

    def _run_to_a_stop(self) -> None:
        error = None
        try:
            self.core.emu_start(self._pc | 1, _NEVER)
        except UcError as stopped:
            error = stopped
        self._pc = self.core.reg_read(UC_ARM_REG_PC)
        if error and error.errno == UC_ERR_INSN_INVALID and self._pc_is_behind_a_wait() and self._instruction_here():
            error = None  # so unicorn reports WFE and YIELD
        failure = self._failure or self._counter.failure
        if failure or error:
            raise self._report(failure, error)
        if self._reset_asked:
            return
        if self._switch_asked is not None:
            self._switch_counter(self._switch_asked)
        elif self._counter.attached:
            self._counter.prepare()
        if self._pc_is_behind_a_wait():
            self._uarte.sleep()

    def _switch_counter(self, on: bool) -> None:
        """The core stands at the store that asked for it, and will execute it again, now without effect or at last."""
        self._switch_asked = None
        if self._store_address() != DWT_CTRL_ADDRESS:
            raise self._report(FirmwareFault(_COUNTER_IN_IT), None)
        if on:
            self._counter.attach()
            self._time.count_cycles(self._counter.cycles)
        else:
            self._time.run_free()
            self._counter.detach()

    def _pc_is_behind_a_wait(self) -> bool:
        return self._pc >= 2 and bytes(self.core.mem_read(self._pc - 2, 2)) in _WAITS

    def _instruction_here(self) -> capstone.CsInsn | None:
        """What the core would execute next; None for what is undefined."""
        decoder = capstone.Cs(capstone.CS_ARCH_ARM, capstone.CS_MODE_THUMB | capstone.CS_MODE_MCLASS)
        decoder.detail = True
        instruction = next(decoder.disasm(bytes(self.core.mem_read(self._pc, 4)), self._pc), None)
        return None if instruction is None or instruction.mnemonic == "udf" else instruction

    def _store_address(self) -> int | None:
        """Where the instruction at the pc stores a register to, if it does."""
        instruction = self._instruction_here()
        if instruction is None or not instruction.mnemonic.startswith("str"):
            return None
        memory = next(o.mem for o in instruction.operands if o.type == ARM_OP_MEM)
        index = self.core.reg_read(memory.index) << memory.lshift if memory.index else 0  # unicorn numbers them alike
        return (self.core.reg_read(memory.base) + index + memory.disp) & 0xFFFFFFFF

    def _report(self, failure: Exception | None, error: UcError | None) -> Exception:
        if failure is not None and not isinstance(failure, FirmwareFault):
            return failure  # the end of the link, a missing row of the cycle table
        if failure is not None:
            text = str(failure)
        elif error is not None and error.errno == UC_ERR_INSN_INVALID:
            text = faults.undefined_instruction(bytes(self.core.mem_read(self._pc, 4)))
        else:
            text = str(error)
        return BoardError(faults.message(text, self._pc, self.core.reg_read(UC_ARM_REG_LR), self._symbols))


_COUNTER_IN_IT = (
    "a register of the cycle counter was used in an IT block, where the emulator does not know its place; "
    "read and write the counter in functions of their own (noinline)"
)
