"""Files and folders appear whole or not at all."""

import errno
import hashlib
import json
import os
import subprocess
import sys

import pytest

from kws.files import replaced_file, replaced_folder, sha256, write_bytes, write_json, write_text
from tests.conftest import REPOSITORY


def test_a_file_is_replaced_when_the_block_ends_well(tmp_path):
    path = tmp_path / "new" / "a.bin"
    with replaced_file(path) as temporary:
        temporary.write_bytes(b"\0\1")
        assert not path.exists() and temporary.parent == path.parent and temporary.suffix == ".bin"
    assert path.read_bytes() == b"\0\1"
    assert path.stat().st_mode & 0o777 == 0o644
    assert list(path.parent.iterdir()) == [path]


def test_a_crash_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    write_text(path, "old")
    with pytest.raises(RuntimeError), replaced_file(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_a_folder_is_replaced_whole(tmp_path):
    path = tmp_path / "folder"
    for content in ("first", "second"):
        with replaced_folder(path) as temporary:
            (temporary / content).touch()
    assert [child.name for child in path.iterdir()] == ["second"]
    assert path.stat().st_mode & 0o777 == 0o755


def test_a_crash_leaves_the_old_folder_and_nothing_else(tmp_path):
    path = tmp_path / "folder"
    path.mkdir()
    (path / "old").touch()
    with pytest.raises(KeyboardInterrupt), replaced_folder(path) as temporary:
        (temporary / "half").touch()
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == [path] and [child.name for child in path.iterdir()] == ["old"]


def test_text_is_utf8_with_lf_and_json_keeps_its_order(tmp_path):
    write_text(tmp_path / "a", "µs\n")
    assert (tmp_path / "a").read_bytes() == "µs\n".encode()
    write_json(tmp_path / "b", {"z": 1, "a": [0.5, None, True]})
    assert list(json.loads((tmp_path / "b").read_text())) == ["z", "a"]
    assert (tmp_path / "b").read_bytes().endswith(b"}\n")
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "b", {"x": float("nan")})
    assert json.loads((tmp_path / "b").read_text())["z"] == 1


def test_sha256(tmp_path):
    write_bytes(tmp_path / "a", b"abc")
    assert sha256((tmp_path / "a").read_bytes()) == hashlib.sha256(b"abc").hexdigest()


KILLED = """
import time
from pathlib import Path
from kws.files import replaced_file, replaced_folder
from tests.conftest import REPOSITORY
with replaced_file(Path("a.csv")) as file, replaced_folder(Path("folder")) as folder:
    file.write_text("half")
    (folder / "half").touch()
    print("half-way", flush=True)
    time.sleep(60)
"""


def test_what_a_killed_process_left_goes_and_what_is_in_use_stays(tmp_path):
    command, environment = [sys.executable, "-c", KILLED], {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "half-way\n"
    (tmp_path / ".a.csv.kept").touch()  # somebody's own
    write_text(tmp_path / "a.csv", "whole")
    assert len(list(tmp_path.iterdir())) == 4  # its own two, somebody's, and the new one
    process.kill()
    process.wait(30)
    process.stdout.close()
    write_text(tmp_path / "a.csv", "whole")
    with replaced_folder(tmp_path / "folder"):
        pass
    assert {path.name for path in tmp_path.iterdir()} == {"a.csv", "folder", ".a.csv.kept"}


def test_a_full_disk_names_what_was_written(tmp_path):
    for replaced, names in ((replaced_file, ()), (replaced_folder, ("source.pt", None, "target.pt"))):
        with pytest.raises(OSError, match="full") as caught, replaced(tmp_path / "a.csv"):
            raise OSError(errno.ENOSPC, "full", *names)
        assert (caught.value.filename, caught.value.filename2) == (str(tmp_path / "a.csv"), None)
    with pytest.raises(FileNotFoundError) as caught, replaced_file(tmp_path / "a.csv"):
        (tmp_path / "missing").read_bytes()
    assert caught.value.filename == str(tmp_path / "missing")
    assert list(tmp_path.iterdir()) == []
