"""Which of a person's recordings are drawn, and what is said of the others."""

import numpy as np

from kws.audio import fit, write_wav
from kws.recordings import SHOWN_MAX, own_clips
from tests.kws.test_audio import tone


def fill(folder, **takes):
    for word, count in takes.items():
        (folder / word).mkdir(parents=True)
        for number in range(count):
            write_wav(folder / word / f"me_nohash_{number}.wav", tone(8000 + number))


def test_few_are_all_shown(tmp_path):
    fill(tmp_path, lamp=1, heater=2)
    clips, note = own_clips(tmp_path)
    assert list(clips) == ["yours: heater, me_nohash_0", "yours: lamp, me_nohash_0", "yours: heater, me_nohash_1"]
    assert note == ""
    np.testing.assert_array_equal(clips["yours: heater, me_nohash_1"], fit(tone(8001)))


def test_of_many_every_word_has_its_turn_and_the_others_are_named(tmp_path):
    fill(tmp_path, a=6, b=1, c=1, _background_noise_=3)
    clips, note = own_clips(tmp_path)
    assert [name.split()[1][0] for name in clips] == ["a", "b", "c", "a"] and len(clips) == SHOWN_MAX
    assert note == "4 of your 8 recordings, not drawn: 4 of a"
    fill(tmp_path, **dict.fromkeys("defghi", 1))
    assert own_clips(tmp_path)[1].startswith("4 of your 14 recordings, not drawn: 5 of a, 1 of e")
    assert own_clips(tmp_path)[1].endswith("1 of g and 2 more words")


def test_unusable_files_are_named_and_not_drawn(tmp_path, capsys):
    fill(tmp_path, lamp=2)
    (tmp_path / "lamp" / "me_nohash_0.wav").write_bytes(b"")
    assert list(own_clips(tmp_path)[0]) == ["yours: lamp, me_nohash_1"]
    assert "me_nohash_0.wav is not drawn, the file is empty" in capsys.readouterr().err


def test_without_recordings_there_is_nothing_to_show(tmp_path):
    assert own_clips(tmp_path) == own_clips(tmp_path / "missing") == ({}, "")
