"""`python -m kws listen`: what the board hears, live."""

import argparse
from pathlib import Path


def add_to(commands: argparse._SubParsersAction) -> None:
    """Make the command known to the parser."""
    parser = commands.add_parser("listen", help="show the words that the board hears; Ctrl-C ends it")
    parser.add_argument("--wav", type=Path, help="what the emulated board's microphone hears; ends with the recording")
    parser.add_argument(
        "--speed",
        choices=("real", "fast"),
        default="real",
        help="of --wav: at its own pace, or as fast as it goes (real)",
    )
    parser.add_argument("--json", action="store_true", help="a JSON object a line, for programs")
    parser.add_argument("--port", help="a board that answers there (a pyserial URL), not that of params.yaml")
    parser.add_argument(
        "--params", type=Path, default=Path("params.yaml"), help="says which board, which words, and how to listen"
    )
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    import sys

    from kws.board.live import ensure_deployed, listen_live, open_ears
    from kws.labels import class_names
    from kws.listening_display import Display
    from kws.params import load_params

    params = load_params(options.params)
    if options.port is None:
        ensure_deployed(params.flash, options.params.parent)
    display = Display(class_names(params.data.words), sys.stdout, options.json)
    with open_ears(params.flash, options.port, options.wav, options.speed) as (session, end_ms):
        listen_live(session, params.listen, display, end_ms)
