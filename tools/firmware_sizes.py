"""What the firmware takes of flash and RAM, read off images that are linked for it; writes kws/firmware_sizes.py.

    python -m tools.firmware_sizes

Run it when firmware/, kws/codegen/emission.py or the compiler's flags have changed: the estimates of kws/estimate.py
are made of these numbers. It links a handful of small images, which takes half a minute, and prints what has moved.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from pprint import pformat
from typing import get_args

from kws import firmware_sizes as before
from kws.board.build import build_image
from kws.board.sizes import Part, model_bytes, parts
from kws.codegen import generate
from kws.codegen.lowering import lower
from kws.estimate import CHANNEL_FLASH_BYTES
from kws.files import write_text
from kws.params import FrontEnd, load_params
from kws.tflite.reader import read_graph
from tests.support_tflite import AveragePool, Conv, Dense, Depthwise, Reshape, build

ROOT = Path(__file__).resolve().parent.parent
_MODULE = ROOT / "kws" / "firmware_sizes.py"
_NAME, _BAUD = "deployed", 115200
_PLAIN_KIND = "log_mel"  # the front end that others are compared with
_MODELS_OWN = ("kws_arena", "kws_unpacked")  # RAM that depends on the model
_CHANNELS = {"conv_2d": "conv", "depthwise_conv_2d": "depthwise", "fully_connected": "dense"}
# The files that hold each kernel, and a symbol of one of them that is a kernel by itself.
_FILES = {
    "conv": ("kernels_conv.c",),
    "frame": ("kernels_cortex_m4.c",),
    "product": ("kernels_cortex_m4_products.c",),
    "depthwise": ("kernels_depthwise.c",),
    "pool": ("kernels_pool.c",),
    "dense": ("kernels_dense.c", "kernels_dot.S"),
}
_PLANES = "kws_m4_depthwise"
_HEAD = '"""What the firmware takes of flash and RAM, in bytes: written by tools/firmware_sizes.py; see there."""\n\n'


@dataclass(frozen=True)
class Linked:
    """One image with one model: all its parts, and what of the model is neither weights nor an entry a channel."""

    found: list[Part]
    model_rest_bytes: int
    layers: int

    def flash(self, *files: str) -> int:
        """Of these files."""
        return sum(part.flash_bytes for part in self.found if part.file in files)

    @property
    def base_flash(self) -> int:
        """Of what is neither the model's nor a kernel."""
        apart = [part for part in self.found if part.file.startswith(("model_", "models.S", "kernels"))]
        return sum(part.flash_bytes for part in self.found) - sum(part.flash_bytes for part in apart)

    @property
    def base_ram(self) -> int:
        """Of what does not depend on the model."""
        return sum(part.ram_bytes for part in self.found if part.name not in _MODELS_OWN)


def tiny_conv(bits: int, zeros: float = 0.0) -> bytes:
    """8 filters of 10 x 8, 4 classes."""
    how = {"bits": bits, "zeros": zeros}
    return _network([Conv(8, (10, 8), (2, 2), **how), Reshape((4000,)), Dense(4, **how)])


def separable() -> bytes:
    """Products over wide places, depthwise convolutions over planes, a pool."""
    blocks = [Depthwise((3, 3)), Conv(8, (1, 1))] * 3
    return _network([Conv(8, (10, 4), (2, 2)), *blocks, AveragePool((25, 20), (25, 20)), Reshape((8,)), Dense(4)])


def portable() -> bytes:
    """Convolutions that no kernel of the Cortex-M4 takes: steps of an odd number of values, strides."""
    return _network([Conv(3, (3, 3)), Depthwise((3, 3), stride=(2, 2)), Reshape((1500,)), Dense(4)])


def measure() -> dict[str, int | dict[str, int]]:
    """The constants of kws/firmware_sizes.py by name."""
    plain, packed, sparse = linked(tiny_conv(8)), linked(tiny_conv(3)), linked(tiny_conv(8, 0.9))
    kernels = [plain, linked(separable()), linked(portable())]
    kinds = [kind for kind in get_args(FrontEnd.model_fields["kind"].annotation) if kind != _PLAIN_KIND]
    layer = round((kernels[1].model_rest_bytes - plain.model_rest_bytes) / (kernels[1].layers - plain.layers))
    return {
        "FIRMWARE_FLASH_BYTES": plain.base_flash,
        "FIRMWARE_RAM_BYTES": plain.base_ram,
        "FRONT_END_FLASH_BYTES": {_PLAIN_KIND: 0}
        | {kind: linked(tiny_conv(8), kind).base_flash - plain.base_flash for kind in kinds},
        "KERNEL_FLASH_BYTES": _kernels(kernels),
        "MODEL_FLASH_BYTES": plain.model_rest_bytes - plain.layers * layer,
        "LAYER_FLASH_BYTES": layer,
        "UNPACKER_FLASH_BYTES": {
            "plain": 0,
            "packed": packed.flash("kernels_unpack.c"),
            "sparse": sparse.flash("kernels_unpack.c"),
        },
        "UNPACKING_FLASH_BYTES": round((packed.model_rest_bytes - plain.model_rest_bytes) / plain.layers),
    }


def linked(tflite: bytes, kind: str = _PLAIN_KIND) -> Linked:
    """Link an image of one model."""
    front_end = load_params(ROOT / "params.yaml").front_end.model_copy(update={"kind": kind})
    with tempfile.TemporaryDirectory() as folder:
        generate([(_NAME, tflite)], Path(folder) / "generated")
        image = build_image(Path(folder) / "generated", front_end, Path(folder) / "build", _BAUD)
        found = parts(image.elf.read_bytes())
    layers = lower(read_graph(tflite)).layers
    weighted = [layer for layer in layers if layer.weighted is not None]
    tables = sum(layer.weighted.storage.size_bytes for layer in weighted)
    tables += sum(len(layer.weighted.bias) * CHANNEL_FLASH_BYTES[_CHANNELS[layer.kernel]] for layer in weighted)
    return Linked(found, model_bytes(found, _NAME) - tables, len(layers))


def module_text(constants: dict[str, int | dict[str, int]]) -> str:
    """All of kws/firmware_sizes.py."""
    lines = []
    for name, value in constants.items():
        if isinstance(value, int):
            lines.append(f"{name} = {value:_}\n")
        else:
            entries = "".join(f'    "{key}": {entry:_},\n' for key, entry in value.items())
            lines.append(f"{name} = {{\n{entries}}}\n")
    return _HEAD + "".join(lines)


def _kernels(images: Sequence[Linked]) -> dict[str, int]:
    """Each kernel's flash, in the image where it takes most."""
    sizes = {kernel: max(image.flash(*files) for image in images) for kernel, files in _FILES.items()}
    planes = max(part.flash_bytes for image in images for part in image.found if part.name == _PLANES)
    sizes = {**sizes, "product": sizes["product"] - planes, "planes": planes}
    assert all(sizes.values()), f"no image links some kernel: {sizes}"
    return sizes


def _network(layers: list) -> bytes:
    return build((49, 40, 1), layers, 0, rectified=(-128,))


def main() -> None:
    """Write the module, and print what it had before where that was something else."""
    constants = measure()
    for name, value in constants.items():
        if value != (old := getattr(before, name, None)):
            print(f"{name}: {pformat(old)} -> {pformat(value)}")
    write_text(_MODULE, module_text(constants))


if __name__ == "__main__":
    main()
