"""Make `import torchaudio` work beside a CPU build of torch. Nothing happens where it works by itself.

torchaudio 2.11 from the Python package index is linked against CUDA: beside a CPU-only torch its compiled extension
does not load, and the import dies with OSError. What this project needs of it, mel spectrograms and the address and
the checksum of Speech Commands, needs no extension, so a stand-in that says "no extension here" is enough.
"""

import importlib
import sys
import types


def torchaudio() -> types.ModuleType:
    """The package torchaudio, with its `functional`, `transforms` and `datasets`.

    Raises:
        ImportError: torchaudio is not installed.
    """
    try:
        importlib.import_module("torchaudio")
    except OSError:
        for name in [name for name in sys.modules if name.split(".")[0] == "torchaudio"]:
            del sys.modules[name]  # what the failed import left behind
        sys.modules["torchaudio._extension"] = _no_extension()
    for part in ("functional", "transforms", "datasets"):
        importlib.import_module(f"torchaudio.{part}")
    return sys.modules["torchaudio"]


def _no_extension() -> types.ModuleType:
    """What torchaudio/_extension offers where it was built without compiled code."""
    module = types.ModuleType("torchaudio._extension")
    module._IS_TORCHAUDIO_EXT_AVAILABLE = False
    module._IS_ALIGN_AVAILABLE = False
    module.fail_if_no_align = lambda function: function
    return module
