"""What a listening board hears in a recording, computed on the host: the front end, a .tflite, and the integers of
firmware/src/listen.c. Both give the same words at the same times with the same scores.

    words = heard(samples, params.front_end, ListenSettings.of(params.listen), logits, output_scale)

Every `strides` strides the model is asked about the last second, whose features are those of a clip. A word is heard
when the mean of its probability over the last `smoothing` answers is the largest of all classes and reaches the
threshold; then nothing is heard for `suppression_ms`, and the same word only once its mean has been below the
threshold. After RecognizeCommands of TensorFlow's speech_commands example, and Zhang et al. (2017), Hello Edge,
arXiv:1711.07128.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np

from kws.board.reference import ONE, postprocess
from kws.features import SAMPLE_RATE_HZ, STRIDE_SAMPLES, streamed_features
from kws.labels import class_names
from kws.normalization import FRAMES
from kws.params import FrontEnd, Listen

SETTLING_SAMPLES = 4000  # microphone.h: what a listener drops
START_SAMPLES = (FRAMES - 1) * STRIDE_SAMPLES + 480
OTHER_CLASSES = len(class_names(()))
_BATCH = 512


class ListenSettings(NamedTuple):
    """How a board listens, as it is told."""

    strides: int  # of 20 ms, from one decision to the next
    smoothing: int  # decisions that are averaged
    threshold_q15: int  # of the mean probability, in 1/32768
    suppression_ms: int

    @classmethod
    def of(cls, listen: Listen) -> "ListenSettings":
        """Those of params.yaml."""
        return cls(listen.strides, listen.smoothing, round(listen.threshold * ONE), listen.suppression_ms)


class Word(NamedTuple):
    """A word that was heard."""

    ms: int  # of sound since the microphone's start
    label: int
    score: float  # mean probability


def probabilities(
    samples: np.ndarray,
    front_end: FrontEnd,
    strides: int,
    logits: Callable[[np.ndarray], np.ndarray],
    output_scale: float,
) -> np.ndarray:
    """What the model answers, from decision to decision: (N,) int16 -> (decisions, K) uint16 in 1/32768.

    Args:
        samples: from the microphone's start on.
        strides: from one decision to the next.
        logits: the model: (B, T, F) int8 -> (B, K) int8.
        output_scale: of its logits.
    """
    if len(samples) < SETTLING_SAMPLES + START_SAMPLES:
        return np.empty((0, 0), np.uint16)
    windows = streamed_features(samples[SETTLING_SAMPLES:], front_end, strides)
    answers = [logits(windows[i : i + _BATCH]) for i in range(0, len(windows), _BATCH)]
    return np.array([postprocess(row, output_scale)[0] for row in np.concatenate(answers)])


def words_of(answers: Iterable[np.ndarray], settings: ListenSettings) -> Iterator[Word]:
    """The words that are heard in a stream of answers, each (K,) uint16 in 1/32768; ms as in Word."""
    history: list[np.ndarray] = []
    last_label, last_ms = None, None
    needed = settings.threshold_q15 * settings.smoothing
    samples = SETTLING_SAMPLES + START_SAMPLES
    for answer in answers:
        history = [*history, answer.astype(np.int64)][-settings.smoothing :]
        sums = np.sum(history, axis=0)
        best, ms = int(np.argmax(sums)), samples * 1000 // SAMPLE_RATE_HZ
        samples += settings.strides * STRIDE_SAMPLES
        if last_label is not None and sums[last_label] < needed:
            last_label = None
        waits = last_ms is not None and ms - last_ms < settings.suppression_ms
        if best < OTHER_CLASSES or best == last_label or len(history) < settings.smoothing or waits:
            continue
        if sums[best] >= needed:
            last_label, last_ms = best, ms
            yield Word(ms, best, int(sums[best]) // settings.smoothing / ONE)


def heard(
    samples: np.ndarray,
    front_end: FrontEnd,
    settings: ListenSettings,
    logits: Callable[[np.ndarray], np.ndarray],
    output_scale: float,
) -> list[Word]:
    """The words in a recording of a microphone, (N,) int16; see `probabilities`."""
    return list(words_of(probabilities(samples, front_end, settings.strides, logits, output_scale), settings))
