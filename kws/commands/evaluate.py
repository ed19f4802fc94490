"""`python -m kws evaluate MODEL FOLDER`: accuracy, recall and confusion of any model on any folder of clips."""

import argparse
from pathlib import Path


def add_to(commands: argparse._SubParsersAction) -> None:
    """Make the command known to the parser."""
    parser = commands.add_parser("evaluate", help="accuracy and confusion of a model on a folder of clips")
    parser.add_argument("model", type=Path, help="a checkpoint (.pt, float or quantized) or a .tflite")
    parser.add_argument("folder", type=Path, help="<word>/*.wav in Speech Commands' layout, or such a .tar.gz")
    parser.add_argument("--params", type=Path, default=Path("params.yaml"), help="gives the words and the front end")
    parser.add_argument(
        "--split",
        choices=("testing", "validation", "training", "all"),
        help="which clips; without it testing where the folder has the official lists, otherwise all",
    )
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    from kws.errors import ParamsError
    from kws.evaluation_folder import evaluate_folder, report_text
    from kws.files import write_json
    from kws.params import load_params

    if options.json and not options.json.parent.is_dir():
        raise ParamsError(
            f"--json {options.json}: there is no folder {options.json.parent}; name a file in one that is."
        )
    result = evaluate_folder(options.model, options.folder, load_params(options.params), options.split)
    print(report_text(result))
    if options.json:
        write_json(options.json, result)
        print(f"\nwritten to {options.json}")
