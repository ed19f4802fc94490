"""The synthetic corpus: words spoken by espeak-ng, written in Speech Commands' official layout.

In: the words to tell apart, a number of clips, a seed. Out: a folder with `<word>/<speaker>_nohash_<n>.wav`,
`_background_noise_/*.wav`, validation_list.txt and testing_list.txt. The same seed gives the same bytes whatever the
number of processes: each speaker's share is planned beforehand and spoken in a process of its own.
Run: `write_corpus(folder, ("yes", "no"), clips=4400, seed=0)`; about a minute on two cores.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import joblib
import numpy as np
from tqdm import tqdm

from kws.audio import write_wav
from kws.audio_noise import SPLITS, part_of, synthetic_noises
from kws.corpus_index import LIST_FILES, NOISE_FOLDER
from kws.labels import UNKNOWN
from kws.synthetic_room import recorded
from kws.synthetic_voice import ACCENTS, Utterance, family, phonemes, speak, speaker_of, variants

SCHEMA_VERSION = 1
OTHER_WORDS = (  # some sound a little like "yes" and "no", most are Speech Commands' own
    *("yellow", "guess", "less", "nine", "now", "backward", "follow", "visual", "four", "five", "eight"),
    *("up", "down", "left", "right", "on", "off", "stop", "go", "one", "two", "three", "six", "seven"),
    *("bed", "bird", "cat", "dog", "happy", "house", "learn", "marvin", "sheila", "tree", "wow", "forward", "zero"),
    *("yes", "no"),
)
_SHARE = {"validation": 0.10, "testing": 0.16}  # of the variants; training has the rest
_BABBLE_WORDS = {"training": 240, "validation": 60, "testing": 60}
_SPLIT, _BABBLE, _PLAN, _CLIP = range(4)  # streams of random numbers


@dataclass(frozen=True)
class PlannedClip:
    """One clip before it exists."""

    name: str  # path in the layout
    split: str
    number: int  # fixes its random numbers
    utterance: Utterance


def fingerprint(words: tuple[str, ...], clips: int, seed: int) -> dict:
    """Everything that the corpus' bytes depend on, for the store's key."""
    programs = {name: version(name) for name in ("espeakng-loader", "numpy", "scipy")}
    return {"synthetic": SCHEMA_VERSION, "words": list(words), "clips": clips, "seed": seed, **programs}


def write_corpus(folder: Path, words: tuple[str, ...], clips: int, seed: int, processes: int | None = None) -> None:
    """Fill `folder` with about `clips` clips: a share for each word and two for all other words together.

    Args:
        folder: an empty folder.
        words: what is to be told apart; they are spoken as they are spelled.
        clips: the number of clips, never fewer are written.
        seed: draws voices, rates, rooms, noises; the same seed gives the same bytes.
        processes: how many at once, as many as there are processors by default.

    Raises:
        DataError: espeak-ng fails, or says nothing for a word.
    """
    share = clips // (len(words) + 2)
    texts = [(word, [word], share) for word in words]
    texts.append((None, other_words(words), clips - share * len(words)))
    plan = _plan(texts, seed)
    noises = make_noises(words, seed)
    write_noises(folder, noises)
    _write(folder, plan, noises, seed, processes)
    for split, name in LIST_FILES.items():
        (folder / name).write_text("".join(f"{clip.name}\n" for clip in plan if clip.split == split))


def write_unknown(folder: Path, words: tuple[str, ...], clips: int, seed: int) -> dict[str, str]:
    """Only other words, all in `_unknown_/`: for a user's folder that has none. Returns name -> split."""
    plan = _plan([(UNKNOWN, other_words(words), clips)], seed)
    _write(folder, plan, make_noises(words, seed), seed, None)
    return {clip.name: clip.split for clip in plan}


def make_noises(words: tuple[str, ...], seed: int) -> dict[str, np.ndarray]:
    """Name -> (n,) int16: the synthetic background noises; the babble is other words by each split's own voices."""
    others = other_words(words)
    rng = np.random.default_rng([seed, _BABBLE])
    by_split = split_variants(seed)
    spoken = {}
    for split in SPLITS:
        drawn = [_utterance(rng, str(rng.choice(others)), by_split[split]) for _ in range(_BABBLE_WORDS[split])]
        spoken[split] = speak(drawn)
    return synthetic_noises(seed, spoken)


def write_noises(folder: Path, noises: dict[str, np.ndarray]) -> None:
    (folder / NOISE_FOLDER).mkdir()
    for name, noise in noises.items():
        write_wav(folder / NOISE_FOLDER / f"{name}.wav", noise)


def other_words(words: tuple[str, ...]) -> list[str]:
    """What stands for unknown: none of the words, and nothing that is pronounced like one of them."""
    sounds = phonemes([*words, *OTHER_WORDS])
    targets = {word.lower() for word in words}, set(sounds[: len(words)])
    pairs = zip(OTHER_WORDS, sounds[len(words) :], strict=True)
    return [word for word, sound in pairs if word not in targets[0] and sound not in targets[1]]


def split_variants(seed: int) -> dict[str, list[str]]:
    """The voices of each split; a family stays together, and one of more than two trains, lest it fill a test."""
    members = defaultdict(list)
    for variant in variants():
        members[family(variant)].append(variant)
    names = sorted(members)
    shuffled = [names[i] for i in np.random.default_rng([seed, _SPLIT]).permutation(len(names))]
    total, result = sum(map(len, members.values())), {split: [] for split in SPLITS}
    for name in shuffled:
        small = len(members[name]) <= 2
        open_split = (split for split in _SHARE if small and len(result[split]) < _SHARE[split] * total)
        result[next(open_split, "training")] += members[name]
    return result


def _plan(texts: list[tuple[str | None, list[str], int]], seed: int) -> list[PlannedClip]:
    """Clips for (folder or None for the word's own, words, number): each goes round all voices, in its own order."""
    split_of = {variant: split for split, names in split_variants(seed).items() for variant in names}
    voices = [(accent, variant) for variant in variants() for accent in ACCENTS]
    plan, takes = [], Counter()
    for folder, choices, count in texts:
        rng = np.random.default_rng([seed, _PLAN, len(plan)])
        order = np.concatenate([rng.permutation(len(voices)) for _ in range(count // len(voices) + 1)])
        for i in range(count):
            accent, variant = voices[order[i]]
            text = choices[i % len(choices)]
            place = folder or text, speaker_of(variant)
            name = f"{place[0]}/{place[1]}_nohash_{takes[place]}.wav"
            takes[place] += 1
            plan.append(PlannedClip(name, split_of[variant], len(plan), _utterance(rng, text, [variant], [accent])))
    return plan


def _utterance(rng: np.random.Generator, text: str, names: list[str], accents=ACCENTS) -> Utterance:
    """A text said by one of the variants with one of the accents at a drawn rate and pitch."""
    voice = f"{accents[rng.integers(len(accents))]}+{names[rng.integers(len(names))]}"
    rate_wpm, pitch, pitch_range, seed = (int(rng.integers(*b)) for b in ((120, 230), (25, 75), (10, 90), (1, 2**31)))
    return Utterance(text, voice, rate_wpm, pitch, pitch_range, seed)


def _write(folder: Path, plan: list[PlannedClip], noises: dict, seed: int, processes: int | None) -> None:
    """Speak and record the plan, a job for each variant."""
    shares = defaultdict(list)
    for clip in plan:
        (folder / clip.name).parent.mkdir(exist_ok=True)
        shares[clip.utterance.voice.partition("+")[2]].append(clip)
    parts = {split: [part_of(noise, split) for noise in noises.values()] for split in SPLITS}
    jobs = (joblib.delayed(_write_share)(folder, share, parts[share[0].split], seed) for share in shares.values())
    parallel = joblib.Parallel(n_jobs=processes or -1, return_as="generator_unordered")
    with tqdm(total=len(plan), desc="speaking", unit="clip", disable=None) as bar:  # None: only on a terminal
        for written in parallel(jobs):
            bar.update(written)


def _write_share(folder: Path, share: list[PlannedClip], noises: list[np.ndarray], seed: int) -> int:
    words = speak([clip.utterance for clip in share])
    for clip, word in zip(share, words, strict=True):
        rng = np.random.default_rng([seed, _CLIP, clip.number])
        write_wav(folder / clip.name, recorded(word, noises, rng))
    return len(share)
