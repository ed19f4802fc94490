"""How well the board listens: recall, false alarms an hour, latency -> results/listening.json.

    python tools/listening.py [--speech speech_commands | here] [--candidates artifacts/convert]

Goes in: the deployed model of a candidates folder, and the parameters it was trained with. `speech_commands` makes the
streams of the real subset's speakers (KWS_SHARED, default ../shared), `here` of the corpus that params.yaml names. Each
run replaces its own column. On the emulated board, fast (kws/board/pdm.py), so times are the sound's: what the board
computes between a decision's last sample and its report, about 15 ms, comes on top.
"""

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

from kws.board.boards import EmulatorBoard
from kws.board.build import build_image
from kws.board.flashing import flash
from kws.codegen import generate
from kws.conversion_manifest import read_candidates
from kws.corpus import load_corpus
from kws.files import sha256, write_json
from kws.listening import ListenSettings
from kws.listening_trial import (
    SNRS_DB,
    Trial,
    compare_settings,
    differing,
    figures,
    joined,
    on_board,
    quiet_streams,
    rate,
    spoken_streams,
)
from kws.params import Params, load_params
from kws.streams import scored
from kws.tflite.interpreter import reference_logits
from kws.tflite.reader import read_graph

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "results" / "listening.json"
ARCHIVE = "data/speech_commands_v0.02_subset.tar.gz"


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Recall, false alarms and latency of the listening board.")
    parser.add_argument("--speech", choices=("speech_commands", "here"), default="here")
    parser.add_argument("--candidates", type=Path, default=Path("artifacts/convert"), help="its first is the model")
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    parser.add_argument("--minutes", type=int, default=4, help="streams of a minute for each level of noise")
    parser.add_argument("--board-minutes", type=int, default=6, help="of the hour without words, on the board")
    options = parser.parse_args()
    params = load_params(options.params)
    if options.speech == "speech_commands":
        shared = Path(os.environ.get("KWS_SHARED", ROOT.parent / "shared"))
        data = params.data.model_copy(update={"source": "speech_commands", "root": str(shared / ARCHIVE)})
        params = params.model_copy(update={"data": data})
    (_, tflite), *_ = read_candidates(options.candidates)
    result = listening_result(params, tflite, options.minutes, options.board_minutes)
    known = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    write_json(RESULT, known | {params.data.source: result})
    print(json.dumps({name: value for name, value in result.items() if name != "validation"}, indent=1))


def listening_result(params: Params, tflite: bytes, minutes: int, board_minutes: int) -> dict:
    """All figures of one model on one corpus."""
    corpus, settings = load_corpus(params.data), ListenSettings.of(params.listen)
    scale = read_graph(tflite).outputs[0].quantization.scales[0]
    trial = Trial(params.front_end, lambda features: reference_logits(tflite, features), scale)
    _say("validation: settings compared")
    validation = compare_settings(
        trial,
        settings.strides,
        settings.suppression_ms,
        spoken_streams(corpus, "validation", minutes),
        list(quiet_streams(corpus, "validation", 30)),
    )
    _say("host: streams with words, and the hour")
    spoken, quiet = spoken_streams(corpus, "testing", minutes), list(quiet_streams(corpus, "testing"))
    heard = [trial.heard(stream, settings) for stream in spoken]
    scores = [scored(stream, words) for stream, words in zip(spoken, heard, strict=True)]
    by_snr = {f"{snr:g}": figures([s for s, stream in zip(scores, spoken, strict=True) if stream.snr_db == snr])
              for snr in SNRS_DB}  # fmt: skip
    alarms = [scored(stream, trial.heard(stream, settings)) for stream in quiet]
    _say("board")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        board, image = _board(params, tflite, folder)
        streams = [*spoken, joined(quiet[:board_minutes])]
        expected = [*heard, trial.heard(streams[-1], settings)]
        found = [on_board(board, stream, settings, folder, params.flash.timeout_s) for stream in streams]
    board_scores = [scored(stream, words) for stream, (words, _) in zip(streams, found, strict=True)]
    return {
        "model_sha256": sha256(tflite),
        "settings": settings._asdict(),
        "by_snr_db": by_snr,
        "all": figures(scores),
        "without_words": {
            "seconds": sum(alarm.seconds for alarm in alarms),
            "false_alarms": sum(alarm.false_alarms for alarm in alarms),
            "false_alarms_per_hour": rate(alarms),
            "with_other_words": rate([a for i, a in enumerate(alarms) if i % 3 != 2]),
            "noise_alone": rate([a for i, a in enumerate(alarms) if i % 3 == 2]),
        },
        "board": {
            "name": board.name,
            "flash_bytes": image.flash_bytes,
            **figures(board_scores[:-1]),
            "seconds_without_words": board_scores[-1].seconds,
            "false_alarms_without_words": board_scores[-1].false_alarms,
            "lost_samples": sum(lost for _, lost in found),
            "words_differing_from_host": sum(differing(w, e) for (w, _), e in zip(found, expected, strict=True)),
        },
        "validation": validation,
    }


def _board(params: Params, tflite: bytes, folder: Path):
    """An emulated board that holds the model alone, and its image."""
    (model,) = generate([("deployed", tflite)], folder / "generated")
    image = build_image(folder / "generated", params.front_end, folder / "build", params.flash.baud)
    board = EmulatorBoard(params.flash.baud, folder)
    flash(board, image.bin, (model.tflite_sha256,), params.flash.timeout_s)
    return board, image


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
