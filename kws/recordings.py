"""A person's own recordings as the pictures show them: a few clips, and what is said of the others.

In: the folder with <word>/*.wav. Out: title -> (N,) int16, and a note. Words take turns, so that each is seen before
any is seen twice.
"""

import sys
from collections import Counter
from itertools import chain, zip_longest
from pathlib import Path

import numpy as np

from kws.audio import problem_of, read_clip
from kws.corpus_index import wav_files, word_folders

SHOWN_MAX = 4
_WORDS_NAMED = 4


def own_clips(folder: Path) -> tuple[dict[str, np.ndarray], str]:
    """The clips to show and the note under them; an unusable file is named on stderr. A folder need not be there."""
    words = [_usable(word) for word in word_folders(folder)] if folder.is_dir() else []
    in_turn = [path for path in chain.from_iterable(zip_longest(*words)) if path is not None]
    shown, others = in_turn[:SHOWN_MAX], Counter(path.parent.name for path in in_turn[SHOWN_MAX:])
    clips = {f"yours: {path.parent.name}, {path.stem}": read_clip(path) for path in shown}
    if not others:
        return clips, ""
    named = ", ".join(f"{count} of {word}" for word, count in others.most_common(_WORDS_NAMED))
    more = f" and {len(others) - _WORDS_NAMED} more words" if len(others) > _WORDS_NAMED else ""
    return clips, f"{len(shown)} of your {len(in_turn)} recordings, not drawn: {named}{more}"


def _usable(word: Path) -> list[Path]:
    reasons = {path: problem_of(path) for path in wav_files(word)}
    for path, reason in reasons.items():
        if reason:
            print(f"note: {path} is not drawn, {reason}", file=sys.stderr)
    return [path for path, reason in reasons.items() if reason is None]
