"""`python -m kws plots`: DVC's page of plots as one file with its pictures inside, to be mailed."""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path


def add_to(commands: argparse._SubParsersAction) -> None:
    """Make the command known to the parser."""
    parser = commands.add_parser("plots", help="the page of `dvc plots show`, or diff, as one file")
    parser.add_argument("revisions", nargs="*", help="commits, branches or experiments to lay over each other")
    parser.add_argument("-o", "--output", type=Path, default=Path("build/plots.html"), help="the HTML file to write")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    from kws.errors import KwsError
    from kws.files import write_text
    from kws.report.markup import with_pictures_inside

    asked = ["diff", *options.revisions] if options.revisions else ["show"]
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "dvc", "plots", *asked, "-o", folder]
        status = subprocess.run(command, stdout=subprocess.DEVNULL).returncode
        page = Path(folder) / "index.html"
        if status or not page.is_file():
            raise KwsError(f"`dvc plots {' '.join(asked)}` wrote no page: its message stands above.")
        write_text(options.output, with_pictures_inside(page))
    print(f"written: {options.output}")
