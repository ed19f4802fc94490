"""A folder of C that holds one model and all it needs: .tflite in, sources for somebody else's firmware out.

    write_package(Path("model.tflite"), Path("out"))

Every .c and .S of the folder is to be compiled, for a Cortex-M4 or any other target; no other file is needed, no memory
is allocated, and nothing but memcpy and memset is taken from the C library. A model is int8 at both ends; where the
.tflite has floats there, kws_quantize and kws_dequantize of kernels.h do what TFLite does, with the model's own scales.
"""

import re
import shutil
from fnmatch import fnmatch
from pathlib import Path

from kws.board.memory import FLASH_END, HOW_TO_SHRINK, RAM_BYTES_MAX
from kws.codegen.cortex_m4.names import PORTABLE
from kws.codegen.emission import MARK
from kws.codegen.generate import RESERVED_NAMES, Generated, LayerCost, generate
from kws.errors import ModelError
from kws.files import replaced_folder
from kws.tflite.reader import read_tflite

_SOURCES = Path(__file__).resolve().parents[2] / "firmware" / "src"
_NEEDED = ("kernels*.c", "kernels*.h", "kernels*.S", "model.h", "optimize.h")
_COLUMNS = (
    "layer",
    "kernel on a Cortex-M4",
    "MACs",
    "weights",
    "bits",
    "form",
    "weight bytes",
    "constants",
    "output bytes",
)

_LEGEND = (
    "constants: all bytes of a layer in flash, its weights as stored (`weight bytes`) and biases, scales and tables.\n"
    "form: weights lie in flash a byte each (plain), in as few bits as they have (packed), or without zeros (sparse)."
)


def write_package(tflite: Path, folder: Path, name: str | None = None) -> Generated:
    """Write the model's C, the kernels and their headers; what lies in the folder from an earlier time is replaced.

    Args:
        tflite: an int8 .tflite.
        folder: written as a whole or, where the model is refused, left as it is.
        name: of the model in C; without it the file's, with `_` for what C does not take.

    Raises:
        ModelError: the file cannot be compiled, the name is none in C, or the folder holds something else.
        OSError: a file cannot be read or written.
    """
    content = read_tflite(tflite)
    folder = folder.resolve()  # what a link leads to
    _refuse_strangers(folder)
    with replaced_folder(folder) as target:
        (generated,) = generate([(name or _name_of(tflite), content)], target)
        for source in sorted(path for pattern in _NEEDED for path in _SOURCES.glob(pattern)):
            shutil.copyfile(source, target / source.name)
    return generated


def _name_of(tflite: Path) -> str:
    """A name in C for a file's."""
    name = re.sub(r"[^a-z0-9_]", "_", tflite.stem.lower())
    return (name if name[:1].isalpha() and name not in RESERVED_NAMES else f"model_{name}")[:48]


def _refuse_strangers(folder: Path) -> None:
    """A folder is replaced as a whole, so it must be new, or hold nothing but what this command writes."""
    if Path.cwd().is_relative_to(folder):
        raise ModelError(f"{folder} is the current folder or holds it, and would be replaced: name another one.")
    if folder.exists() and not folder.is_dir():
        raise ModelError(f"{folder} is a file: name a folder that is new or empty.")
    strangers = sorted(path.name for path in folder.iterdir() if not _is_ours(path)) if folder.exists() else []
    if strangers:
        raise ModelError(
            f"{folder} is there and was not written by this command ({', '.join(strangers[:3])}): it would be replaced "
            "as a whole. Name a folder that is new or empty, or keep what is yours elsewhere."
        )


def _is_ours(path: Path) -> bool:
    """Whether this command writes a file of that name, and for the model's own, whether it did."""
    if any(fnmatch(path.name, pattern) for pattern in _NEEDED):
        return path.is_file()
    if path.name not in ("models.c", "models.S") and not fnmatch(path.name, "model_*.c"):
        return False
    return path.is_file() and MARK in path.read_text(encoding="utf-8", errors="replace")[:200]


def cost_text(generated: Generated) -> str:
    """A table of what each layer costs, and what the model takes of flash and RAM."""
    constants = sum(layer.constant_bytes for layer in generated.layers)
    rows = [_COLUMNS, *(_row(layer) for layer in generated.layers)]
    rows.append(("all", "", f"{generated.macs:,}", "", "", "", f"{generated.weight_bytes:,}", f"{constants:,}", ""))
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    lines = ["  ".join(_padded(row, widths)).rstrip() for row in rows]
    flash = f"Flash: {constants:,} bytes of constants (weights, biases, scales, tables), and code."
    ram = f"RAM: {generated.arena_bytes:,} bytes of activations"
    if generated.unpacked_bytes:
        ram += f" and {generated.unpacked_bytes:,} of unpacked weights"
    lines += [_LEGEND, flash, f"{ram}; input and output are the caller's.", *_misfit_lines(generated, constants)]
    return "\n".join(lines)


def _misfit_lines(generated: Generated, constants: int) -> list[str]:
    """Whether the nRF52840, all of it, is too small for the model's constants or buffers."""
    buffers = generated.arena_bytes + generated.unpacked_bytes
    needs = [f"{constants:,} bytes of flash where there are {FLASH_END:,}"] if constants > FLASH_END else []
    needs += [f"{buffers:,} bytes of RAM where there are {RAM_BYTES_MAX:,}"] if buffers > RAM_BYTES_MAX else []
    return [f"Too large for the nRF52840: it needs {' and '.join(needs)}. {HOW_TO_SHRINK}."] if needs else []


def _row(layer: LayerCost) -> tuple[str, ...]:
    operator = layer.title.partition(" -")[0]  # what follows are the tensors' names, which can be long
    kernel = f"{layer.kernel}, {layer.made_of}"
    sizes = (f"{layer.constant_bytes:,}" if layer.constant_bytes else "", f"{layer.output_bytes:,}")
    if not layer.weights:
        return (operator, kernel, f"{layer.macs:,}" if layer.macs else "", "", "", "", "", *sizes)
    weights = (f"{layer.weights:,}", str(layer.bits), layer.form, f"{layer.weight_bytes:,}")
    return (operator, kernel, f"{layer.macs:,}", *weights, *sizes)


def portable_text(generated: Generated) -> str:
    """One sentence on the layers that a Cortex-M4 runs in portable C."""
    named = [
        f"{layer.title.partition(' -')[0]} ({layer.kernel})" for layer in generated.layers if layer.made_of == PORTABLE
    ]
    return f"In portable C on the Cortex-M4: {', '.join(named) or 'no layer'}."


def _padded(row: tuple[str, ...], widths: list[int]) -> list[str]:
    """Names to the left, numbers to the right."""
    ends = zip(row[2:], widths[2:], strict=True)
    return [row[0].ljust(widths[0]), row[1].ljust(widths[1]), *(cell.rjust(width) for cell, width in ends)]
