"""How well clips are told apart: the confusion matrix, and the uncertainty of a share.

In: labels and predictions as integers. Out: counts and intervals. NumPy alone, so that pictures and the board's report
count as evaluation does without loading torch.
"""

from math import sqrt

import numpy as np

CONFIDENCE = 0.95
_DEVIATIONS = 1.959963984540054  # of a standard normal, between whose ends 95 % lie


def confusion_matrix(actual: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """(B,) and (B,) numbers of classes -> (K, K) int64: clips of each actual class (row) taken for each (column)."""
    counts = np.zeros((classes, classes), np.int64)
    np.add.at(counts, (np.asarray(actual, np.int64), np.asarray(predicted, np.int64)), 1)
    return counts


def share_interval(hits: int, clips: int) -> tuple[float, float] | None:
    """The 95 % interval of a binomial share by Wilson's score (Wilson 1927, J. Am. Stat. Assoc. 22, 209-212).

    It stays within 0 and 1 and is of use for a handful of clips and for shares near 1, where the normal interval is
    not. None without clips.
    """
    if clips == 0:
        return None
    z2 = _DEVIATIONS**2
    share = hits / clips
    centre = (share + z2 / (2 * clips)) / (1 + z2 / clips)
    half = _DEVIATIONS / (1 + z2 / clips) * sqrt(share * (1 - share) / clips + z2 / (4 * clips**2))
    return max(0.0, centre - half), min(1.0, centre + half)


def paired_difference(found: np.ndarray, reference: np.ndarray) -> tuple[float, tuple[float, float]]:
    """Mean difference between two models' accuracies on the same clips, with its 95 % interval.

    What is drawn at random are the clips: the seeds' differences are averaged for each clip first, and clips on which
    both models do alike add no uncertainty. Normal approximation of the paired mean, as in McNemar's test (1947).

    Args:
        found, reference: (seeds, clips) bool, whether a clip is told rightly.
    """
    by_clip = found.mean(0) - reference.mean(0)
    half = _DEVIATIONS * float(by_clip.std(ddof=1)) / sqrt(len(by_clip)) if len(by_clip) > 1 else 1.0
    difference = float(by_clip.mean())
    return difference, (difference - half, difference + half)
