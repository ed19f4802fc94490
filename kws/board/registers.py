"""A peripheral as a set of 32-bit registers, some of which do something when they are read or written.

Goes in: offsets and values. Comes out: values, or a FirmwareFault for a register that is not modelled: a firmware that
needs one must not run on silently with zeros.
"""

from collections.abc import Callable

from kws.board.faults import FirmwareFault


class Registers:
    """One peripheral from address `base` on."""

    def __init__(self, name: str, base: int) -> None:
        self.name, self.base = name, base
        self.values: dict[int, int] = {}
        self._readers: dict[int, Callable[[], int]] = {}
        self._writers: dict[int, Callable[[int], None]] = {}

    def plain(self, values: dict[int, int]) -> None:
        """Registers that hold what was written, with their values after reset."""
        self.values |= values

    def on_read(self, offset: int, reader: Callable[[], int]) -> None:
        """`reader` gives the value."""
        self._readers[offset] = reader

    def on_write(self, offset: int, writer: Callable[[int], None]) -> None:
        """`writer` takes the value."""
        self._writers[offset] = writer

    def task(self, offset: int, action: Callable[[], None]) -> None:
        """A task register of the nRF52: writing 1 triggers it, other values do nothing, it reads as 0."""
        self.on_read(offset, lambda: 0)
        self.on_write(offset, lambda value: action() if value & 1 else None)

    def no_interrupts(self, enabled: int, enable: int, disable: int) -> None:
        """INTEN, INTENSET and INTENCLR: reading and disabling are harmless, enabling is refused."""

        def refuse(value: int) -> None:
            if value:
                raise FirmwareFault(f"{self.name}: interrupts are enabled, and the emulated board has none")

        for offset in (enabled, enable, disable):
            self.on_read(offset, lambda: 0)
        self.on_write(enabled, refuse)
        self.on_write(enable, refuse)
        self.on_write(disable, lambda _value: None)

    def read(self, offset: int, size: int) -> int:
        """Value of a register; `size` in bytes."""
        self._check(offset, size, "read")
        return self._readers[offset]() if offset in self._readers else self.values[offset]

    def write(self, offset: int, size: int, value: int) -> None:
        """Write a register; `size` in bytes."""
        self._check(offset, size, "write")
        if offset in self._writers:
            self._writers[offset](value)
        else:
            self.values[offset] = value

    def _check(self, offset: int, size: int, what: str) -> None:
        if offset not in self.values and offset not in (self._readers if what == "read" else self._writers):
            place = f"0x{self.base + offset:08x}, a register of {self.name}"
            raise FirmwareFault(f"{what} of {place} that the emulated board does not model")
        if size != 4:
            raise FirmwareFault(f"{what} of {size} bytes in {self.name}: its registers have 32 bits")
