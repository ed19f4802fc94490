"""The memory report of an image: it adds up, it names every file, and a model's own bytes are those of its tables."""

import io

import pytest
from elftools.elf.elffile import ELFFile

from kws.__main__ import main
from kws.board.build import Image, build_image
from kws.board.faults import Symbols
from kws.board.sizes import STACK, UNNAMED, by_file, model_bytes, parts, report
from kws.codegen import generate
from kws.errors import BuildError
from tests.support_tflite import Conv, Dense, Reshape, build

GENERATED = {"models.c", "models.S", "model_deployed.c", "model_small.c"}
ASSEMBLED = {"models.S", "kernels_dot.S"}


def tiny_conv(filters: int, bits: int) -> bytes:
    common = [Conv(filters, (10, 8), (2, 2), bits=bits), Reshape((filters * 500,)), Dense(4, bits=bits)]
    return build((49, 40, 1), common, seed=filters, rectified=(-128,))


@pytest.fixture(scope="module")
def image(front_end, tmp_path_factory) -> Image:
    """Of two models: 8 filters of 8 bits, and 2 of 3."""
    folder = tmp_path_factory.mktemp("sizes")
    generate([("deployed", tiny_conv(8, 8)), ("small", tiny_conv(2, 3))], folder / "generated")
    return build_image(folder / "generated", front_end, folder / "build", 115200)


@pytest.fixture(scope="module")
def found(image):
    return parts(image.elf.read_bytes())


def test_all_adds_up_to_the_image(image, found):
    for rows in (found, by_file(found)):
        assert sum(part.flash_bytes for part in rows) == image.flash_bytes
        assert sum(part.ram_bytes for part in rows) == image.ram_bytes
        assert all(part.flash_bytes >= 0 and part.ram_bytes >= 0 for part in rows)
    assert next(part for part in found if part.name == STACK).ram_bytes == 8192
    assert next(part for part in found if part.name == UNNAMED).flash_bytes < 1200


def test_every_part_lies_in_a_file_of_the_build(image, found):
    sources = {path.name for path in image.elf.parent.rglob("*") if path.suffix in (".c", ".S")}
    files = {part.file for part in found} - {"", "compiler_rt"}
    assert files <= sources and files >= GENERATED | ASSEMBLED
    text = {path.name: path.read_text() for path in image.elf.parent.rglob("*.[cS]")}
    wrong = [part for part in found if part.file in text and part.name.split(".")[0] not in text[part.file]]
    from_headers = {"answers.c", "front_end.c", "front_end_frame.c", "front_end_normalize.c"}  # their tables and names
    assert not [part for part in wrong if part.file not in from_headers and "OUTLINED" not in part.name]


def test_a_models_own_bytes(found):
    deployed, small = (model_bytes(found, name) for name in ("deployed", "small"))
    assert 16_640 + 8 * 9 + 4 * 12 + 128 < deployed < 16_640 + 8 * 9 + 4 * 12 + 128 + 400
    assert 60 + 1500 + 128 < small < 60 + 1500 + 128 + 500


def test_what_is_largest_comes_first(image, found):
    lines = report(image.elf.read_bytes(), 3).splitlines()
    assert lines[0].split() == ["flash", "RAM", "file"] and lines[1].endswith("model_deployed.c")
    assert lines[-4].split() == ["flash", "RAM", "symbol"]
    assert lines[-3].split() == ["16,000", "0", "layer_1_weights", "(model_deployed.c)"]
    assert f"{image.flash_bytes:8,} {image.ram_bytes:8,}  all" in lines


def test_the_command_prints_it(image, capsys):
    assert main(["sizes", str(image.elf), "--symbols", "1"]) == 0
    assert "layer_1_weights" in capsys.readouterr().out
    assert main(["sizes", str(image.bin)]) == 1
    assert "no ELF file" in capsys.readouterr().err


def test_an_image_without_symbols_is_told_as_such(image):
    stripped = image.elf.read_bytes().replace(b".symtab\0", b".notsym\0")
    with pytest.raises(BuildError, match="no symbols"):
        parts(stripped)


def test_a_fault_names_the_function(image):
    elf = image.elf.read_bytes()
    entry = int.from_bytes(image.bin.read_bytes()[4:8], "little")
    assert Symbols(elf).name(entry & ~1) == "reset_handler+0x0"
    assert not [s.name for s in ELFFile(io.BytesIO(elf)).iter_sections() if s.name.startswith(".debug")]
