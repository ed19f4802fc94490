"""`python -m kws figures`: every picture again from the small tables, as SVG, PDF or PNG."""

import argparse
from pathlib import Path

_FORMATS = ("svg", "pdf", "png")


def add_to(commands: argparse._SubParsersAction) -> None:
    """Make the command known to the parser."""
    parser = commands.add_parser("figures", help="the pictures again from metrics/ and plots/, as SVG for a paper")
    parser.add_argument("results", type=Path, nargs="?", default=Path(), help="a folder with metrics/ and plots/ (.)")
    parser.add_argument("-o", "--output", type=Path, default=Path("build/figures"), help="where they go")
    parser.add_argument("--format", choices=_FORMATS, action="append", dest="formats", help="svg; may be repeated")
    parser.add_argument("--clips", type=Path, help="of preprocess, for the pictures of audio (artifacts/test_clips)")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    from kws.figures.redraw import audio_pictures, pictures
    from kws.summary import load_metrics

    metrics = load_metrics(options.results / "metrics")
    drawn = pictures(metrics, options.results / "plots", Path("references"))
    clips = options.clips or options.results / "artifacts" / "test_clips"
    for suffix in (f".{name}" for name in options.formats or _FORMATS[:1]):
        for name, draw in drawn.items():
            draw(options.output / f"{name}{suffix}")
        if clips.is_dir():
            audio_pictures(options.output, clips, metrics, options.results / "recordings", suffix)
    print(f"written: {options.output}")
    if not clips.is_dir():
        print(
            f"without the pictures of audio, which need clips: {clips} is no folder. `dvc repro preprocess` writes it."
        )
