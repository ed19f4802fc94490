"""A linked image: what lies on flash, and what it takes of the chip. ELF bytes in, bytes and figures out."""

import io
from dataclasses import dataclass

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile

from kws.board.memory import FLASH_START, RAM_START, misfit
from kws.errors import BuildError, MisfitError

_ERASED = b"\xff"


@dataclass(frozen=True)
class Sizes:
    """What an image takes.

    Attributes:
        flash_bytes: from the first byte of the image to the last: code, constants, weights, and the first values of
            .data (code that runs from RAM included), gaps for alignment included.
        ram_bytes: .data + .bss + the room kept free for the stack (section .stack).
    """

    flash_bytes: int
    ram_bytes: int


def flash_image(elf: bytes) -> bytes:
    """The content of flash from FLASH_START on, gaps filled as erased flash.

    Raises:
        BuildError: not an ELF file, nothing to load, or something that lies below the application's start.
    """
    pieces = [
        (segment["p_paddr"], segment.data())
        for segment in _open(elf).iter_segments()
        if segment["p_type"] == "PT_LOAD" and segment["p_filesz"] > 0
    ]
    if not pieces or min(address for address, _ in pieces) != FLASH_START:
        raise BuildError(f"The linked image does not start at {FLASH_START:#x}: look at application.ld.")
    image = bytearray(_ERASED * (max(address + len(data) for address, data in pieces) - FLASH_START))
    for address, data in pieces:
        image[address - FLASH_START : address - FLASH_START + len(data)] = data
    return bytes(image)


def sizes(elf: bytes) -> Sizes:
    """Flash and RAM that a linked image takes."""
    in_ram = (
        section["sh_size"]
        for section in _open(elf).iter_sections()
        if section["sh_flags"] & 2 and section["sh_addr"] >= RAM_START  # 2: SHF_ALLOC
    )
    return Sizes(flash_bytes=len(flash_image(elf)), ram_bytes=sum(in_ram))


def check_fits(found: Sizes) -> None:
    """Raise MisfitError, with figures, where an image is larger than the chip."""
    needs = misfit(found.flash_bytes, found.ram_bytes)
    if needs:
        raise MisfitError(
            needs,
            "Send fewer or smaller models: fewer prune_sweep.structured_amounts, a smaller model.filters or fewer "
            "data.words; fewer bits save flash and take RAM, 8 bits the other way round.",
        )


def _open(elf: bytes) -> ELFFile:
    try:
        return ELFFile(io.BytesIO(elf))
    except ELFError as error:
        raise BuildError(f"The linker left no ELF file ({error}): build again.") from None
