"""kws.corpus_index: the official split, with and without its lists, and what counts as a clip."""

import tarfile
from collections import Counter

import pytest

from kws.corpus_index import SplitRule, find_layout, scan, speaker_of_file, split_by_hash, split_few, wav_files
from kws.errors import DataError


def test_the_hash_agrees_with_google_s_own_lists(real_speech_archive):
    """Every listed clip of the real dataset, and one not listed, falls where the SHA-1 rule puts its speaker."""
    with tarfile.open(real_speech_archive) as tar:
        names = {name.removeprefix("./") for name in tar.getnames() if "_nohash_" in name}
        lists = {
            split: set(tar.extractfile(f"./{split}_list.txt").read().decode().split())
            for split in ("validation", "testing")
        }
    assert len(lists["validation"]) > 400 and len(lists["testing"]) > 800
    for name in names:
        listed = next((split for split, its in lists.items() if name in its), "training")
        assert split_by_hash(speaker_of_file(name.partition("/")[2])) == listed


@pytest.mark.parametrize(  # as Google's lists for v0.02 have them
    ("speaker", "split"),
    [
        ("026290a7", "validation"),
        ("099d52ad", "validation"),
        ("7a49163e", "validation"),
        ("0cb74144", "testing"),
        ("004ae714", "training"),
        ("00f0204f", "training"),
    ],
)
def test_known_speakers(speaker, split):
    assert split_by_hash(speaker) == split


@pytest.mark.parametrize(
    ("file_name", "speaker"),
    [("abc_nohash_0.wav", "abc"), ("abc_nohash_12.WAV", "abc"), ("my take.wav", "my take"), ("a_nohash_0.x.wav", "a")],
)
def test_speaker_of_file(file_name, speaker):
    assert speaker_of_file(file_name) == speaker


def write_lists(folder, validation, testing):
    (folder / "validation_list.txt").write_text(validation)
    (folder / "testing_list.txt").write_text(testing)


def test_lists_come_before_the_hash(tmp_path):
    write_lists(tmp_path, "yes/a_nohash_0.wav\n", "yes/b_nohash_0.wav\r\n\n")
    rule = SplitRule(tmp_path)
    assert rule.split_of("yes/a_nohash_0.wav", "a") == "validation"
    assert rule.split_of("yes/b_nohash_0.wav", "b") == "testing"
    assert rule.split_of("yes/026290a7_nohash_0.wav", "026290a7") == "training"
    assert SplitRule(tmp_path / "..").split_of("yes/026290a7_nohash_0.wav", "026290a7") == "validation"


def takes(speakers, words=("lamp", "heater"), count=30):
    return [(f"{word}/{who}_nohash_{n}.wav", who) for word in words for who in speakers for n in range(count)]


@pytest.mark.parametrize(("count", "held_out"), [(3, 1), (6, 1), (14, 1), (15, 2), (25, 2), (29, 3)])
def test_few_speakers_fill_every_split_and_stay_in_one(count, held_out):
    clips = takes([f"speaker{n}" for n in range(count)], count=2)
    splits = split_few(clips)
    whose = {split: {who for name, who in clips if splits[name] == split} for split in set(splits.values())}
    assert {split: len(who) for split, who in whose.items()} == {
        "validation": held_out,
        "testing": held_out,
        "training": count - 2 * held_out,
    }
    assert sum(map(len, whose.values())) == count and splits == split_few(clips[::-1])


@pytest.mark.parametrize("speakers", [("anna",), ("anna", "ben")])
def test_one_persons_clips_are_split_word_by_word(speakers):
    splits = split_few(takes(speakers, count=60 // len(speakers)))
    for word in ("lamp", "heater"):
        counts = Counter(split for name, split in splits.items() if name.startswith(word))
        assert counts == {"training": 48, "validation": 6, "testing": 6}


@pytest.mark.parametrize(
    ("speakers", "said"), [(1, "of one person, in every split"), (4, "4 people spoke, 1 of them in testing"), (30, "")]
)
def test_what_few_speakers_mean_is_said(tmp_path, speakers, said):
    (tmp_path / "lamp").mkdir()
    for name, _ in takes([f"s{n}" for n in range(speakers)], ("lamp",), 2):
        (tmp_path / name).touch()
    rule = SplitRule(tmp_path)
    assert said in rule.note and bool(rule.note) == bool(said)
    if speakers == 30:
        assert rule.split_of("lamp/s3_nohash_0.wav", "s3") == split_by_hash("s3")


def test_one_list_without_the_other_is_an_error(tmp_path):
    (tmp_path / "testing_list.txt").write_text("yes/a_nohash_0.wav\n")
    with pytest.raises(DataError, match=r"no validation_list\.txt"):
        SplitRule(tmp_path)


def test_a_clip_in_both_lists_is_an_error(tmp_path):
    write_lists(tmp_path, "yes/a_nohash_0.wav\n", "yes/a_nohash_0.wav\n")
    with pytest.raises(DataError, match="stands in both"):
        SplitRule(tmp_path)


def test_hidden_files_and_other_kinds_are_no_clips(tmp_path):
    for name in ("b.WAV", "a.wav", "._a.wav", "notes.txt", "c.mp3"):
        (tmp_path / name).write_bytes(b"")
    assert [path.name for path in wav_files(tmp_path)] == ["a.wav", "b.WAV"]


@pytest.mark.parametrize("place", [".", "speech", "SpeechCommands/speech_commands_v0.02"])
def test_the_layout_is_found_up_to_two_folders_down(tmp_path, place):
    word = tmp_path / place / "yes"
    word.mkdir(parents=True)
    (word / "a_nohash_0.wav").write_bytes(b"")
    assert find_layout(tmp_path) == (tmp_path / place).resolve()


def test_a_folder_without_words_has_no_layout(tmp_path):
    (tmp_path / "_background_noise_").mkdir()
    (tmp_path / "_background_noise_" / "hum.wav").write_bytes(b"")
    assert find_layout(tmp_path) is None


def test_what_a_conversion_left_out_is_remembered(tmp_path):
    (tmp_path / "left_out.txt").write_text("yes/x.wav\tit is truncated\n")
    assert scan(tmp_path) == ([], {"yes/x.wav": "it is truncated"})
