"""`python -m kws report`: all results as one HTML file that needs no other, and a PDF where a browser can print it."""

import argparse
from pathlib import Path


def add_to(commands: argparse._SubParsersAction) -> None:
    """Make the command known to the parser."""
    parser = commands.add_parser("report", help="one self-contained HTML file, and a PDF, of all results")
    parser.add_argument("--root", type=Path, default=Path(), help="the repository, or another folder with results (.)")
    parser.add_argument("-o", "--output", type=Path, default=Path("build/report.html"), help="the HTML file to write")
    parser.add_argument("--no-pdf", action="store_true", help="HTML alone, also where a browser could print it")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    from kws.files import write_text
    from kws.report.pdf import NAMES, browser, print_pdf
    from kws.report.write import report_html

    write_text(options.output, report_html(options.root))
    print(f"written: {options.output}")
    if options.no_pdf:
        return
    program = browser()
    if program is None:
        print(f"no PDF: none of {', '.join(NAMES)} is on PATH. The page prints well from any browser.")
        return
    print_pdf(program, options.output, options.output.with_suffix(".pdf"))
    print(f"written: {options.output.with_suffix('.pdf')}")
