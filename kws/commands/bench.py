"""`python -m kws bench`: the bench of kernels -> results/bench.json, results/bench_history.csv and its picture."""

import argparse


def add_to(commands: argparse._SubParsersAction) -> None:
    """Make the command known to the parser."""
    parser = commands.add_parser("bench", help="cycles of each model and phase on the board, and their history")
    parser.add_argument(
        "--commits", nargs="+", default=[], metavar="REVISION",
        help="count these earlier commits for the history, each in a work tree of its own; not this one",
    )  # fmt: skip
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    from kws.bench.run import bench_commit, bench_here
    from kws.workspace import repository_root

    repository = repository_root()
    if not options.commits:
        print(bench_here(repository))
    for revision in options.commits:
        print(bench_commit(repository, revision), flush=True)
