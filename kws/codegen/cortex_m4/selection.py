"""Which layers the Cortex-M4's own kernels take, and which kernel: those that they compute to the same byte."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

from kws.codegen.cortex_m4.depthwise import Planes
from kws.codegen.cortex_m4.frames import FrameConvolution, frame_shape
from kws.codegen.cortex_m4.products import Depthwise, Product

_WORTH_GATHERING = 32  # weights of a filter

Kernel = FrameConvolution | Product | Depthwise


@dataclass(frozen=True)
class Convolution:
    """A layer as the kernels see it; pairs are (height, width)."""

    depthwise: bool
    input: tuple[int, int]
    output: tuple[int, int]
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]  # above and to the left
    channels: int  # of the input
    filters: int
    framed: Mapping[str, bool | int | None] | None  # details of its frame, None where a frame's numbers do not fit
    rectified: bool  # whether the numbers of a product or of planes fit

    @property
    def _image(self) -> tuple[int, int]:
        """Of the output, its longer side last: how products and planes go through it."""
        return min(self.output), max(self.output)

    @property
    def planes(self) -> Planes:
        """Of the output."""
        return Planes(*self._image, self.filters)

    @property
    def over_planes(self) -> Depthwise | None:
        """As a depthwise convolution over planes, where it is one that fits."""
        same = self.input == self.output and self.kernel == (3, 3) and self.stride == self.padding == (1, 1)
        own = self.depthwise and self.channels == self.filters
        kernel = Depthwise(self.planes)
        return kernel if own and same and self.rectified and kernel.fits else None

    @property
    def pointwise(self) -> bool:
        """Whether a place of the output depends on the same place of the input alone."""
        return self.kernel == self.stride == (1, 1) and self.input == self.output

    def product(self, gathers: bool, to_planes: bool) -> Product | None:
        """As a product, where it is one that fits."""
        depth, planes = prod(self.kernel) * self.channels, self.planes if to_planes else None
        kernel = Product(
            prod(self.output), depth, self.filters, gathers, self._padded if gathers else (0, 0, 0), planes
        )
        return kernel if not self.depthwise and self.rectified and kernel.fits else None

    @property
    def _padded(self) -> tuple[int, int, int]:
        """Rows, columns and channels that the windows reach, zeros where none is outside the input."""
        reached = tuple((o - 1) * s + k for o, s, k in zip(self.output, self.stride, self.kernel, strict=True))
        inside = self.padding == (0, 0) and all(r <= i for r, i in zip(reached, self.input, strict=True))
        return (0, 0, 0) if inside else (*reached, self.channels)

    @property
    def gathered(self) -> Product | None:
        """As a product that gathers its windows, where that is worth it: what they share would be written twice."""
        apart = self.stride[1] >= self.kernel[1] and prod(self.kernel) * self.channels >= _WORTH_GATHERING
        return self.product(gathers=True, to_planes=False) if apart else None

    @property
    def frame(self) -> FrameConvolution | None:
        """As a convolution over a frame, where it is one that fits."""
        if self.depthwise or self.framed is None:
            return None
        return frame_shape(self.kernel, self.stride, self.channels, self.output, self.filters, **self.framed)


def choose(layers: Sequence[Convolution | None]) -> list[Kernel | None]:
    """A kernel for each layer of a chain; None for what portable C does, and for what is no convolution."""
    ends = [None, *layers, None]
    planes = [_stands_between(*three) for three in zip(ends, layers, ends[2:], strict=False)]
    return [_kernel(*each) for each in zip(layers, [False, *planes], planes, [*planes[1:], False], strict=False)]


def _stands_between(before: Convolution | None, layer: Convolution | None, after: Convolution | None) -> bool:
    """Whether a layer runs over planes: where the one before can write them, and the one after read wide places."""
    if layer is None or layer.over_planes is None or before is None or after is None:
        return False
    reads = after.pointwise and after.product(gathers=False, to_planes=False)
    return bool(before.product(gathers=True, to_planes=True) and reads)


def _kernel(layer: Convolution | None, behind_planes: bool, over_planes: bool, before_planes: bool) -> Kernel | None:
    if layer is None:
        return None
    if over_planes:
        return layer.over_planes
    if behind_planes or before_planes:
        return layer.product(gathers=not behind_planes, to_planes=before_planes)
    return layer.gathered or layer.frame
