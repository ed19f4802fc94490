"""`python -m kws sizes IMAGE.elf`: where an image's flash and RAM go, by source file and by symbol."""

import argparse
from pathlib import Path


def add_to(commands: argparse._SubParsersAction) -> None:
    """Make the command known to the parser."""
    parser = commands.add_parser("sizes", help="where an image's flash and RAM go, by file and by symbol")
    parser.add_argument("image", type=Path, help="an .elf, as artifacts/flash/shipped/image.elf")
    parser.add_argument("--symbols", type=int, default=20, help="how many of the largest to list")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    from kws.board.sizes import report

    print(report(options.image.read_bytes(), options.symbols))
