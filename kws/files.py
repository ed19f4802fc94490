"""Write files and folders so that a crash leaves no half result: first to a temporary place beside them, then renamed.

The temporary place lies in the same folder, so the rename is atomic; a full disk leaves what was there before. It is
locked while in use: what a killed process left is told by that, and removed when the same place is written again.
"""

import errno
import fcntl
import glob
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FULL_DISK = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def replaced_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path; when the block ends well it takes the place of `path`, otherwise it is removed."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(path)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        with _in_use(temporary), _full_disk_named(path):
            yield temporary
            temporary.chmod(0o644)  # mkstemp makes it private
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def replaced_folder(path: Path) -> Iterator[Path]:
    """Yield an empty temporary folder; when the block ends well it takes the place of `path`, otherwise it goes."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(path)
    temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=path.suffix, dir=path.parent))
    try:
        with _in_use(temporary), _full_disk_named(path):
            yield temporary
            temporary.chmod(0o755)  # mkdtemp makes it private
            if path.exists():
                shutil.rmtree(path)
            temporary.replace(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text with LF line ends, by way of a temporary file."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, data: bytes) -> None:
    """Write bytes by way of a temporary file."""
    with replaced_file(path) as temporary:
        temporary.write_bytes(data)


def write_json(path: Path, value: object) -> None:
    """Write JSON for people and programs: two spaces, keys in the order given, NaN refused."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False) + "\n")


def sha256(data: bytes) -> str:
    """Hex digest of SHA-256."""
    return hashlib.sha256(data).hexdigest()


@contextmanager
def _in_use(temporary: Path) -> Iterator[None]:
    """Locked for as long as this process lives and the block lasts."""
    handle = _lockable(temporary)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _remove_abandoned(path: Path) -> None:
    """Temporary places of `path` that no living process has locked."""
    for left in path.parent.glob(f".{glob.escape(path.name)}.????????{glob.escape(path.suffix)}"):
        handle = _lockable(left)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        except BlockingIOError:
            continue  # another process is writing the same thing
        finally:
            os.close(handle)


def _lockable(path: Path) -> int:
    """A descriptor; of a file for writing, without which NFS locks none (flock(2))."""
    return os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)


@contextmanager
def _full_disk_named(path: Path) -> Iterator[None]:
    """A full disk is told with the name of what was written: a write knows none, a copy blames its source."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL_DISK and (error.filename is None or error.filename2):
            error.filename, error.filename2 = str(path), None
        raise
