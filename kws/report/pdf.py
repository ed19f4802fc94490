"""A page to a PDF, by a Chromium or Chrome that is there; without one there is none."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from kws.errors import KwsError
from kws.files import replaced_file

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")
FLAGS = (
    "--headless",
    "--no-sandbox",  # the page is our own, and in containers the sandbox does not start
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--disable-quic",
)
_SECONDS = 180


def browser() -> str | None:
    """The first browser on PATH that can print, or None."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def print_pdf(program: str, page: Path, pdf: Path) -> None:
    """Print a page as its stylesheet for paper says.

    Args:
        program: from `browser`.
        page: an HTML file that needs no other.
        pdf: the file to write, whole or not at all.

    Raises:
        KwsError: the browser failed, or wrote no PDF.
    """
    with replaced_file(pdf) as temporary, tempfile.TemporaryDirectory() as profile:
        command = [program, *FLAGS, f"--user-data-dir={profile}", "--no-pdf-header-footer",
                   f"--print-to-pdf={temporary.resolve()}", page.resolve().as_uri()]  # fmt: skip
        try:
            answer = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS)
        except subprocess.TimeoutExpired:
            raise KwsError(
                f"{program} took over {_SECONDS} s to print {page}: print it from a browser by hand."
            ) from None
        if answer.returncode or not temporary.read_bytes().startswith(b"%PDF-"):
            last = (answer.stderr.strip().splitlines() or ["no message"])[-1]
            raise KwsError(f"{program} could not print {page} ({last}): print it from a browser by hand.")
