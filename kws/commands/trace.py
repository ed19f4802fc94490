"""`python -m kws trace`: where a phase's cycles go on the emulated board, by function, block and call stack."""

import argparse
from pathlib import Path

_BLOCKS_SHOWN = 12


def add_to(commands: argparse._SubParsersAction) -> None:
    """Make the command known to the parser."""
    from kws.board.cycle_models import CYCLE_MODELS, TABLE

    parser = commands.add_parser("trace", help="cycles of each function and basic block on the emulated board")
    parser.add_argument("--model", type=Path, help="an int8 .tflite to build and trace; without it the flashed image")
    parser.add_argument("--candidate", help="which model of the flashed image, by name; without it the deployed one")
    parser.add_argument(
        "--phase",
        default="inference",
        help="preprocess, preprocess_stride, preprocess_window, inference or postprocess (inference)",
    )
    parser.add_argument("--clip", type=Path, help="a WAV file to run on; without it a second of noise")
    parser.add_argument("--cycle-model", choices=CYCLE_MODELS, default=TABLE, help="what is charged (table)")
    parser.add_argument("-o", "--output", type=Path, default=Path("build/trace"), help="folder to write (build/trace)")
    parser.add_argument("--params", type=Path, default=Path("params.yaml"), help="front end, rate and time-out")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    from kws.board.protocol import PHASES
    from kws.board_trace import trace, trace_text, write_trace_files
    from kws.errors import ParamsError
    from kws.params import load_params

    if options.phase not in PHASES:
        raise ParamsError(f"--phase {options.phase}: it is one of {', '.join(PHASES)}.")
    params = load_params(options.params)
    traced = trace(params, options.phase, options.cycle_model, options.model, options.candidate, options.clip)
    print(trace_text(traced, _BLOCKS_SHOWN))
    written = write_trace_files(traced, options.output)
    print(f"\nwritten: {', '.join(map(str, written))}")
