"""The C around a layer's own kernel for the Cortex-M4: its descriptions, its call, the functions that it needs."""

from collections.abc import Callable, Mapping

from kws.codegen.cortex_m4.assembly import Function
from kws.codegen.cortex_m4.convolution import convolution
from kws.codegen.cortex_m4.depthwise import Planes, depthwise
from kws.codegen.cortex_m4.frames import FILTERS, FrameConvolution
from kws.codegen.cortex_m4.pointwise import pointwise
from kws.codegen.cortex_m4.products import Product
from kws.codegen.cortex_m4.selection import Kernel
from kws.codegen.text import initializer


def functions_of(kernel: Kernel) -> dict[str, Callable[[], Function]]:
    """What a kernel calls, by symbol; layers of the same sizes give the same."""
    if isinstance(kernel, FrameConvolution):
        return {kernel.symbol(count): lambda count=count: convolution(kernel, count) for count in kernel.functions}
    if isinstance(kernel, Product):
        return {kernel.function.symbol: lambda: pointwise(kernel.function)}
    return {kernel.planes.symbol: lambda: depthwise(kernel.planes)}


def tables_text(prefix: str, kernel: Kernel) -> str:
    """Declarations of its functions, and how the layer lies in memory."""
    if isinstance(kernel, FrameConvolution):
        return _frame_text(prefix, kernel)
    if isinstance(kernel, Product):
        return _product_text(prefix, kernel)
    return _planes_text(prefix, kernel.planes, kernel.planes.symbol)


def call_text(prefix: str, kernel: Kernel, source: str, target: str, scratch: str) -> str:
    """The call, given C expressions of type int8_t * for input, output and scratch."""
    if isinstance(kernel, FrameConvolution):
        frame = f"(int16_t *)(void *)({scratch})"
        return f"kws_m4_conv_2d(&{prefix}, &{prefix}_frame, {source}, {frame}, {target});"
    if isinstance(kernel, Product):
        return f"kws_m4_product(&{prefix}, &{prefix}_product, {source}, {scratch}, {target});"
    places, wide = f"(const int16_t *)(const void *)({source})", f"(int16_t *)(void *)({target})"
    return f"kws_m4_depthwise(&{prefix}, &{prefix}_planes, {places}, {wide});"


def _frame_text(prefix: str, kernel: FrameConvolution) -> str:
    functions = {"pair" if count == FILTERS else "single": kernel.symbol(count) for count in kernel.functions}
    declared = "".join(
        f"extern void {name}(const int16_t *, int8_t *, const int16_t *, const int32_t *);\n"
        for name in functions.values()
    )
    members = {word: functions.get(word, "0") for word in ("pair", "single")}
    members |= {"pitch": 2 * kernel.pitch_words, "row_words": kernel.row_words}
    return f"{declared}{_struct('frame', prefix, members)}"


def _product_text(prefix: str, kernel: Product) -> str:
    name = kernel.function.symbol
    declared = f"extern void {name}(const kws_m4_product_call_t *);\n"
    planes = _planes_text(prefix, kernel.planes, None) if kernel.planes else ""
    members = {"run": name, "planes": f"&{prefix}_planes" if kernel.planes else "0"}
    members |= {"padded_height": kernel.padded[0], "padded_width": kernel.padded[1], "gathers": int(kernel.gathers)}
    return f"{declared}{planes}{_struct('product', prefix, members)}"


def _planes_text(prefix: str, planes: Planes, function: str | None) -> str:
    declared = f"extern void {function}(const int16_t *, int16_t *, const uint32_t *);\n" if function else ""
    members = {"run": function or "0", "channels": planes.channels, "height": planes.height, "width": planes.width}
    members |= {"pitch": planes.pitch, "plane_bytes": planes.plane_bytes}
    return f"{declared}{_struct('planes', prefix, members)}"


def _struct(kind: str, prefix: str, members: Mapping[str, object]) -> str:
    return f"static const kws_m4_{kind}_t {prefix}_{kind} = {{\n{initializer(members)}}};\n"
