"""Where recordings go: `<folder>/<word>/<speaker>_nohash_<n>.wav`, which `data.source: folder` and the pictures read.

In: clips (n,) int16. Out: files; the numbers go on after those that are there.
"""

import re
from pathlib import Path

import numpy as np

from kws.audio import write_wav
from kws.corpus_index import NOISE_FOLDER
from kws.errors import DataError
from kws.files import replaced_file
from kws.params import WORD_LETTERS_MAX, WORD_PATTERN

_SPEAKER = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,39}")


def check_names(word: str, speaker: str) -> None:
    """Raises DataError for a word or speaker that would make no folder or file that the corpus reads."""
    if word != NOISE_FOLDER and (len(word) > WORD_LETTERS_MAX or not re.fullmatch(WORD_PATTERN, word)):
        raise DataError(
            f"{word!r} cannot be the name of a word: use letters, digits and spaces, at most {WORD_LETTERS_MAX}, or "
            f"{NOISE_FOLDER} for the room. Other words, recorded under their own names, become the unknown ones."
        )
    if not _SPEAKER.fullmatch(speaker):
        raise DataError(f"--speaker is {speaker!r}: use letters, digits and hyphens, at most 40.")


def file_clip(folder: Path, word: str, speaker: str, samples: np.ndarray) -> Path:
    """Write (n,) int16 as the speaker's next take of a word; returns its path."""
    taken = [
        int(match.group(1))
        for path in (folder / word).glob(f"{speaker}_nohash_*.wav")
        if (match := re.fullmatch(rf"{speaker}_nohash_(\d+)\.wav", path.name))
    ]
    path = folder / word / f"{speaker}_nohash_{max(taken, default=-1) + 1}.wav"
    with replaced_file(path) as temporary:
        write_wav(temporary, samples)
    return path
