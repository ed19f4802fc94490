"""The compiler: what it says is told; a full disk is told as such."""

import errno
import subprocess

import pytest

from kws.board import zig
from kws.errors import BuildError


def refused(monkeypatch, folder, stderr: str) -> None:
    """A compiler that fails with these words."""
    answer = subprocess.CompletedProcess([], 1, "", stderr)
    monkeypatch.setattr(zig.subprocess, "run", lambda *_, **__: answer)
    zig.compile_and_link(folder, ["a.c"], (), "image.elf")


def test_what_the_compiler_says_is_told(monkeypatch, tmp_path):
    with pytest.raises(BuildError, match=r"refuses image\.elf .*\n.*unknown type name"):
        refused(monkeypatch, tmp_path, "a.c:1:1: error: unknown type name 'integer'")


@pytest.mark.parametrize("words", ["warning(zcu): unable to write: NoSpaceLeft", "IO failure: No space left on device"])
def test_a_full_disk_is_told_as_such(monkeypatch, tmp_path, words):
    with pytest.raises(OSError, match="No space left") as caught:
        refused(monkeypatch, tmp_path, words)
    assert caught.value.errno == errno.ENOSPC and caught.value.filename.startswith(f"{tmp_path} or ")


def test_a_store_without_compiled_objects_is_for_the_first_time(monkeypatch, tmp_path):
    monkeypatch.setenv("KWS_STORE", str(tmp_path))
    assert zig.is_first_time()
    (tmp_path / "zig").mkdir()
    assert not zig.is_first_time()
