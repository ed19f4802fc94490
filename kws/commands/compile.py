"""`python -m kws compile MODEL -o FOLDER`: any int8 .tflite of the known operators to C that needs nothing else."""

import argparse
import os
from pathlib import Path


def add_to(commands: argparse._SubParsersAction) -> None:
    """Make the command known to the parser."""
    parser = commands.add_parser("compile", help="a .tflite to C, with its kernels and what each layer costs")
    parser.add_argument("model", type=Path, help="an int8 .tflite, from whatever tool")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, help="a folder to write; an earlier one is replaced"
    )
    parser.add_argument("--name", help="of the model in C, a-z, 0-9 and _; without it that of the file")
    parser.add_argument(
        "--benchmark",
        action="store_true",
        help="also cycles of an inference on the emulated board, and its firmware's size",
    )
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    from kws.codegen.package import cost_text, portable_text, write_package

    generated = write_package(options.model, options.output, options.name)
    print(cost_text(generated))
    if options.benchmark:
        import sys

        from kws.board.zig import is_first_time
        from kws.compiled_benchmark import benchmark_compiled
        from kws.tflite.reader import read_tflite

        if is_first_time():
            print("building the firmware for the first time, which takes a minute", file=sys.stderr, flush=True)
        print(benchmark_compiled(read_tflite(options.model)).text())
        print(portable_text(generated))
    folder = os.fsencode(options.output).decode("utf-8", "replace")  # a name need not be text
    print(f"\nC and headers: {folder}. models.c says how to call them.")
