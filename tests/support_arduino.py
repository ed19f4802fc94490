"""The sketch without Arduino's toolchain: its C++ by ziglang, against tests/arduino_api."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from kws.board import zig
from kws.board.build import FIRMWARE
from kws.board.elf import flash_image
from tests.conftest import REPOSITORY

API = REPOSITORY / "tests" / "arduino_api"
# Without exceptions and RTTI, as Arduino's core is built; warnings are errors.
CXX_FLAGS = ("-Wall", "-Wextra", "-Wvla", "-Werror", "-fno-exceptions", "-fno-rtti", "-O2", "-fno-sanitize=undefined")
_TARGET = ("-target", "thumb-freestanding-eabihf", "-mcpu=cortex_m4+vfp4d16sp", "-ffreestanding")
# string.h, which a freestanding build lacks; it is written for C.
_HEADERS = ("-Drestrict=__restrict", "-I", str(FIRMWARE / "ports" / "nrf52840" / "include"))


def compile_cxx(source: Path, output: Path, flags: Sequence[str], standard: str = "gnu++17") -> Path:
    """Compile one C++ file."""
    command = [sys.executable, "-m", "ziglang", "c++", f"-std={standard}", *CXX_FLAGS, *flags, "-I", str(API)]
    language = ["-x", "c++", "-include", "Arduino.h"] if source.suffix == ".ino" else []
    done = subprocess.run(
        [*command, "-c", *language, str(source), "-o", str(output)], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return output


def cortex_m4_objects(sketch: Path, folder: Path, standard: str = "gnu++17") -> list[Path]:
    """Objects of the sketch's C++ files for the board."""
    folder.mkdir()
    flags = (*_TARGET, *_HEADERS)
    sources = [sketch / "kws.ino", *sorted((sketch / "src").glob("*.cpp"))]
    return [compile_cxx(source, folder / f"{source.name}.o", flags, standard) for source in sources]


def sketch_image(sketch: Path, folder: Path) -> bytes:
    """The sketch linked with the bare-metal port's start-up code and the emulated core: bytes of flash from 0x10000."""
    objects = cortex_m4_objects(sketch, folder)
    port, core = FIRMWARE / "ports" / "nrf52840", API / "emulated_core.cpp"
    for name in ("startup.c", "clock.c", "clock.h", "uart.c", "uart.h", "memory.c", "registers.h", "application.ld"):
        shutil.copyfile(port / name, folder / name)
    (folder / "start.c").write_text('#define firmware_run sketch_main\n#include "startup.c"\n')
    (folder / "chip_clock.c").write_text('#define port_microseconds chip_microseconds\n#include "clock.c"\n')
    shutil.copytree(sketch / "src", folder / "src")
    shutil.copytree(port / "include", folder / "include")
    includes = ("-Isrc", "-I.", "-Iinclude")
    objects.append(compile_cxx(core, folder / "core.o", (*_TARGET, *_HEADERS, "-I", str(folder))))
    sources = [f"src/{path.name}" for path in sorted((folder / "src").iterdir()) if path.suffix in (".c", ".S")]
    names = ["start.c", "chip_clock.c", "uart.c", "memory.c", *sources, *(path.name for path in objects)]
    flags = (*zig.BOARD_FLAGS, *includes, "-T", "application.ld")
    return flash_image(zig.compile_and_link(folder, names, flags, "sketch.elf").read_bytes())


def port_library(sketch: Path, folder: Path) -> Path:
    """port.cpp and microphone.cpp for this machine, as a shared library with the core that tests play."""
    sources = [sketch / "src" / "port.cpp", sketch / "src" / "microphone.cpp", API / "played_core.cpp"]
    flags = ("-fPIC", "-I", str(sketch / "src"))
    objects = [compile_cxx(source, folder / f"{source.name}.o", flags) for source in sources]
    library = folder / "libport.so"
    command = [sys.executable, "-m", "ziglang", "c++", "-shared", *map(str, objects), "-o", str(library)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return library
