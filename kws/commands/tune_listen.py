"""`python -m kws tune-listen`: which `listen.smoothing` and `listen.threshold` suit the deployed model."""

import argparse
from pathlib import Path


def add_to(commands: argparse._SubParsersAction) -> None:
    """Make the command known to the parser."""
    parser = commands.add_parser("tune-listen", help="settings of `listen` for your own model, from validation clips")
    parser.add_argument("--alarms", type=float, default=10.0, help="false alarms an hour that you can bear (10)")
    parser.add_argument("--minutes", type=int, default=2, help="with words, for each of three levels of noise (2)")
    parser.add_argument("--quiet-minutes", type=int, default=20, help="without those words (20)")
    parser.add_argument("--candidates", type=Path, default=Path("artifacts/convert"), help="its first is the model")
    parser.add_argument("--params", type=Path, default=Path("params.yaml"), help="says which speech and front end")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    import sys

    from kws.conversion_manifest import read_candidates
    from kws.corpus import load_corpus
    from kws.errors import ParamsError
    from kws.listening import ListenSettings
    from kws.listening_trial import Trial, best_settings, compare_settings, quiet_streams, settings_text, spoken_streams
    from kws.params import load_params
    from kws.tflite.interpreter import reference_logits
    from kws.tflite.reader import read_graph

    if min(options.minutes, options.quiet_minutes) < 1:
        raise ParamsError("--minutes and --quiet-minutes: at least 1.")
    params = load_params(options.params)
    (_, tflite), *_ = read_candidates(options.candidates)
    scale = read_graph(tflite).outputs[0].quantization.scales[0]
    trial = Trial(params.front_end, lambda features: reference_logits(tflite, features), scale)
    corpus, now = load_corpus(params.data), ListenSettings.of(params.listen)
    minutes = 3 * options.minutes + options.quiet_minutes
    print(f"{minutes} minutes of the validation clips and noise, heard with each setting..", file=sys.stderr)
    rows = compare_settings(
        trial,
        now.strides,
        now.suppression_ms,
        spoken_streams(corpus, "validation", options.minutes),
        list(quiet_streams(corpus, "validation", options.quiet_minutes)),
    )
    print(settings_text(rows, best_settings(rows, options.alarms), options.alarms))
