"""HTML in small pieces: text escaped, tables and figures numbered, pictures inside the page. Strings in, `Markup` out.

What is a `Markup` is taken as it is; any other text is escaped where it enters.
"""

import base64
import html
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from pathlib import Path

from kws.errors import ArtifactError

_TYPES = {".png": "image/png", ".svg": "image/svg+xml"}
_NUMBER = re.compile(r"[-+±<]?\d[\d,.]*( ?(%|ms|µs|µJ|mA|V|bytes))?( ± [\d.]+)?( \[.*\])?( to [\d.,]+)?\Z")

_WHOLE_ROWS = 16  # a table of no more is not broken over two sheets of paper
_PICTURE = re.compile(r'(?<=<img src=")static/[^"]+(?=">)')  # as DVC writes them
Rows = Sequence[Sequence[object]]


class Markup(str):
    """Text that is HTML already."""


def escaped(text: object) -> Markup:
    """Text made harmless; Markup as it is."""
    return text if isinstance(text, Markup) else Markup(html.escape(str(text), quote=True))


def element(name: str, *content: object, **attributes: str) -> Markup:
    """<name attributes>content</name>; a trailing _ of an attribute's name falls away (class_)."""
    given = "".join(f' {key.rstrip("_")}="{html.escape(value, quote=True)}"' for key, value in attributes.items())
    return Markup(f"<{name}{given}>{''.join(map(escaped, content))}</{name}>")


def joined(pieces: Iterable[object]) -> Markup:
    """Pieces, a line each."""
    return Markup("\n".join(map(escaped, pieces)))


def paragraphs(*texts: object) -> Markup:
    """A paragraph each."""
    return joined(element("p", text) for text in texts)


class Numbered:
    """Hands out the numbers of tables and figures in the order in which they are made."""

    def __init__(self) -> None:
        self._tables, self._figures = count(1), count(1)

    def table(self, caption: object, head: Sequence[str], groups: Mapping[str, Rows]) -> Markup:
        """A table with its caption above; the first column heads its row, columns of numbers stand to the right.

        Args:
            caption: what it is of.
            head: the columns' names.
            groups: heading -> its rows; a single group needs no heading and gets none.

        Raises:
            ArtifactError: there is no row, or one has another number of cells than the head.
        """
        rows = [row for group in groups.values() for row in group]
        if not rows or any(len(row) != len(head) for row in rows):
            raise ArtifactError(f"the table {caption!r} has no row, or one that does not fit: run `dvc repro`.")
        columns = zip(*rows, strict=True)
        kinds = [
            "number" if all(not cell or _NUMBER.match(str(cell)) for cell in cells) else "text" for cells in columns
        ]
        names = element("tr", *(element("th", name, class_=kind) for name, kind in zip(head, kinds, strict=True)))
        bodies = [_body(heading if len(groups) > 1 else "", group, kinds) for heading, group in groups.items()]
        text = Markup(f"<b>Table {next(self._tables)}.</b> {escaped(caption)}")
        table = element("table", element("caption", text), element("thead", names), *bodies)
        return element("div", table, class_="table whole" if len(rows) <= _WHOLE_ROWS else "table")

    def figure(self, picture: Path, caption: object, alt: str) -> Markup:
        """A picture, inside the page, with its caption below.

        Raises:
            ArtifactError: the picture is missing or no PNG or SVG.
        """
        text = Markup(f"<b>Figure {next(self._figures)}.</b> {escaped(caption)}")
        source = data_address(picture)
        return element(
            "figure", Markup(f'<img alt="{html.escape(alt, quote=True)}" src="{source}">'), element("figcaption", text)
        )


def _body(heading: str, rows: Rows, kinds: Sequence[str]) -> Markup:
    """The rows under one heading."""
    first = [element("tr", element("th", heading, class_="group", colspan=str(len(kinds))))] if heading else []
    tags = ["th", *["td"] * (len(kinds) - 1)]
    cells = [
        [element(tag, cell, class_=kind) for tag, cell, kind in zip(tags, row, kinds, strict=True)] for row in rows
    ]
    return element("tbody", *first, *(element("tr", *row) for row in cells))


def data_address(picture: Path) -> str:
    """A picture as a data: address. Raises ArtifactError where it is missing or of another kind."""
    if picture.suffix not in _TYPES:
        raise ArtifactError(f"{picture} is neither PNG nor SVG and cannot stand in the report.")
    try:
        content = picture.read_bytes()
    except FileNotFoundError:
        raise ArtifactError(f"{picture} is missing: `dvc repro` draws it.") from None
    return f"data:{_TYPES[picture.suffix]};base64,{base64.b64encode(content).decode()}"


def with_pictures_inside(page: Path) -> str:
    """A page's text, its pictures as data: addresses. Raises ArtifactError where one is missing or of another kind."""
    return _PICTURE.sub(lambda found: data_address(page.parent / found[0]), page.read_text(encoding="utf-8"))
