"""Sizes of the layers that run as products over wide places and over planes, and the memory between them.

A product (pointwise.py) takes a convolution place by place: from the wide output of a depthwise layer as it is, from
int8 by gathering each window into a wide place first. A depthwise layer (depthwise.py) takes planes, which a product
writes for it. So the layers of a DS-CNN hand each other what the next one reads, and nothing is copied.
"""

from dataclasses import dataclass
from math import prod

from kws.codegen.cortex_m4.depthwise import Planes
from kws.codegen.cortex_m4.pointwise import FILTERS, MAX_WORDS, PLACES, Pointwise

_MAX_OFFSET = 4095  # of a load or store


@dataclass(frozen=True)
class Product:
    """A convolution as a product; `planes` is what it writes, None where it writes int8 places."""

    places: int
    depth: int  # weights of a filter
    filters: int
    gathers: bool  # whether the input is int8
    padded: tuple[int, int, int]  # input with its padding, (height, width, channels), where it must be made; else zeros
    planes: Planes | None

    @property
    def function(self) -> Pointwise:
        """What runs it."""
        odd = self.places % PLACES == 1
        if self.planes:
            return Pointwise(self.depth // 2, self.planes.plane_bytes, wide=True, odd=odd)
        return Pointwise(self.depth // 2, 1, wide=False, odd=odd)

    @property
    def offset_bytes(self) -> int:
        """Of where each place's output lies, 16 bits each, to whole words."""
        return -(-self.places // 2) * 4

    @property
    def scratch_bytes(self) -> int:
        """Beside input and output: offsets, the padded input, gathered places."""
        gathered = wide_bytes(self.places, self.depth) if self.gathers else 0
        return self.offset_bytes + self.padded_bytes + gathered

    @property
    def padded_bytes(self) -> int:
        """Of the padded input, int8, to whole words."""
        return -(-prod(self.padded) // 4) * 4

    @property
    def output_bytes(self) -> int:
        """Of planes or places."""
        return self.planes.bytes if self.planes else self.places * self.filters

    @property
    def fits(self) -> bool:
        """Whether offsets and tables are within what the instructions reach."""
        reach = (FILTERS - 1) * self.function.filter_bytes
        small = self.places * self.filters < 1 << 16 and (self.planes is None or self.planes.plane_bytes < 1 << 16)
        return (
            self.depth % 4 == 0
            and self.depth <= 2 * MAX_WORDS
            and self.filters >= FILTERS
            and self.places >= PLACES
            and reach <= _MAX_OFFSET
            and small
        )


@dataclass(frozen=True)
class Depthwise:
    """A depthwise convolution over planes, its output wide."""

    planes: Planes
    scratch_bytes = 0

    @property
    def output_bytes(self) -> int:
        """Of the wide places."""
        return wide_bytes(self.planes.height * self.planes.width, self.planes.channels)

    @property
    def fits(self) -> bool:
        """Whether offsets are within what the instructions reach."""
        reach = max(self.planes.width * self.planes.channels * 2, 3 * 2 * self.planes.pitch)
        return self.planes.channels % 4 == 0 and self.planes.height >= 2 and reach <= _MAX_OFFSET


def wide_bytes(places: int, channels: int) -> int:
    """Of wide places."""
    return 2 * channels * places
