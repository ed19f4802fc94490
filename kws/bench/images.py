"""An image with one model alone: a .tflite goes in; an ELF file and what is known of it before it runs come out.

    python -P kws/bench/images.py NAME MODEL.tflite REPOSITORY FOLDER

does for a file what `build` does, with the `kws` that PYTHONPATH names: so an earlier commit's compiler and firmware
build the image, and today's emulator runs it. It uses no more of `kws` than every commit has.
"""

import json
import re
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from kws.board.build import build_image
from kws.codegen import generate
from kws.params import load_params

PORTABLE = "KWS_PORTABLE"  # of kernels_cortex_m4.h: the portable kernels, whatever the target
_INVOKE = re.compile(r"^static void invoke\(.*?\{\n(.*?)^\}", re.DOTALL | re.MULTILINE)
_CALL = re.compile(r"^ *\w+\(.*&layer_(\d+)\b.*\);$", re.MULTILINE)


@dataclass(frozen=True)
class BenchImage:
    """An image on disk.

    Attributes:
        elf: image.elf, as text; image.bin lies beside it.
        macs: of one inference.
        flash_bytes, ram_bytes: of the image.
        weight_bytes: of the weights as stored.
        layers: (title, MACs) of each.
        calls: the layer that each call of the model's invoke() is of, as its C says.
    """

    name: str
    elf: str
    macs: int
    flash_bytes: int
    ram_bytes: int
    weight_bytes: int
    layers: tuple[tuple[str, int], ...]
    calls: tuple[int, ...]


def build(name: str, tflite: bytes, repository: Path, folder: Path, portable: bool = False) -> BenchImage:
    """Compile and link one model with the front end of the repository's params.yaml; `folder` is made.

    Raises:
        ModelError, BuildError: the model or the image is refused.
    """
    params = load_params(repository / "params.yaml")
    (generated,) = generate([(name, tflite)], folder / "generated")
    more = {"defines": (PORTABLE,)} if portable else {}
    image = build_image(folder / "generated", params.front_end, folder / "image", params.flash.baud, **more)
    text = (folder / "generated" / f"model_{name}.c").read_text()
    return BenchImage(
        name=name,
        elf=str(image.elf),
        macs=generated.macs,
        flash_bytes=image.flash_bytes,
        ram_bytes=image.ram_bytes,
        weight_bytes=generated.weight_bytes,
        layers=tuple((_short(layer.title), layer.macs) for layer in generated.layers),
        calls=tuple(called_layers(text, portable)),
    )


def called_layers(model_c: str, portable: bool = False) -> list[int]:
    """Layers by number, in the order in which invoke() of a generated model calls their kernels."""
    invoke = _INVOKE.search(model_c)
    lines, taken = [], True
    for line in (invoke[1] if invoke else "").splitlines():
        if line.startswith("#if"):
            taken = not portable
        elif line.startswith("#else"):
            taken = portable
        elif line.startswith("#endif"):
            taken = True
        elif taken:
            lines.append(line)
    return [int(number) for number in _CALL.findall("\n".join(lines))]


def _short(title: str) -> str:
    """The operator, without the tensors' names."""
    return title.partition(" -")[0]


def main(arguments: list[str]) -> None:
    """Build and print the result as JSON."""
    name, tflite, repository, folder = arguments
    built = build(name, Path(tflite).read_bytes(), Path(repository), Path(folder))
    print(json.dumps(asdict(built)))


if __name__ == "__main__":
    main(sys.argv[1:])
