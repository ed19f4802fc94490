"""`python -m kws <command>`: what the Makefile and people ask for, apart from DVC's own commands.

check      params.yaml, and whether the model fits the board, before any stage runs
summary    metrics/*.json as a short table
quick      the whole graph, small, in a copy
real       the whole graph on real speech, in a copy; writes results/speech_commands
front-ends the kinds of front end compared on real speech; writes results/front_ends.json
evaluate   a model on a folder of clips
plots      the page of all plots as one file
figures    the pictures again, as SVG for a paper
report     one HTML file, and a PDF, of all results
compile    a .tflite to C, with its kernels and what each layer costs
bench      cycles of each model and phase on the emulated board, and their history
sizes      where an image's flash and RAM go
record     clips of your own, from a microphone
listen     what the board hears, live
tune-listen  settings of `listen` for your own model, from validation clips
field-test accuracy through the board's microphone
trace      where the cycles of a phase go, by function, basic block and call stack
cluster    a command, with its sweeps on a Dask cluster: this computer's, over SSH or by Slurm
gpu-benchmark  the model's time on this machine's GPU, for references/
"""

import argparse
import os
import sys
import textwrap
from pathlib import Path

from kws.commands import (
    bench,
    cluster,
    evaluate,
    field_test,
    figures,
    gpu_benchmark,
    listen,
    plots,
    real,
    record,
    report,
    sizes,
    trace,
    tune_listen,
)
from kws.commands import compile as compile_command
from kws.errors import KwsError


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Arguments -> a namespace whose `run` takes it."""
    parser = argparse.ArgumentParser(prog="python -m kws", description="Keyword spotting on microcontrollers.")
    commands = parser.add_subparsers(required=True, metavar="command")
    check = commands.add_parser("check", help="refuse a bad params.yaml; print what the model will take")
    check.add_argument("--params", type=Path, default=Path("params.yaml"), help="the file to judge")
    check.set_defaults(run=_check)
    summary = commands.add_parser("summary", help="print what was measured")
    summary.add_argument("--metrics", type=Path, default=Path("metrics"), help="folder of the eight files")
    summary.add_argument("--plots", type=Path, default=Path("plots"), help="folder of the pictures that it names")
    summary.set_defaults(run=_summary)
    quick = commands.add_parser("quick", help="the whole graph, small, in a copy under build/quick")
    real.add_changes_to(quick)
    quick.set_defaults(run=_quick)
    real.add_to(commands)
    plots.add_to(commands)
    figures.add_to(commands)
    report.add_to(commands)
    evaluate.add_to(commands)
    compile_command.add_to(commands)
    bench.add_to(commands)
    sizes.add_to(commands)
    record.add_to(commands)
    listen.add_to(commands)
    tune_listen.add_to(commands)
    field_test.add_to(commands)
    trace.add_to(commands)
    gpu_benchmark.add_to(commands)
    cluster.add_to(commands)
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0, or 1 after one paragraph on stderr about what a user can mend."""
    options = parse(arguments)
    try:
        options.run(options)
    except KwsError as error:
        return _failed(str(error))
    except BrokenPipeError:  # whoever read it has seen enough, as `head` has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        if error.filename is None:
            raise
        return _failed(f"{error.filename}: {error.strerror}. Mend this and run again.")
    except KeyboardInterrupt:
        print("interrupted; the same command goes on from here.", file=sys.stderr)
        return 130
    return 0


def _failed(message: str) -> int:
    print(textwrap.fill(f"error: {message}", 100, break_long_words=False, break_on_hyphens=False), file=sys.stderr)
    return 1


def _check(options: argparse.Namespace) -> None:
    from kws.params import load_params

    params = load_params(options.params)  # before torch is loaded, which takes seconds
    from kws.capacity import estimate_text, refuse_misfit

    refuse_misfit(params)
    print(estimate_text(params))


def _summary(options: argparse.Namespace) -> None:
    from kws.summary import load_metrics, summary_text

    print(summary_text(load_metrics(options.metrics), options.plots))


def _quick(options: argparse.Namespace) -> None:
    from kws.scratch import quick
    from kws.summary import load_metrics, summary_text
    from kws.workspace import repository_root

    folder = quick(repository_root(), real.overrides_of(options.changes))
    print(summary_text(load_metrics(folder / "metrics"), folder / "plots"))
    print("A corpus this small, trained this short, shows that all works: models are not to be compared by it.")


if __name__ == "__main__":
    sys.exit(main())
