"""The C compiler: clang out of the PyPI package ziglang, for the board and for this machine alike.

Goes in: sources and flags, by names relative to a folder. Comes out: one linked file in it. Every call is one `zig cc`
that compiles in parallel and keeps objects in a cache by their content (in the ignored store), so that a source that
has not changed is not compiled twice; as names are relative, the cache and the bytes do not depend on where the folder
is.
"""

import errno
import importlib.util
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from kws.errors import BuildError
from kws.store import store_root

# No fused multiply-add: the front end's float32 is the same on every machine. Warnings are errors.
COMMON_FLAGS = (
    "-std=c11",
    "-O2",
    "-g0",
    "-ffp-contract=off",
    "-fno-math-errno",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-fno-sanitize=undefined",
)
BOARD_FLAGS = (
    "-target",
    "thumb-freestanding-eabihf",
    "-mcpu=cortex_m4+vfp4d16sp",  # the single-precision FPU is not part of the plain name
    "-ffreestanding",
    "-ffunction-sections",
    "-fdata-sections",
    "-fno-unwind-tables",
    "-fno-stack-protector",
    "-fomit-frame-pointer",
    "-fno-unroll-loops",  # but where a loop asks for it: KWS_UNROLL of firmware/src/optimize.h
    "-Wframe-larger-than=2048",
    "-Wl,--gc-sections",
)
HOST_FLAGS = ("-mcpu=baseline",)
_TIME_LIMIT_S = 600


def is_first_time() -> bool:
    """Whether no object is cached yet: the compiler's own parts are then built too, which takes a minute."""
    return not _cache().exists()


def compile_and_link(folder: Path, sources: Sequence[str], flags: Sequence[str], output: str) -> Path:
    """Compile sources and link them into folder/output.

    Args:
        folder: the working directory; sources, include folders in flags, and output are relative to it.
        sources: names of C files, in the order in which they are linked.
        flags: added to COMMON_FLAGS.
        output: name of the file to write.

    Raises:
        BuildError: the compiler is missing, or it refuses; with what it said.
        OSError: the disk is full.
    """
    if importlib.util.find_spec("ziglang") is None:
        raise BuildError("The C compiler is missing: install it with `python -m pip install ziglang` (or run `make`).")
    command = [sys.executable, "-m", "ziglang", "cc", *COMMON_FLAGS, *flags, *sources, "-o", output]
    cache = _cache()
    environment = {"ZIG_GLOBAL_CACHE_DIR": str(cache), **os.environ, "ZIG_LOCAL_CACHE_DIR": str(cache)}
    try:
        result = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=_TIME_LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise BuildError(f"The C compiler took more than {_TIME_LIMIT_S} s for {output}; run again.") from None
    if result.returncode != 0:
        if "No space left" in result.stderr or "NoSpaceLeft" in result.stderr:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), f"{folder} or {cache}")
        raise BuildError(f"The C compiler refuses {output} (sources in {folder}):\n{result.stderr.strip()[-4000:]}")
    return folder / output


def _cache() -> Path:
    return store_root().resolve() / "zig"
