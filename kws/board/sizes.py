"""Where an image's flash and RAM go, by symbol and by source file: the linked image is the memory report.

    print(report(Path("artifacts/flash/shipped/image.elf").read_bytes()))

Goes in: a linked image with its symbols. Comes out: what each function, table and buffer takes, and the file that it
was written in. A local symbol stands behind the symbol of its file; functions that are global lie where their file has
a local mark ($t, ARM's ELF ABI, IHI0044, 4.5.5); global data is the generated models' alone, and their names say whose.
What has no name is strings, which the linker merges, and gaps for alignment.
"""

import bisect
import io
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from elftools.elf.elffile import ELFFile

from kws.board.elf import sizes
from kws.board.memory import RAM_START
from kws.errors import BuildError

UNNAMED = "strings and gaps"
STACK = "stack"
_MODEL = "kws_model_"


@dataclass(frozen=True)
class Part:
    """One function, table or buffer.

    Attributes:
        name: its symbol.
        file: base name of the source; `models.S` and the like for assembly.
        flash_bytes: code or content, first values included.
        ram_bytes: of a variable, and of code that runs from RAM.
    """

    name: str
    file: str
    flash_bytes: int
    ram_bytes: int


def parts(elf: bytes) -> list[Part]:
    """All of an image by address, what has no name and the stack last; flash adds up to the image's, and RAM too.

    Raises:
        BuildError: not an ELF file, or one without symbols.
    """
    whole = sizes(elf)
    image = ELFFile(io.BytesIO(elf))
    table = image.get_section_by_name(".symtab")
    if table is None:
        raise BuildError("The image has no symbols: build it again without stripping them.")
    found = _named(image, list(table.iter_symbols()))
    stack = image.get_section_by_name(".stack")["sh_size"]
    flash = whole.flash_bytes - sum(part.flash_bytes for part in found)
    ram = whole.ram_bytes - stack - sum(part.ram_bytes for part in found)
    return [*found, Part(UNNAMED, "", flash, ram), Part(STACK, "", 0, stack)]


def by_file(found: Iterable[Part]) -> list[Part]:
    """Sums over each file, most flash first; name and file of a row are the same."""
    flash, ram = Counter(), Counter()
    for part in found:
        flash[part.file or part.name] += part.flash_bytes
        ram[part.file or part.name] += part.ram_bytes
    return [Part(file, file, flash[file], ram[file]) for file in sorted(flash, key=lambda one: (-flash[one], one))]


def model_bytes(found: Iterable[Part], name: str) -> int:
    """Flash of one model's own: weights, tables, descriptions, calls. Kernels, which models share, are not in it."""
    return sum(part.flash_bytes for part in found if part.file == f"model_{name}.c")


def report(elf: bytes, symbols: int = 0) -> str:
    """A table of the files, and another of so many symbols, those that take most flash."""
    found = parts(elf)
    total = Part("all", "", sum(part.flash_bytes for part in found), sum(part.ram_bytes for part in found))
    tables = [_table("file", [*by_file(found), total])]
    if symbols:
        largest = sorted(found, key=lambda part: (-part.flash_bytes, part.name))[:symbols]
        tables.append(_table("symbol", largest))
    return "\n\n".join(tables)


def _table(title: str, rows: list[Part]) -> str:
    lines = [f"{'flash':>8} {'RAM':>8}  {title}"]
    for part in rows:
        where = f"  ({part.file})" if part.file not in ("", part.name) else ""
        lines.append(f"{part.flash_bytes:8,} {part.ram_bytes:8,}  {part.name}{where}")
    return "\n".join(lines)


def _named(image: ELFFile, symbols: list) -> list[Part]:
    """What has a symbol with a size, by address; of several names for one place the first."""
    marks, local_files = _file_marks(symbols)
    places = [address for address, _ in marks]
    found: dict[int, Part] = {}
    for symbol in symbols:
        section = symbol["st_shndx"]
        if not isinstance(section, int) or not symbol["st_size"]:
            continue
        address = symbol["st_value"] & ~1 if symbol["st_info"]["type"] == "STT_FUNC" else symbol["st_value"]
        if address in found:
            continue
        file = local_files.get(address) or _models_file(symbol)
        file = file or marks[bisect.bisect_right(places, address) - 1][1]
        found[address] = _part(symbol, file, image.get_section(section))
    return [found[address] for address in sorted(found)]


def _part(symbol, file: str, section) -> Part:
    size = symbol["st_size"]
    in_ram = section["sh_addr"] >= RAM_START
    return Part(symbol.name, file, size if section["sh_type"] == "SHT_PROGBITS" else 0, size if in_ram else 0)


def _file_marks(symbols: list) -> tuple[list[tuple[int, str]], dict[int, str]]:
    """Where files have local symbols in code, by address; and the file of each local symbol that has a size."""
    file, marks, local_files = "", [], {}
    for symbol in symbols:
        if symbol["st_info"]["type"] == "STT_FILE":
            file = symbol.name
        elif symbol["st_info"]["bind"] == "STB_LOCAL" and isinstance(symbol["st_shndx"], int):
            if symbol.name.startswith("$t"):
                marks.append((symbol["st_value"], file))
            elif symbol["st_size"]:
                local_files[symbol["st_value"] & ~(symbol["st_info"]["type"] == "STT_FUNC")] = file
    return sorted(marks), local_files


def _models_file(symbol) -> str:
    """Of global data, which generated files alone have."""
    if symbol["st_info"]["type"] != "STT_OBJECT":
        return ""
    model = symbol.name.removeprefix(_MODEL)
    return "models.c" if model in (symbol.name, "count") else f"model_{model}.c"
