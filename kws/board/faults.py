"""Why the firmware on an emulated board cannot go on, in words that a person can act on.

Goes in: what unicorn or a peripheral found, the pc, and the ELF file of the image where there is one. Comes out: the
text of a BoardError.
"""

import bisect
import io

import capstone
from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile
from unicorn import (
    UC_MEM_FETCH_PROT,
    UC_MEM_FETCH_UNMAPPED,
    UC_MEM_READ_UNMAPPED,
    UC_MEM_WRITE_PROT,
    UC_MEM_WRITE_UNMAPPED,
)

from kws.errors import BoardError

# What QEMU, inside unicorn, calls the exceptions of a Cortex-M core.
_EXCEPTIONS = {2: "supervisor call (svc)", 7: "breakpoint (bkpt)", 8: "return from an exception that never was"}
_ACCESSES = {
    UC_MEM_READ_UNMAPPED: "bus fault: read of",
    UC_MEM_WRITE_UNMAPPED: "bus fault: write to",
    UC_MEM_WRITE_PROT: "bus fault: write to flash at",
    UC_MEM_FETCH_UNMAPPED: "bus fault: jump to",
    UC_MEM_FETCH_PROT: "memory fault: jump to",
}


class FirmwareFault(Exception):
    """What the firmware did and the chip would not stand, or the emulated board does not model."""


class Symbols:
    """The functions of an image, by address; empty without an ELF file."""

    def __init__(self, elf: bytes | None = None) -> None:
        self._functions: list[tuple[int, int, str]] = []
        if elf is None:
            return
        try:
            table = ELFFile(io.BytesIO(elf)).get_section_by_name(".symtab")
        except ELFError as error:
            raise BoardError(
                f"The file given as the image's ELF is not one ({error}): give the .elf of the build."
            ) from error
        for symbol in table.iter_symbols() if table else ():
            if symbol["st_info"]["type"] == "STT_FUNC":
                self._functions.append((symbol["st_value"] & ~1, symbol["st_size"], symbol.name))
        self._functions.sort()

    def name(self, address: int) -> str:
        """`function+0x12` or an empty text."""
        found = self.function(address)
        return f"{found[1]}+{address - found[0]:#x}" if found else ""

    def function(self, address: int) -> tuple[int, str] | None:
        """Start and name of the function that the address lies in, or None."""
        place = bisect.bisect_right(self._functions, (address, 1 << 32, "")) - 1
        if place < 0:
            return None
        start, size, name = self._functions[place]
        return (start, name) if address < start + max(size, 1) else None


def memory_fault(access: int, address: int) -> str:
    """`access` is unicorn's UC_MEM_*; the address is where nothing is that could be read, written or executed."""
    return f"{_ACCESSES.get(access, 'bus fault at')} 0x{address:08x}, where the chip has nothing for it"


def exception_fault(number: int) -> str:
    """An exception that the core would take; the emulated board runs no handlers."""
    return f"{_EXCEPTIONS.get(number, f'exception {number}')}, and the emulated board runs no handlers"


def undefined_instruction(code: bytes) -> str:
    """`code`: the four bytes at the pc."""
    decoder = capstone.Cs(capstone.CS_ARCH_ARM, capstone.CS_MODE_THUMB | capstone.CS_MODE_MCLASS)
    text = next((f" ({i.mnemonic} {i.op_str})" for i in decoder.disasm(code, 0)), "")
    return f"undefined instruction {code.hex(' ', 2)}{text}"


def message(fault: str, pc: int, link_register: int, symbols: Symbols) -> str:
    """One paragraph: the fault, where it was, and what to do."""
    where, caller = symbols.name(pc), symbols.name(link_register & ~1)
    return (
        f"The firmware stopped at pc 0x{pc:08x}{f' in {where}' if where else ''}"
        f"{f' (lr: {caller})' if caller else f' (lr 0x{link_register:08x})'}: {fault}. "
        f"Mend the firmware and program the board again{'' if where else '; with --elf the function is named'}."
    )
