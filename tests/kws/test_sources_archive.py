"""kws.sources_archive: only plain audio and text come out of an archive."""

import io
import os
import tarfile

import pytest

from kws.errors import DataError
from kws.sources_archive import extract


def archive_of(path, names: dict[str, bytes], links: dict[str, str] | None = None):
    with tarfile.open(path, "w:gz") as tar:
        for name, data in names.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
        for name, target in (links or {}).items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, target
            tar.addfile(member)
    return path


def test_audio_and_lists_come_out(tmp_path):
    names = {
        "./yes/a.wav": b"1",
        "./testing_list.txt": b"2",
        "./LICENSE": b"3",
        "./run.sh": b"4",
        "./yes/._a.wav": b"5",
    }
    (tmp_path / "out").mkdir()
    extract(archive_of(tmp_path / "a.tar.gz", names), tmp_path / "out")
    found = {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert found == {"yes/a.wav", "testing_list.txt", "LICENSE"}
    assert (tmp_path / "out" / "yes" / "a.wav").read_bytes() == b"1"


def test_nothing_leads_out_of_the_folder(tmp_path):
    names = {"../evil.wav": b"1", f"{tmp_path}/evil2.wav": b"2", "yes/../../evil3.wav": b"3", "yes/good.wav": b"4"}
    (tmp_path / "out").mkdir()
    extract(archive_of(tmp_path / "a.tar.gz", names, {"yes/link.wav": "/etc/passwd"}), tmp_path / "out")
    assert not list(tmp_path.glob("evil*"))
    assert [path.name for path in (tmp_path / "out" / "yes").iterdir()] == ["good.wav"]


@pytest.mark.parametrize("keep", [0, 30, 0.5, 0.95])
def test_a_damaged_archive_is_named(tmp_path, keep):
    whole = archive_of(tmp_path / "a.tar.gz", {f"yes/{i}.wav": os.urandom(3000) for i in range(20)}).read_bytes()
    (tmp_path / "a.tar.gz").write_bytes(whole[: keep if isinstance(keep, int) else int(keep * len(whole))])
    (tmp_path / "out").mkdir()
    with pytest.raises(DataError, match=r"a\.tar\.gz cannot be unpacked"):
        extract(tmp_path / "a.tar.gz", tmp_path / "out")
