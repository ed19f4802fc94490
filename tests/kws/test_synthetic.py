"""kws.synthetic: the same bytes for a seed, no voice in two splits, the official layout."""

import hashlib
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest

from kws.audio import problem_of, read_audio
from kws.corpus_index import scan
from kws.synthetic import other_words, split_variants, write_corpus, write_unknown
from kws.synthetic_voice import family, variants

CLIPS = 220


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    write_corpus(folder, ("yes", "no"), CLIPS, seed=0, processes=2)
    return folder


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_same_bytes_from_one_process_as_from_two(corpus, tmp_path):
    write_corpus(tmp_path, ("yes", "no"), CLIPS, seed=0, processes=1)
    assert digests(tmp_path) == digests(corpus)


def test_another_seed_gives_other_speech(corpus, tmp_path):
    write_corpus(tmp_path, ("yes", "no"), CLIPS, seed=1, processes=1)
    first, other = digests(corpus), digests(tmp_path)
    common = [name for name in set(first) & set(other) if name.endswith(".wav")]
    assert all(first[name] != other[name] for name in common)


def test_as_many_clips_as_asked_for_and_two_shares_of_other_words(corpus):
    words = Counter(recording.word for recording in scan(corpus)[0])
    assert sum(words.values()) == CLIPS
    assert words["yes"] == words["no"] == CLIPS // 4
    assert len(words) - 2 >= 20


def test_every_clip_is_a_second_that_can_be_heard(corpus):
    recordings, left_out = scan(corpus)
    assert not left_out
    for recording in recordings:
        samples = read_audio(corpus / recording.name)
        assert len(samples) == 16000
        assert np.abs(samples.astype(int)).max() > 100


def test_no_speaker_stands_in_two_splits_and_each_split_has_some(corpus):
    splits = defaultdict(set)
    for recording in scan(corpus)[0]:
        splits[recording.speaker].add(recording.split)
    assert all(len(its) == 1 for its in splits.values())
    assert set.union(*splits.values()) == {"training", "validation", "testing"}


@pytest.mark.parametrize("seed", range(5))
def test_a_family_of_voices_stays_together_and_all_voices_are_used(seed):
    by_split = split_variants(seed)
    assert sorted(name for names in by_split.values() for name in names) == variants()
    families = {split: {family(name) for name in names} for split, names in by_split.items()}
    assert not families["training"] & families["testing"]
    assert not families["training"] & families["validation"]
    assert not families["validation"] & families["testing"]
    assert len(by_split["validation"]) >= 10 and len(by_split["testing"]) >= 16


def test_noises_are_in_place(corpus):
    noises = sorted((corpus / "_background_noise_").iterdir())
    assert len(noises) == 6
    assert all(problem_of(path) is None and len(read_audio(path)) == 960_000 for path in noises)


def test_what_sounds_like_a_word_is_not_unknown():
    assert {"no", "one", "right"}.isdisjoint(other_words(("know", "won", "write", "yes")))
    assert {"no", "one", "right"} <= set(other_words(("yes",)))
    assert len(other_words(("yes", "no"))) >= 20


def test_other_words_alone_for_a_folder_that_has_none(tmp_path):
    splits = write_unknown(tmp_path, ("yes", "no"), 120, seed=0)
    assert sorted(splits) == sorted(f"_unknown_/{path.name}" for path in (tmp_path / "_unknown_").iterdir())
    assert len(splits) == 120 and set(splits.values()) == {"training", "validation", "testing"}
