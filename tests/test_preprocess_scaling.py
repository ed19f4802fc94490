"""The folder that tools/preprocess_scaling.py makes up, and what it reads of processes, apart from a run."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from kws.audio import read_clip
from kws.corpus_index import scan
from kws.errors import DataError
from tests.support_speech import fill as fill_small
from tools.preprocess_scaling import fill, kept, memory_of, name_of, opened, rollup, tree

ROLLUP = """55d0c0000000-7ffd5a5fe000 ---p 00000000 00:00 0                          [rollup]
Rss:              884 kB
Pss:              385 kB
Pss_Anon:         100 kB
Pss_Shmem:          8 kB
"""


def test_the_folder_has_the_layout_and_splits_by_the_speaker(tmp_path):
    small = opened(fill_small(tmp_path / "speech"), tmp_path / "small")
    folder = fill(small, tmp_path / "large", 702)
    recordings, left_out = scan(folder)
    assert len(recordings) == 702 and not left_out
    assert Counter(recording.word for recording in recordings) == {
        "down": 141, "left": 141, "no": 140, "up": 140, "yes": 140,
    }  # fmt: skip
    assert (folder / "_background_noise_" / "fan.wav").is_file() and not (folder / "testing_list.txt").exists()
    splits = {}
    for recording in recordings:
        splits.setdefault(recording.speaker, set()).add(recording.split)
    assert all(len(found) == 1 for found in splits.values()) and set.union(*splits.values()) == {
        "training", "validation", "testing",
    }  # fmt: skip
    assert read_clip(folder / recordings[0].name).any()


def test_names_repeat_speakers_as_the_official_dataset_does():
    assert name_of(3) == "77de68da_nohash_0.wav" and name_of(3 + 2618) == "77de68da_nohash_1.wav"
    assert len({name_of(number) for number in range(3024)}) == 3024


def test_a_folder_without_speech_is_named(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"--corpus .*empty"):
        opened(tmp_path / "empty", tmp_path / "small")


def test_pages_are_counted_in_bytes():
    assert rollup(ROLLUP) == {"Rss": 884 << 10, "Pss": 385 << 10, "Pss_Anon": 100 << 10, "Pss_Shmem": 8 << 10}


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="Linux alone has it")
def test_a_child_s_memory_counts():
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]])"
    child = "x = b'1' * 50_000_000; print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code, child], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        process.stdout.readline()
        found = tree(process.pid)
        held = memory_of([*found, 2**22 + 1])  # no such process: it ended meanwhile
        process.communicate(b"\n")
    assert len(found) == 2 and found[0] == process.pid
    assert 50_000_000 < held["anonymous_bytes"] <= held["bytes"] < 120_000_000
    assert os.getpid() in tree(os.getppid())


def test_a_run_takes_the_place_of_an_earlier_one(tmp_path):
    path, row = (
        tmp_path / "result.json",
        {"stage": "preprocess", "words": 35, "clips_in_folder": 9, "workers": 2, "seconds": 1.0},
    )
    path.write_text(json.dumps(kept(path, row)))
    path.write_text(json.dumps(kept(path, {**row, "workers": 1, "seconds": 3.0})))
    found = kept(path, {**row, "seconds": 2.0})["runs"]
    assert [(one["workers"], one["seconds"]) for one in found] == [(1, 3.0), (2, 2.0)]
