"""What memory the chip has: the one place that says so. Every board that `flash.board` names runs an image linked for
this map, `any` too; what fits in it is decided before a model is trained (kws/capacity.py) and after linking (elf.py).
"""

FLASH_START = 0x10000  # the application follows the bootloader
FLASH_END = 0x100000
RAM_START = 0x20000000
RAM_END = 0x20040000
FLASH_BYTES_MAX = FLASH_END - FLASH_START  # for an image
RAM_BYTES_MAX = RAM_END - RAM_START

# What makes a model smaller that is not of this project's parameters.
HOW_TO_SHRINK = "Use fewer filters, a smaller input, or a larger stride in the first layers"


def misfit(flash_bytes: int, ram_bytes: int) -> str | None:
    """What is too large, with figures, as the end of a sentence that begins with `it`; None where all fits."""
    needs = []
    if flash_bytes > FLASH_BYTES_MAX:
        needs.append(f"{flash_bytes:,} bytes of flash (the nRF52840 has {FLASH_BYTES_MAX:,} above the bootloader)")
    if ram_bytes > RAM_BYTES_MAX:
        needs.append(f"{ram_bytes:,} bytes of RAM (the nRF52840 has {RAM_BYTES_MAX:,})")
    return f"needs {' and '.join(needs)}" if needs else None
