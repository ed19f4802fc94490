"""What lies in a folder of Speech Commands' layout: every usable recording with its word, speaker and split.

In: a folder with `<word>/<speaker>_nohash_<n>.wav`. Out: recordings in the order of their names, and those left out
with the reason. The split is the official one: validation_list.txt and testing_list.txt where both are there,
otherwise the rule of the dataset's README, a hash of the speaker. Few speakers are ranked by it (split_few).
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kws.audio import problem_of
from kws.cores import spread
from kws.errors import DataError

NOISE_FOLDER = "_background_noise_"
LIST_FILES = {"validation": "validation_list.txt", "testing": "testing_list.txt"}
LEFT_OUT_FILE = "left_out.txt"  # written where a folder was converted: lines of name, tab, reason
NOT_WAV = "it is not a WAV file"  # why audio of other kinds is left out
NOTES_FILE = "notes.txt"  # likewise: what a reader of results should know, a line each
FEW_SPEAKERS = 30  # fewer are ranked by their hash
_OTHER_AUDIO = {".aac", ".aif", ".aiff", ".flac", ".m4a", ".mp3", ".mp4", ".ogg", ".opus", ".webm", ".wma"}
_VALIDATION_PERCENT, _TESTING_PERCENT = 10, 10
_MOST_FILES = 2**27 - 1  # MAX_NUM_WAVS_PER_CLASS in the dataset's README


@dataclass(frozen=True)
class Recording:
    """One file of speech."""

    name: str  # "<word>/<file>"
    word: str
    speaker: str
    split: str


def speaker_of_file(file_name: str) -> str:
    """The part of a file's name before `_nohash_`; the whole stem where there is none."""
    stem = re.sub(r"\.wav$", "", file_name, flags=re.IGNORECASE)
    return re.sub(r"_nohash_.*$", "", stem)


def split_by_hash(speaker: str) -> str:
    """The split of a speaker by the SHA-1 rule (which_set in Speech Commands' README, Warden 2018)."""
    number = int(hashlib.sha1(speaker.encode()).hexdigest(), 16) % (_MOST_FILES + 1)
    percent = number * (100.0 / _MOST_FILES)
    if percent < _VALIDATION_PERCENT:
        return "validation"
    return "testing" if percent < _VALIDATION_PERCENT + _TESTING_PERCENT else "training"


def split_few(clips: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The splits of a folder with few speakers, where the hash alone would leave a split with nobody.

    Ranked by their hash, a tenth of the speakers, one at least, is for validation, as many are for testing, the others
    for training. Where not even three spoke, each word's clips are ranked instead, so every split hears every voice.

    Args:
        clips: "<word>/<file>" and speaker of each.

    Returns:
        "<word>/<file>" -> split.
    """
    speakers = {speaker for _, speaker in clips}
    if len(speakers) >= len(LIST_FILES) + 1:
        of = _ranked(speakers)
        return {name: of[speaker] for name, speaker in clips}
    by_word = defaultdict(list)
    for name, _ in clips:
        by_word[name.partition("/")[0]].append(name)
    return {name: split for names in by_word.values() for name, split in _ranked(names).items()}


def _ranked(names: Iterable[str]) -> dict[str, str]:
    order = sorted(names, key=lambda name: (hashlib.sha1(name.encode()).digest(), name))
    validation = max(1, round(len(order) * _VALIDATION_PERCENT / 100))
    testing = max(1, round(len(order) * _TESTING_PERCENT / 100))
    splits = ["validation"] * validation + ["testing"] * testing + ["training"] * len(order)
    return dict(zip(order, splits, strict=False))


class SplitRule:
    """The split of every clip of a folder: by the list files, by the hash, or by rank where few people spoke.

    `note` is what a reader of results should know of it, or empty.

    Raises:
        DataError: one list file is there without the other, or one name stands in both.
    """

    def __init__(self, folder: Path):
        found = {split: folder / name for split, name in LIST_FILES.items() if (folder / name).is_file()}
        if len(found) == 1:
            missing = next(name for split, name in LIST_FILES.items() if split not in found)
            raise DataError(
                f"{folder} holds one list of the official split but no {missing}: add it, or remove the other list and "
                "the split follows from a hash of each speaker."
            )
        self._by_name = {name: split for split, path in found.items() for name in _lines(path)}
        self.listed, self.note = bool(found), ""
        if not self.listed:
            self._rank(folder)
        twice = len(self._by_name) < sum(len(set(_lines(path))) for path in found.values())
        if twice:
            raise DataError(
                f"{folder}: a clip stands in both {' and '.join(LIST_FILES.values())}; name it in one only."
            )

    def split_of(self, name: str, speaker: str) -> str:
        """`name` as in the list files, "<word>/<file>"."""
        if self.listed:
            return self._by_name.get(name, "training")
        return self._by_name.get(name) or split_by_hash(speaker)

    def _rank(self, folder: Path) -> None:
        paths = [path for word in word_folders(folder) for path in wav_files(word)]
        clips = [(f"{path.parent.name}/{path.name}", speaker_of_file(path.name)) for path in paths]
        speakers = len({speaker for _, speaker in clips})
        if not 0 < speakers < FEW_SPEAKERS:
            return
        self._by_name = split_few(clips)
        if speakers > len(LIST_FILES):
            tested = len({speaker for name, speaker in clips if self._by_name[name] == "testing"})
            self.note = f"{speakers} people spoke, {tested} of them in testing: intervals count clips, not people."
        else:
            who = "one person" if speakers == 1 else f"{speakers} people"
            self.note = f"All clips are of {who}, in every split: an accuracy is for that voice, not for other people."


def wav_files(folder: Path) -> list[Path]:
    """The WAV files right in a folder, sorted by name; hidden ones (such as macOS' `._x.wav`) are none."""
    return [path for path in _files(folder) if path.suffix.lower() == ".wav"]


def other_audio(folder: Path) -> list[Path]:
    """Audio files right in a folder that are not WAV: a user meant them to be used, so they are worth a word."""
    return [path for path in _files(folder) if path.suffix.lower() in _OTHER_AUDIO]


def word_folders(folder: Path) -> list[Path]:
    """The folders of a layout that hold clips, `_silence_` and `_unknown_` among them, sorted by name."""
    inside = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    return [path for path in inside if path.name != NOISE_FOLDER and (wav_files(path) or other_audio(path))]


def find_layout(folder: Path) -> Path | None:
    """The folder itself, or the first folder at most two levels down, that holds `<word>/*.wav`."""
    level = [folder]
    for _ in range(3):
        for candidate in level:
            if any(wav_files(path) for path in word_folders(candidate)):
                return candidate
        level = [p for c in level for p in sorted(c.iterdir()) if p.is_dir() and not p.name.startswith(".")]
    return None


def scan(folder: Path) -> tuple[list[Recording], dict[str, str]]:
    """All usable recordings of speech, sorted by name, and name -> reason for those left out."""
    rule = SplitRule(folder)
    recordings, left_out = [], dict(_left_out_before(folder))
    for path in (path for word in word_folders(folder) for path in other_audio(word)):
        left_out[f"{path.parent.name}/{path.name}"] = NOT_WAV
    for path, reason in with_problems([path for word in word_folders(folder) for path in wav_files(word)]):
        name, speaker = f"{path.parent.name}/{path.name}", speaker_of_file(path.name)
        if reason:
            left_out[name] = reason
        else:
            recordings.append(Recording(name, path.parent.name, speaker, rule.split_of(name, speaker)))
    return recordings, left_out


def with_problems(paths: list[Path]) -> list[tuple[Path, str | None]]:
    """Each file, and why it cannot be used as audio, or None."""
    return list(zip(paths, spread(_problems, paths), strict=True))


def _problems(paths: list[Path]) -> list[str | None]:
    return [problem_of(path) for path in paths]


def _left_out_before(folder: Path) -> Iterator[tuple[str, str]]:
    for line in _lines(folder / LEFT_OUT_FILE) if (folder / LEFT_OUT_FILE).exists() else []:
        name, _, reason = line.partition("\t")
        yield name, reason


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))


def _lines(path: Path) -> list[str]:
    return [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
