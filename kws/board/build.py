"""From generated models and the firmware's sources to an image for the chip, or the same sources for this machine.

    image = build_image(Path("generated"), params.front_end, Path("build"), baud=115200)

Goes in: the folder that kws.codegen.generate wrote. Comes out: a folder with the sources as they were compiled,
image.elf and image.bin. The bytes of both depend on the sources and the parameters alone.
"""

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kws.board import zig
from kws.board.elf import check_fits, flash_image, sizes
from kws.board.protocol import REPETITIONS_MAX
from kws.board.protocol_header import header
from kws.codegen.front_end_tables import write_tables
from kws.errors import BuildError
from kws.files import replaced_folder, sha256, write_bytes, write_text
from kws.params import FrontEnd

FIRMWARE = Path(__file__).resolve().parents[2] / "firmware"
_INCLUDES = ("-Iinclude", "-Isrc", "-Iport", "-Iport/include")
# What a shared library offers to tests: the parts that need no port.
_PORTLESS = ("crc32.c", "sha256.c", "postprocess.c", "kernels*.c", "kernels*.S")
_ANY_BAUD = 115200  # the host's port has no rate


@dataclass(frozen=True)
class Image:
    """An image for the chip, on disk.

    Attributes:
        elf: linked, with symbols.
        bin: the bytes of flash from 0x10000 on; what is programmed and what `sha256` is of.
        sha256: 64 hex digits of the bytes in bin; the board computes the same over its own flash.
        flash_bytes: length of bin.
        ram_bytes: .data + .bss + 8 KB kept free for the stack.
    """

    elf: Path
    bin: Path
    sha256: str
    flash_bytes: int
    ram_bytes: int


def build_image(
    generated_dir: Path, front_end: FrontEnd, build_dir: Path, baud: int, defines: Sequence[str] = ()
) -> Image:
    """Cross-compile the firmware with the generated models; build_dir is replaced as a whole.

    Args:
        generated_dir: models.c, models.S and model_*.c.
        front_end: parameters of the front end's tables.
        build_dir: where sources, image.elf and image.bin go.
        baud: rate of the board's UART.
        defines: macros for the compiler; KWS_PORTABLE leaves the Cortex-M4's own kernels out, to compare with them.

    Raises:
        BuildError: the compiler refuses, a file is missing, or the image does not fit the chip (with both sizes).
    """
    with replaced_folder(build_dir) as folder:
        port = FIRMWARE / "ports" / "nrf52840"
        sources = _stage(folder, generated_files(generated_dir), ("*.c", "*.S"), port, front_end, baud)
        macros = (f"-D{name}" for name in defines)
        flags = (*zig.BOARD_FLAGS, *_INCLUDES, *macros, "-T", "port/application.ld")
        elf = zig.compile_and_link(folder, sources, flags, "image.elf").read_bytes()
        found = sizes(elf)
        check_fits(found)
        content = flash_image(elf)
        write_bytes(folder / "image.bin", content)
    return Image(
        elf=build_dir / "image.elf",
        bin=build_dir / "image.bin",
        sha256=sha256(content),
        flash_bytes=found.flash_bytes,
        ram_bytes=found.ram_bytes,
    )


def build_host_program(generated_dir: Path, front_end: FrontEnd, build_dir: Path) -> Path:
    """The firmware for this machine, on stdin and stdout: `firmware [IMAGE]`. Returns the program's path.

    Raises:
        BuildError: the compiler refuses or a file is missing.
    """
    with replaced_folder(build_dir) as folder:
        sources = _stage(
            folder, generated_files(generated_dir), ("*.c", "*.S"), FIRMWARE / "ports" / "host", front_end, _ANY_BAUD
        )
        zig.compile_and_link(folder, sources, (*zig.HOST_FLAGS, *_INCLUDES), "firmware")
    return build_dir / "firmware"


def stage_fuzz(folder: Path, generated_dir: Path, front_end: FrontEnd) -> list[str]:
    """Copy what a fuzzer is built of into a new folder: the firmware, and firmware/fuzz as its port.

    Few repetitions of `infer` are allowed there: a fuzzer likes to ask for many. Returns the C files' names.
    """
    folder.mkdir()
    sources = _stage(folder, generated_files(generated_dir), ("*.c", "*.S"), FIRMWARE / "fuzz", front_end, _ANY_BAUD)
    path = folder / "include" / "protocol.h"
    text = path.read_text().replace(f"REPETITIONS_MAX {REPETITIONS_MAX}u", "REPETITIONS_MAX 3u")
    write_text(path, text)
    return [name for name in sources if name.endswith(".c")]


def build_host_library(
    build_dir: Path, generated_dir: Path | None = None, front_end: FrontEnd | None = None, extra: Sequence[Path] = ()
) -> Path:
    """The firmware's portless parts as a shared library for ctypes. Returns the library's path.

    Always in it: kernels, postprocess, SHA-256, CRC-32.

    Args:
        build_dir: replaced as a whole.
        generated_dir: adds kws_models and kws_model_count (models.c, model_*.c).
        front_end: adds front_end*.c with these parameters.
        extra: further C files, for a test of its own.

    Raises:
        BuildError: the compiler refuses or a file is missing.
    """
    patterns = (*_PORTLESS, "front_end*.c") if front_end else _PORTLESS
    generated = [*(generated_files(generated_dir) if generated_dir else ()), *extra]
    suffix = {"darwin": ".dylib", "win32": ".dll"}.get(sys.platform, ".so")
    with replaced_folder(build_dir) as folder:
        sources = _stage(folder, generated, patterns, None, front_end, _ANY_BAUD)
        flags = (*zig.HOST_FLAGS, *_INCLUDES, "-shared", "-fPIC")
        zig.compile_and_link(folder, sources, flags, f"libfirmware{suffix}")
    return build_dir / f"libfirmware{suffix}"


def generated_files(generated_dir: Path) -> list[Path]:
    """The files that kws.codegen.generate wrote, by name, headers beside them too; BuildError without models.c."""
    if not (generated_dir / "models.c").is_file():
        raise BuildError(f"{generated_dir / 'models.c'} is missing: kws.codegen.generate writes it; run `dvc repro`.")
    return sorted(path for path in generated_dir.iterdir() if path.suffix in (".c", ".h", ".S"))


def _stage(
    folder: Path,
    generated: Sequence[Path],
    patterns: Sequence[str],
    port: Path | None,
    front_end: FrontEnd | None,
    baud: int,
) -> list[str]:
    """Copy what is compiled into folder, so that all names are relative to it; returns the C files' names in order."""
    core = sorted(path for pattern in (*patterns, "*.h") for path in (FIRMWARE / "src").glob(pattern))
    _copy(core, folder / "src")
    _copy(generated, folder / "generated")
    for name in ("port", "port/include", "include"):
        (folder / name).mkdir(exist_ok=True)
    if port is not None:
        shutil.copytree(port, folder / "port", dirs_exist_ok=True)
    write_text(folder / "include" / "protocol.h", header(baud))
    if front_end is not None:
        write_tables(front_end, folder / "include" / "front_end_tables.h")
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.suffix in (".c", ".S"))


def _copy(paths: Sequence[Path], folder: Path) -> None:
    folder.mkdir()
    for path in paths:
        shutil.copyfile(path, folder / path.name)
