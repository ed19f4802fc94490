"""The speech that everything else works on: clips of one second with a class, in three splits.

In: the section `data` of params.yaml. Out: a Corpus, which knows every clip and reads audio only when asked.
Classes are `_silence_`, `_unknown_` and the words. Silence is cut out of the background noises, unknown is a choice of
all other words; a folder may bring its own `_silence_` and `_unknown_` folders instead.
Run: `corpus = load_corpus(params.data); audio, labels, speakers, names = corpus.load("training")`.
"""

import hashlib
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean

import numpy as np

from kws.audio import CLIP_SAMPLES, problem_of, read_audio, read_clip
from kws.audio_noise import SPLITS, part_of
from kws.corpus_index import NOISE_FOLDER, NOTES_FILE, Recording, scan, wav_files
from kws.corpus_silence import Cut, audio_of, draw_cuts, name_of
from kws.errors import DataError
from kws.labels import SILENCE, UNKNOWN, class_names
from kws.params import Data
from kws.sources import official_folder

MINIMUM_CLIPS = {"training": 10, "validation": 2, "testing": 2}  # of every class
_NAMED_IN_WARNING = 10


@dataclass(frozen=True)
class Clip:
    """One second of audio and what is known of it."""

    name: str  # "<word>/<file>" of a recording; a cut's name says where it was cut
    word: str  # the folder's name, so that an unknown clip's word is known
    speaker: str  # empty for a cut out of noise
    split: str
    label: int  # place in Corpus.classes
    cut: Cut | None = None


@dataclass(frozen=True, eq=False)
class Corpus:
    """All clips of the three splits, in the order of classes and names."""

    folder: Path  # in the official layout
    source: str  # data.source
    classes: tuple[str, ...]  # K names
    clips: tuple[Clip, ...]
    left_out: dict[str, str] = field(default_factory=dict)  # name -> why it is not used
    notes: tuple[str, ...] = ()  # what a reader of results should know, such as parts filled in with synthetic speech
    recordings_of_noise: dict[str, np.ndarray] = field(default_factory=dict, repr=False)  # name -> (n,) int16, whole

    def of(self, split: str) -> list[Clip]:
        """The clips of a split."""
        return [clip for clip in self.clips if clip.split == split]

    def read(self, clip: Clip) -> np.ndarray:
        """A clip's samples, (N,) int16, read from disk now."""
        if clip.cut is not None:
            return audio_of(clip.cut, self.recordings_of_noise, clip.split)
        return read_clip(self.folder / clip.name)

    def audio(self, clips: Sequence[Clip]) -> np.ndarray:
        """(B, N) int16 of these clips: pass a slice of `of(split)` to hold no more than a slice."""
        result = np.empty((len(clips), CLIP_SAMPLES), np.int16)
        for row, clip in enumerate(clips):
            result[row] = self.read(clip)
        return result

    def load(self, split: str) -> tuple[np.ndarray, np.ndarray, list[str], list[str]]:
        """A whole split: audio (B, N) int16, labels (B,) int64, the speakers and the names of the B clips."""
        clips = self.of(split)
        labels = np.array([clip.label for clip in clips], np.int64)
        return self.audio(clips), labels, [clip.speaker for clip in clips], [clip.name for clip in clips]

    def noises(self, split: str = "training") -> list[np.ndarray]:
        """The split's part in time of each background noise, (n,) int16, n >= N; empty where there is none."""
        parts = [part_of(self.recordings_of_noise[name], split) for name in sorted(self.recordings_of_noise)]
        return [part for part in parts if len(part)]

    def counts(self) -> dict[str, dict[str, int]]:
        """Clips of each class in each split."""
        counted = Counter((clip.split, clip.label) for clip in self.clips)
        return {split: {name: counted[split, k] for k, name in enumerate(self.classes)} for split in SPLITS}

    def speakers(self) -> dict[str, int]:
        """Number of different speakers in each split."""
        return {split: len({clip.speaker for clip in self.of(split)} - {""}) for split in SPLITS}


def load_corpus(data: Data) -> Corpus:
    """The corpus that the section `data` of params.yaml names, made, fetched or converted first where needed.

    Warns once (UserWarning) of all clips that are left out because they cannot be read.

    Raises:
        DataError: the data is not there, or a class has too few clips in a split.
    """
    return index_corpus(official_folder(data), data)


def index_corpus(folder: Path, data: Data) -> Corpus:
    """The corpus that lies in a folder of the official layout; see load_corpus."""
    recordings, left_out = scan(folder)
    noises = read_noises(folder, left_out)
    clips = []
    for split in SPLITS:
        mine = [recording for recording in recordings if recording.split == split]
        clips += clips_of_split(split, mine, noises, data)
    notes = tuple((folder / NOTES_FILE).read_text().splitlines()) if (folder / NOTES_FILE).exists() else ()
    corpus = Corpus(folder, data.source, class_names(data.words), tuple(clips), left_out, notes, noises)
    _warn_of(left_out, data)
    _refuse_too_few(corpus, data, {recording.word for recording in recordings})
    return corpus


def clips_of_split(
    split: str, recordings: list[Recording], noises: dict[str, np.ndarray], data: Data, everything: bool = False
) -> list[Clip]:
    """The clips of one split, class by class.

    Args:
        split: training, validation or testing.
        recordings: those of the split.
        noises: name -> (n,) int16, whole recordings, which silence is cut from where there is no folder `_silence_`.
        data: names the words and, by its ratios, the shares of unknown and silence.
        everything: leave no recording out, whatever the ratios say; every other word is then unknown, also beside a
            folder `_unknown_`.
    """
    by_class = {name: [] for name in class_names(data.words)}
    others = []
    for recording in recordings:
        by_class.get(recording.word, others).append(recording)
    mean_clips = mean(len(by_class[word]) for word in data.words)
    silence, unknown = round(data.silence_ratio * mean_clips), round(data.unknown_ratio * mean_clips)
    if everything:
        by_class[UNKNOWN] += others
    else:
        by_class[UNKNOWN] = _choose(by_class[UNKNOWN] or others, unknown)
        by_class[SILENCE] = _choose(by_class[SILENCE], silence)
    clips = []
    for label, chosen in enumerate(by_class.values()):
        if label == 0 and not chosen and noises:
            cuts = draw_cuts(noises, split, silence, data.seed)
            clips += [Clip(name_of(cut, i), SILENCE, "", split, label, cut) for i, cut in enumerate(cuts)]
        clips += [Clip(r.name, r.word, r.speaker, r.split, label) for r in chosen]
    return clips


def _choose(recordings: list[Recording], most: int) -> list[Recording]:
    """At most so many, chosen by a hash of their names: the same whatever else lies in the folder."""
    ranked = sorted(recordings, key=lambda recording: hashlib.sha1(recording.name.encode()).digest())
    return sorted(ranked[:most], key=lambda recording: recording.name)


def read_noises(folder: Path, left_out: dict[str, str]) -> dict[str, np.ndarray]:
    """Stem -> (n,) int16 of each usable background noise; adds the others to `left_out`."""
    noises = {}
    for path in wav_files(folder / NOISE_FOLDER) if (folder / NOISE_FOLDER).is_dir() else []:
        reason = problem_of(path)
        if reason:
            left_out[f"{NOISE_FOLDER}/{path.name}"] = reason
        else:
            noises[path.stem] = read_audio(path)
    return noises


def _warn_of(left_out: dict[str, str], data: Data) -> None:
    if not left_out:
        return
    named = [f"{name} ({reason})" for name, reason in sorted(left_out.items())[:_NAMED_IN_WARNING]]
    more = f" and {len(left_out) - len(named)} more" if len(left_out) > len(named) else ""
    place = data.root or "the store"
    warnings.warn(
        f"{len(left_out)} of the clips in {place} are left out: {', '.join(named)}{more}. "
        "Record or download them again, or delete them; the results are of the other clips.",
        stacklevel=3,
    )


def _refuse_too_few(corpus: Corpus, data: Data, words_there: set[str]) -> None:
    lacking = [
        f"{name} has {count} in {split} ({MINIMUM_CLIPS[split]} needed)"
        for split, counts in corpus.counts().items()
        for name, count in counts.items()
        if count < MINIMUM_CLIPS[split]
    ]
    if not lacking:
        return
    raise DataError(
        f"Too few clips in {data.root or corpus.folder}: {'; '.join(lacking)}. {_advice(data, words_there)}"
    )


def _advice(data: Data, words_there: set[str]) -> str:
    """What to do about too few clips."""
    absent = [word for word in data.words if word not in words_there]
    if data.source == "synthetic":
        return f"Raise data.synthetic_clips ({data.synthetic_clips}) or name fewer data.words in params.yaml."
    there = ", ".join(sorted(words_there)[:40]) or "none"
    hint = f"There is no clip of {', '.join(absent)} (data.words); words found: {there}. " if absent else ""
    return hint + (
        "Add recordings, by more speakers (all clips of a speaker, the part of a file's name before _nohash_, stay in "
        f"one split), choose other data.words in params.yaml, or, for {SILENCE}, add {NOISE_FOLDER}/*.wav."
    )
