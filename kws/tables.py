"""Small tables on disk: what a stage measured, as CSV for `dvc plots`, the figures and other programs.

In: rows, as dictionaries. Out: UTF-8 CSV with LF line ends, a header, true/false in lower case, floats written so that
reading gives the same float, and an empty cell where there is no value. `read_table` is the inverse of `write_table`.
A cell is read back by its look: `12` is an int, `0.5` a float, `true` a bool, nothing is None, anything else a string;
text that only looks like one of these (a file's digest of digits alone) comes back as text for the columns in TEXT.
"""

import csv
import io
import math
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from kws.errors import ArtifactError
from kws.files import write_text

Cell = str | int | float | bool | None
Row = dict[str, Cell]

TEXT = frozenset({"tflite_sha256", "model", "phase", "method", "split", "actual", "predicted"})
_INT = re.compile(r"[+-]?\d+\Z")
_WORDS = {"": None, "true": True, "false": False}


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Write rows in the order given, by way of a temporary file.

    Args:
        path: the CSV file.
        columns: the header, in order; every row has exactly these keys (a value of None leaves the cell empty).
        rows: str, bool, int, float (numpy's scalars too) or None per cell.

    Raises:
        ArtifactError: a row has other keys, a float is not finite, or a cell is of another type.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for number, row in enumerate(rows, 1):
        if set(row) != set(columns):
            odd = ", ".join(sorted(set(row) ^ set(columns)))
            raise ArtifactError(f"{path}: row {number} and the header differ in {odd}; give each row every column.")
        writer.writerow([_cell_text(row[column], path, column) for column in columns])
    write_text(path, text.getvalue())


def read_table(path: Path, columns: Sequence[str] = ()) -> list[Row]:
    """Read the rows of a table.

    Args:
        path: a CSV file that `write_table` wrote.
        columns: columns that the caller needs; others may be there too.

    Raises:
        ArtifactError: the file is missing, not such a table, or lacks a column.
    """
    try:
        lines = list(csv.reader(io.StringIO(Path(path).read_text(encoding="utf-8")), strict=True))
    except FileNotFoundError:
        raise ArtifactError(f"{path} is missing: run `dvc repro` to have its stage write it.") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise ArtifactError(f"{path} is no CSV table ({error}): delete it and run `dvc repro`.") from None
    header = lines[0] if lines else []
    missing = [column for column in columns if column not in header]
    if not header or missing:
        raise ArtifactError(f"{path} lacks the column {missing or 'names'}: delete it and run `dvc repro`.")
    for number, line in enumerate(lines[1:], 2):
        if len(line) != len(header):
            raise ArtifactError(
                f"{path}: line {number} has {len(line)} cells, not {len(header)}: delete it and run `dvc repro`."
            )
    return [{name: _cell_value(name, cell) for name, cell in zip(header, line, strict=True)} for line in lines[1:]]


def _cell_text(value: Cell, path: Path, column: str) -> str:
    value = value.item() if hasattr(value, "item") else value  # numpy's scalars
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ArtifactError(f"{path}: column {column} holds {value}; what was not measured is None.")
        return repr(value)
    if isinstance(value, str | int):
        return str(value)
    raise ArtifactError(f"{path}: column {column} holds a {type(value).__name__}; use text, a number or None.")


def _cell_value(column: str, cell: str) -> Cell:
    if column in TEXT:
        return cell or None
    if cell in _WORDS:
        return _WORDS[cell]
    if _INT.match(cell):
        return int(cell)
    try:
        return float(cell)
    except ValueError:
        return cell
