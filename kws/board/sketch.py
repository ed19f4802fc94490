"""The Arduino sketch as a folder that needs nothing else: firmware, kernels, generated models and tables.

    write_sketch(Path("generated"), params.front_end, Path("build/sketch/kws"), baud=115200)

Arduino compiles what lies in the folder and in its `src`. A sketch does not know where in flash it ends, nor what
Arduino's core adds to it, so what the board reports as its image is the manifest: a line of SHA-256 and name for every
file of the folder, as sha256sum writes it, compiled into the sketch. The handshake's hash is the manifest's. It says
which sources, models and tables the board runs, not which version of Arduino's core and compiler built them.
"""

import shutil
from pathlib import Path

from kws.board.build import FIRMWARE, generated_files
from kws.board.protocol_header import header
from kws.codegen.front_end_tables import write_tables
from kws.files import replaced_folder, sha256, write_text
from kws.params import FrontEnd

SKETCH = "sketch/kws"  # in a build folder; the last part is also the name of the .ino
MANIFEST = "SHA256SUMS"
# Beside Arduino's own: as fast as the bare-metal image, and float32 as the host has it (no fused multiply-add).
C_FLAGS = ("-O2", "-ffp-contract=off", "-fno-math-errno")
_SOURCES = ("*.c", "*.h", "*.S")
_HEADER = "manifest.h"  # not in the manifest, which it carries


def write_sketch(generated: Path, front_end: FrontEnd, folder: Path, baud: int) -> Path:
    """Write the folder anew as a whole; the same inputs give the same bytes. Returns the path of the manifest.

    Args:
        generated: models.c, models.S and model_*.c, as kws.codegen.generate writes them.
        front_end: parameters of the front end's tables.
        folder: named as its .ino, `kws`.
        baud: goes into protocol.h; over USB it has no effect.

    Raises:
        BuildError: a file is missing.
    """
    with replaced_folder(folder) as target:
        source = target / "src"
        source.mkdir()
        core = (path for pattern in _SOURCES for path in (FIRMWARE / "src").glob(pattern))
        for path in (*core, *generated_files(generated), *(FIRMWARE / "arduino").iterdir()):
            shutil.copyfile(path, (target if path.suffix == ".ino" else source) / path.name)
        write_text(source / "protocol.h", header(baud))
        write_tables(front_end, source / "front_end_tables.h")
        manifest = manifest_text(target)
        write_text(source / _HEADER, _header_text(manifest))
        write_text(target / MANIFEST, manifest)
    return folder / MANIFEST


def manifest_text(folder: Path) -> str:
    """A line `SHA-256  name` for every file in the folder, by name."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return "".join(f"{sha256((folder / name).read_bytes())}  {name}\n" for name in names)


def _header_text(manifest: str) -> str:
    lines = " \\\n".join(f'  "{line}\\n"' for line in manifest.splitlines())
    return (
        "/* Generated: what this sketch was made of. Its SHA-256 is what the board reports as its image's. */\n"
        f"#ifndef KWS_MANIFEST_H\n#define KWS_MANIFEST_H\n\n#define KWS_MANIFEST \\\n{lines}\n\n#endif\n"
    )
