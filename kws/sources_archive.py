"""Unpack a .tar.gz of speech, taking nothing but audio and text.

In: an archive somebody downloaded. Out: its .wav and .txt files and its licence, under their own paths, as plain files.
Links, devices, permissions and paths that lead out of the folder are what makes unpacking dangerous: no such member is
taken, on any Python version (3.11's tarfile does not have its filters everywhere).
"""

import shutil
import tarfile
import zlib
from pathlib import Path, PurePosixPath

from tqdm import tqdm

from kws.errors import DataError

ARCHIVE_SUFFIXES = (".tar.gz", ".tgz")
_TAKEN = {".wav", ".txt"}


def extract(archive: Path, folder: Path) -> None:
    """Unpack `archive` into the existing `folder`; a progress bar on a terminal.

    Raises:
        DataError: the archive is damaged or incomplete, or the disk is full.
    """
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for member in tqdm(tar, desc="unpacking", unit="file", disable=None):
                place = _safe_place(member)
                if place is not None:
                    _write(tar, member, folder / place)
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise DataError(
            f"{archive} cannot be unpacked ({error}). If it is damaged or was not downloaded to its end, fetch it. "
            "The part that was unpacked is removed."
        ) from None


def _safe_place(member: tarfile.TarInfo) -> Path | None:
    """Where a member goes, relative to the folder; None for what is not taken."""
    path = PurePosixPath(member.name)
    if not member.isfile() or path.is_absolute() or ".." in path.parts or path.name.startswith("."):
        return None
    wanted = path.suffix.lower() in _TAKEN or path.name in ("LICENSE", "README.md")
    return Path(*path.parts) if wanted else None


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    source = tar.extractfile(member)
    with source, path.open("wb") as target:
        shutil.copyfileobj(source, target)
