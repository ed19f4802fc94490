"""README.md and docs/*.md as a reader sees them: blocks of code, commands within sentences, links."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.conftest import REPOSITORY

PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
_FENCE = re.compile(r"```(\w*)\s*$")
_INLINE = re.compile(r"`([^`]+)`")
_HEADS = r"(?:[A-Z_]+=\S+ )*(?:dvc|make|python|git|dask|source|cp) "
_VARIABLE = re.compile(r"[A-Z][A-Z_]*=")


class Block(NamedTuple):
    """A block of code. `language` is what stands behind the fence; empty where a block is indented."""

    page: str
    line: int
    language: str
    text: str

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"


class Command(NamedTuple):
    """A command line in words, without its comment; `variables` are those set before it."""

    place: str
    text: str
    variables: dict[str, str]
    words: list[str]


def blocks(page: Path) -> Iterator[Block]:
    """Fenced blocks, and those indented by four behind an empty line."""
    lines = page.read_text(encoding="utf-8").splitlines()
    place = 0
    while place < len(lines):
        start = place
        if fence := _FENCE.match(lines[place]):
            end = next(at for at in range(place + 1, len(lines)) if lines[at].startswith("```"))
            yield Block(page.name, start + 1, fence.group(1) or "untold", "\n".join(lines[start + 1 : end]))
            place = end
        elif lines[place].startswith("    ") and not lines[place - 1].strip():
            end = place
            while end < len(lines) and (lines[end].startswith("    ") or not lines[end].strip()):
                end += 1
            yield Block(page.name, start + 1, "", "\n".join(line[4:] for line in lines[start:end]).rstrip())
            place = end - 1
        place += 1


def kind(block: Block) -> str:
    """`commands`, `params` (a part of params.yaml), `protocol` (lines on the wire), or the fence's own language."""
    if block.language:
        return block.language
    first = block.text.splitlines()[0]
    if re.fullmatch(r"[a-z_]+:.*", first):
        return "params"
    return "protocol" if re.match(r"#[A-Z]|m-", first) else "commands"


def commands(page: Path) -> Iterator[Command]:
    """Every command line of a page, those of its blocks and those within sentences."""
    for block in blocks(page):
        if kind(block) == "commands":
            for offset, line in enumerate(block.text.splitlines()):
                if words := shlex.split(line, comments=True):
                    yield _command(f"{block.page}:{block.line + offset}", line, words)
    for text in sentences(page):
        if re.match(_HEADS, text):
            yield _command(page.name, text, shlex.split(text, comments=True))


def changes(page: Path) -> Iterator[str]:
    """What stands within sentences as `-S KEY=VALUE`, without the command."""
    for text in sentences(page):
        if text.startswith("-S "):
            yield from shlex.split(text)[1::2]


def sentences(page: Path) -> Iterator[str]:
    """What stands between backticks outside of blocks."""
    text = re.sub(r"^(?:```.*?^```| {4}[^\n]*)$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for match in _INLINE.finditer(text):
        yield " ".join(match.group(1).split())


def links(page: Path) -> Iterator[str]:
    """Targets of links and pictures, those on the web apart."""
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if not re.match(r"[a-z]+:", target):
            yield target


def _command(place: str, text: str, words: list[str]) -> Command:
    count = next(at for at, word in enumerate(words) if not _VARIABLE.match(word))
    variables = dict(word.split("=", 1) for word in words[:count])
    return Command(place, text.strip(), variables, words[count:])
