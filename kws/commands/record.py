"""`python -m kws record WORD`: clips of your own, from a microphone or out of a long recording."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_MOST = 1000


def add_to(commands: argparse._SubParsersAction) -> None:
    """Make the command known to the parser."""
    parser = commands.add_parser("record", help="record clips of a word from a microphone")
    parser.add_argument("word", help="the word to say, or _background_noise_ for the room")
    parser.add_argument("--count", type=_number, default=10, help="clips to take (10)")
    parser.add_argument(
        "--from",
        dest="source",
        choices=("microphone", "board"),
        default="microphone",
        help="this computer's (microphone), or the board's",
    )
    parser.add_argument("--device", help="which microphone: number or part of the name (python -m sounddevice)")
    parser.add_argument("--port", help="--from board: its pyserial URL, instead of the board in params.yaml")
    parser.add_argument("--input", type=Path, help="cut the clips out of this recording instead: WAV, FLAC, OGG or MP3")
    parser.add_argument("--seconds", type=_number, default=60, help="length of _background_noise_ (60)")
    parser.add_argument("--speaker", default="me", help="who speaks; a speaker stays in one split (me)")
    parser.add_argument("--out", type=Path, default=Path("recordings"), help="where <word>/*.wav go (recordings)")
    parser.add_argument("--params", type=Path, default=Path("params.yaml"), help="--from board: names the board")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> None:
    from kws.corpus_index import NOISE_FOLDER
    from kws.recording_dialogue import record_noise, record_words
    from kws.recording_files import check_names, file_clip

    check_names(options.word, options.speaker)
    filed: list[Path] = []

    def keep(clip) -> None:
        filed.append(file_clip(options.out, options.word, options.speaker, clip))

    try:
        if options.input:
            _cut(options, keep)
        else:
            with _microphone(options) as (take, take_s):
                if options.word == NOISE_FOLDER:
                    record_noise(options.seconds, take, keep)
                else:
                    record_words(options.word, options.count, take, keep, take_s)
    finally:
        if filed:
            print(f"{len(filed)} filed in {options.out / options.word}, the last one as {filed[-1].name}")


@contextmanager
def _microphone(options: argparse.Namespace) -> Iterator[tuple]:
    """`take(seconds)`, and how long a take of a word is."""
    from kws.params import load_params
    from kws.recording_devices import ComputerMicrophone, board_microphone
    from kws.recording_dialogue import TAKE_S

    if options.source == "board":
        with board_microphone(load_params(options.params).flash, options.port) as microphone:
            yield microphone.take, 1.0
    else:
        yield ComputerMicrophone(options.device).take, TAKE_S


def _cut(options: argparse.Namespace, keep) -> None:
    from kws.audio import problem_of, read_audio
    from kws.corpus_index import NOISE_FOLDER
    from kws.errors import DataError
    from kws.recording_dialogue import check_noise, cut_words

    if not options.input.is_file():
        raise DataError(f"--input {options.input} is not there: name a recording that is.")
    reason = problem_of(options.input)
    if reason:
        raise DataError(f"--input {options.input}: {reason}. Convert it to WAV, for example with ffmpeg.")
    samples = read_audio(options.input)
    if options.word == NOISE_FOLDER:
        check_noise(samples)
        keep(samples)
    elif not cut_words(samples, keep):
        raise DataError(
            f"--input {options.input}: no sound in it makes a good clip; say the word clearly, a second apart, and the "
            "recording needs a quiet moment."
        )


def _number(text: str, most: int = _MOST) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= most:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 to {most}")
    return int(text)
