"""How well a model listens: streams with words at known times and an hour without any, on the host and on the board.

Goes in: a corpus, a deployed .tflite, `listen` of params.yaml. Comes out: recall, false alarms an hour and latency,
JSON-ready. Settings are compared on the validation speakers' streams; the test speakers' are heard with params.yaml's.
The board hears the streams of a minute and a part of the hour; where a word of its reports differs from the host's, it
is counted.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np

from kws.audio import write_wav
from kws.board.boards import EmulatorBoard
from kws.board.listening import listening
from kws.board.replies_listening import Heard
from kws.board.session import Session
from kws.confusion import share_interval
from kws.corpus import Corpus
from kws.features import SAMPLE_RATE_HZ
from kws.listening import ListenSettings, Word, probabilities, words_of
from kws.params import FrontEnd
from kws.streams import SECONDS, Score, Stream, scored, total, with_words, without_words

SNRS_DB = (20.0, 10.0, 5.0)
THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95)
SMOOTHINGS = (1, 2, 3, 4, 6, 8)
_HOUR = 3600 // SECONDS


@dataclass(frozen=True)
class Trial:
    """A model as it listens."""

    front_end: FrontEnd
    logits: Callable[[np.ndarray], np.ndarray]
    output_scale: float

    def answers(self, stream: Stream, settings: ListenSettings) -> np.ndarray:
        """(decisions, K); see kws.listening.probabilities."""
        return probabilities(stream.samples, self.front_end, settings.strides, self.logits, self.output_scale)

    def heard(self, stream: Stream, settings: ListenSettings) -> list[Word]:
        """The words that are heard in a stream."""
        return list(words_of(self.answers(stream, settings), settings))


def spoken_streams(corpus: Corpus, split: str, count: int) -> list[Stream]:
    """`count` minutes for each of SNRS_DB."""
    return [
        with_words(corpus, split, np.random.default_rng([1, row, number]), snr_db)
        for row, snr_db in enumerate(SNRS_DB)
        for number in range(count)
    ]


def quiet_streams(corpus: Corpus, split: str, minutes: int = _HOUR) -> Iterator[Stream]:
    """Minutes without a keyword: two with other words to one of noise alone, at each of SNRS_DB in turn."""
    for number in range(minutes):
        rng = np.random.default_rng([2, number])
        yield without_words(corpus, split, rng, SNRS_DB[number // 3 % len(SNRS_DB)], speech=number % 3 != 2)


def compare_settings(
    trial: Trial, strides: int, suppression_ms: int, spoken: Sequence[Stream], quiet: Sequence[Stream]
) -> list[dict]:
    """What each threshold and smoothing gives on the same streams."""
    asked = ListenSettings(strides, 1, 1, suppression_ms)
    answers = [(stream, trial.answers(stream, asked)) for stream in (*spoken, *quiet)]
    rows = []
    for smoothing, threshold in product(SMOOTHINGS, THRESHOLDS):
        settings = asked._replace(smoothing=smoothing, threshold_q15=round(threshold * 32768))
        scores = [scored(stream, list(words_of(answer, settings))) for stream, answer in answers]
        found = figures(scores[: len(spoken)]) | {"false_alarms_per_hour": rate(scores[len(spoken) :])}
        rows.append({"smoothing": smoothing, "threshold": threshold} | found)
    return rows


def best_settings(rows: Sequence[dict], alarms_per_hour: float) -> dict | None:
    """The row of compare_settings with the highest recall of those with so many false alarms or fewer; None: no row."""
    borne = [row for row in rows if row["false_alarms_per_hour"] <= alarms_per_hour]
    return max(borne, key=lambda row: (row["recall"], -row["false_alarms_per_hour"]), default=None)


def settings_text(rows: Sequence[dict], best: dict | None, alarms_per_hour: float) -> str:
    """What each false alarm less costs, and the section for params.yaml."""
    front = [row for row in rows if row is best_settings(rows, row["false_alarms_per_hour"])]
    lines = ["smoothing  threshold  recall  false alarms an hour"]
    for row in sorted(front, key=lambda row: row["false_alarms_per_hour"]):
        cells = (
            f"{row['smoothing']:9}  {row['threshold']:9.2f}  {row['recall']:6.1%}  {row['false_alarms_per_hour']:20.1f}"
        )
        lines.append(cells + ("  <- the highest recall within --alarms" if row is best else ""))
    if best is None:
        return "\n".join(
            [*lines, "", f"None has {alarms_per_hour:g} false alarms an hour or fewer: give --alarms more."]
        )
    section = ["listen:", f"  smoothing: {best['smoothing']}", f"  threshold: {best['threshold']:g}"]
    return "\n".join([*lines, "", "In params.yaml:", "", *section])


def figures(scores: Sequence[Score]) -> dict:
    """Recall with its 95 % interval, false alarms, and latency of the words that were heard."""
    score = total(scores)
    latencies = np.array(score.latencies_ms)
    return {
        "words": score.spoken,
        "heard": len(latencies),
        "recall": len(latencies) / score.spoken,
        "recall_interval": share_interval(len(latencies), score.spoken),
        "false_alarms": score.false_alarms,
        "latency_ms": {f"p{p}": int(np.percentile(latencies, p)) for p in (50, 95)} if len(latencies) else None,
    }


def rate(scores: Sequence[Score]) -> float:
    """False alarms an hour."""
    score = total(scores)
    return score.false_alarms * 3600 / score.seconds


def on_board(board: EmulatorBoard, stream: Stream, settings: ListenSettings, folder: Path, timeout_s: float):
    """The words that the emulated board hears in a stream, as fast as it can, and how many samples it lost."""
    length_ms = len(stream.samples) * 1000 // SAMPLE_RATE_HZ
    write_wav(folder / "stream.wav", stream.samples)
    found = []
    with board.open(microphone=folder / "stream.wav", speed="fast") as port:
        session = Session(port, timeout_s)
        session.handshake()
        with listening(session, settings) as ear:
            for report in ear:
                if report.ms > length_ms:
                    break
                if isinstance(report, Heard):
                    found.append(Word(report.ms, report.label, report.score))
    return found, ear.stopped.lost_samples


def joined(streams: Sequence[Stream]) -> Stream:
    """Streams without words, one behind the other."""
    return Stream(np.concatenate([stream.samples for stream in streams]), (), streams[0].snr_db)


def differing(a: Sequence[Word], b: Sequence[Word]) -> int:
    """Words that only one of them has."""
    return len(set(a) ^ set(b))
