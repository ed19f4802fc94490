"""`python -m kws field-test`: accuracy through the board's microphone, spoken or from a folder."""

import argparse
from pathlib import Path


def add_to(commands: argparse._SubParsersAction) -> None:
    """Make the command known to the parser."""
    parser = commands.add_parser("field-test", help="accuracy through the board's own microphone")
    parser.add_argument("words", nargs="*", help="words to say (all of data.words)")
    parser.add_argument("--trials", type=int, default=20, help="how many to say (20)")
    parser.add_argument("--folder", type=Path, help="instead: <word>/*.wav, played into the emulated microphone")
    parser.add_argument("--split", default=None, help="of --folder: testing, validation, training or all")
    parser.add_argument("--seed", type=int, default=0, help="of the order of the words")
    parser.add_argument("--port", help="a board that answers there (a pyserial URL), not that of params.yaml")
    parser.add_argument("--metrics", type=Path, default=Path("metrics/mcu_benchmark.json"), help="the test split's")
    parser.add_argument("--params", type=Path, default=Path("params.yaml"), help="says which board and which words")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    import tempfile

    from kws.board.boards import EmulatorBoard, board_named
    from kws.board.live import ensure_deployed, greeted, open_ears
    from kws.errors import ParamsError
    from kws.evaluation_folder import clips_of_folder
    from kws.field_test import counted, field_test_text, played, prompts, spoken
    from kws.labels import class_names
    from kws.params import load_params

    params = load_params(options.params)
    classes, words = class_names(params.data.words), options.words or list(params.data.words)
    if unknown := [word for word in words if word not in params.data.words]:
        raise ParamsError(f"{', '.join(unknown)}: data.words is {', '.join(params.data.words)}; name words of it.")
    if options.trials < 1:
        raise ParamsError(f"--trials {options.trials}: at least 1.")
    if options.port is None:
        ensure_deployed(params.flash, options.params.parent)
    if options.folder is None:
        with open_ears(params.flash, options.port, None, "real") as (session, _):
            pairs = list(spoken(session, prompts(classes, words, options.trials, options.seed), input))
    else:
        board = board_named(params.flash)
        if not isinstance(board, EmulatorBoard) or options.port:
            raise ParamsError("--folder plays clips into the emulated microphone: set flash.board to emulator.")
        corpus, _ = clips_of_folder(options.folder, params.data, options.split)
        with tempfile.TemporaryDirectory() as folder:
            microphone = Path(folder) / "microphone.wav"
            with board.open(microphone=microphone, speed="fast") as port, greeted(port, params.flash.timeout_s) as it:
                pairs = list(played(it, corpus, corpus.clips, microphone))
    print(field_test_text(counted(pairs, classes), classes, _test_accuracy(options.metrics)))


def _test_accuracy(metrics: Path) -> float | None:
    """Of the deployed model on the test split's clips, as the board classified them, where it was measured."""
    import json

    if not metrics.exists():
        return None
    return json.loads(metrics.read_text()).get("test_accuracy")
