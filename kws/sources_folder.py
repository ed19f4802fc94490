"""A user's own recordings, `<word>/*.wav` of any rate and channel count, turned into the official layout.

In: the user's folder. Out: another folder: clips of 16 kHz mono int16, the loudest second of longer ones, named
`<speaker>_nohash_<n>.wav`, with both list files. The speaker is what stands before `_nohash_` in a file's name, or the
whole name: then every file counts as a speaker. What a user did not record is filled in with synthetic speech and said
in notes.txt: background noise, and other words where the folder holds none besides data.words.
"""

import hashlib
import warnings
from collections import Counter
from pathlib import Path

from kws.audio import loudest_second, problem_of, read_audio, write_wav
from kws.cores import spread
from kws.corpus_index import (
    LEFT_OUT_FILE,
    LIST_FILES,
    NOISE_FOLDER,
    NOT_WAV,
    NOTES_FILE,
    SplitRule,
    other_audio,
    speaker_of_file,
    wav_files,
    with_problems,
    word_folders,
)
from kws.labels import SILENCE, UNKNOWN
from kws.params import Data
from kws.synthetic import make_noises, write_noises, write_unknown


def content_of(folder: Path) -> str:
    """Hash of the names and bytes of everything in a layout that `convert` reads."""
    whole, paths = hashlib.sha256(), _inputs(folder)
    for path, digest in zip(paths, spread(_digests, paths), strict=True):
        whole.update(f"{path.relative_to(folder)}\t{digest}\n".encode())
    return whole.hexdigest()


def convert(source: Path, folder: Path, data: Data) -> None:
    """Fill `folder` with the official layout of the recordings in `source`.

    Files that cannot be used are listed in left_out.txt, from where the corpus' one warning takes them.

    Raises:
        DataError: one list file of the split is there without the other, or espeak-ng fails.
    """
    rule = SplitRule(source)
    splits, left_out = _convert_words(source, folder, rule)
    notes = [rule.note] if rule.note else []
    notes += _fill_noise(source, folder, data, left_out)
    notes += _fill_unknown(folder, data, splits)
    for split, name in LIST_FILES.items():
        (folder / name).write_text("".join(f"{clip}\n" for clip, its in sorted(splits.items()) if its == split))
    (folder / LEFT_OUT_FILE).write_text("".join(f"{name}\t{reason}\n" for name, reason in sorted(left_out.items())))
    (folder / NOTES_FILE).write_text("".join(f"{note}\n" for note in notes))


def _convert_words(source: Path, folder: Path, rule: SplitRule) -> tuple[dict[str, str], dict[str, str]]:
    """Convert every word's clips; returns new name -> split, and old name -> reason of those left out."""
    takes = Counter()
    splits, left_out, pairs = {}, {}, []
    words = word_folders(source)
    for path in (path for word in words for path in other_audio(word)):
        left_out[f"{path.parent.name}/{path.name}"] = NOT_WAV
    for path, reason in with_problems([path for word in words for path in wav_files(word)]):
        word, speaker = path.parent.name, speaker_of_file(path.name)
        if reason:
            left_out[f"{word}/{path.name}"] = reason
            continue
        new_name = f"{word}/{speaker}_nohash_{takes[word, speaker]}.wav"
        takes[word, speaker] += 1
        splits[new_name] = rule.split_of(f"{word}/{path.name}", speaker)
        pairs.append((path, folder / new_name))
    for place in {new.parent for _, new in pairs}:
        place.mkdir(exist_ok=True)
    spread(_convert_clips, pairs)
    return splits, left_out


def _convert_clips(pairs: list[tuple[Path, Path]]) -> list[None]:
    return [write_wav(new, loudest_second(read_audio(old))) for old, new in pairs]


def _fill_noise(source: Path, folder: Path, data: Data, left_out: dict[str, str]) -> list[str]:
    """Copy the user's background noises, whole, or make synthetic ones; returns notes."""
    usable = []
    for path in wav_files(source / NOISE_FOLDER) if (source / NOISE_FOLDER).is_dir() else []:
        reason = problem_of(path)
        if reason:
            left_out[f"{NOISE_FOLDER}/{path.name}"] = reason
        else:
            usable.append(path)
    if not usable:
        write_noises(folder, make_noises(data.words, data.seed))
        return [f"Background noise is synthetic: the folder holds no {NOISE_FOLDER}/*.wav."]
    (folder / NOISE_FOLDER).mkdir()
    for path in usable:
        write_wav(folder / NOISE_FOLDER / f"{path.stem}.wav", read_audio(path))
    return []


def _fill_unknown(folder: Path, data: Data, splits: dict[str, str]) -> list[str]:
    """Add synthetic other words where the user recorded none, and their splits to `splits`; returns notes."""
    words = [name.partition("/")[0] for name in splits]
    if set(words) - {*data.words, SILENCE}:
        return []
    count = round(data.unknown_ratio * len(words) / len(data.words))
    splits.update(write_unknown(folder, data.words, count, data.seed))
    note = f"{UNKNOWN} is synthetic speech: the folder holds no words besides data.words, record some to replace it."
    warnings.warn(note, stacklevel=2)
    return [note]


def _digests(paths: list[Path]) -> list[str]:
    """SHA-256 of each file."""
    digests = []
    for path in paths:
        with path.open("rb") as file:
            digests.append(hashlib.file_digest(file, "sha256").hexdigest())
    return digests


def _inputs(folder: Path) -> list[Path]:
    """Every file whose name or content matters, in a fixed order."""
    lists = [folder / name for name in LIST_FILES.values() if (folder / name).is_file()]
    folders = [*word_folders(folder), *(noise for noise in [folder / NOISE_FOLDER] if noise.is_dir())]
    return lists + [path for place in folders for path in (*wav_files(place), *other_audio(place))]
