"""metrics/ and plots/ -> one HTML file that needs no other: the report.

Run: `python -m kws report`. The same results give the same bytes on the same machine.
"""

import tempfile
from pathlib import Path

from kws.errors import ArtifactError
from kws.report import compression, method, on_board
from kws.report.markup import Markup, element, escaped, joined
from kws.report.results import Report, load
from kws.report.style import STYLE

_CONTENTS = {
    "question": "The question",
    "reading": "How to read the figures",
    "data": "The data",
    "model": "The model",
    "bits": "Fewer bits",
    "pruning": "Fewer weights",
    "choice": "Which model to deploy",
    "board": "On the board",
    "energy": "Energy, an estimate",
    "limits": "What this does not show",
    "origin": "Where it comes from",
}
_SECTIONS = (
    method.question,
    method.reading,
    method.data,
    method.model,
    compression.bits,
    compression.pruning,
    compression.choice,
    on_board.board,
    on_board.energy,
    on_board.limits,
    on_board.origin,
)


def report_html(root: Path) -> str:
    """The whole page.

    Args:
        root: the repository, or a folder with metrics/, plots/ and dvc.lock.

    Raises:
        ArtifactError: something is missing or of another version; the message says what to run.
    """
    with tempfile.TemporaryDirectory() as drawn:
        report = Report(root, load(root, Path(drawn)))
        try:
            first = method.short(report)
            sections = [section(report) for section in _SECTIONS]
        except (KeyError, TypeError) as error:
            raise ArtifactError(f"the metrics lack {error}: `dvc repro` writes them anew.") from error
    links = [element("li", element("a", name, href=f"#{key}")) for key, name in _CONTENTS.items()]
    contents = element("nav", element("ol", *links))
    return _page("Keyword spotting on a microcontroller: report", joined([first, contents, *sections]))


def _page(title: str, body: Markup) -> str:
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<link rel="icon" href="data:,">\n'
        f"<title>{escaped(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )
