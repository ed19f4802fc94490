"""Arrays that may be larger than memory: laid in a file piece by piece, copied into an .npz, mapped out of one.

In: pieces of an array in any order. Out: an array whose pages the system reads when they are looked at, and takes back
when memory is short; processes that map the same file share them. Bytes in the .npz are those of np.savez.
Formats: NumPy's NEP 1 for a member; the local header of PKWARE's APPNOTE 4.3.7 for where its bytes begin.
"""

import mmap
import struct
import tempfile
import zipfile
from collections.abc import Iterable
from math import prod
from pathlib import Path

import numpy as np

_BLOCK_BYTES = 1 << 24
_LOCAL_HEADER = struct.Struct("<4s5H3I2H")  # ends with the lengths of the name and of the extra field


def laid_out(pieces: Iterable[tuple[int, np.ndarray]], shape: tuple[int, ...], folder: Path | None) -> np.ndarray:
    """An array of which no more than a piece is held in memory, from pieces along its second axis.

    Args:
        pieces: (first, piece) with piece (shape[0], n, *shape[2:]) int8, for all places of the second axis.
        shape: of the whole.
        folder: on the disk where the array goes while it is used; None is the system's for temporary files. The file
            has no name there: it is gone with the last process that uses it, killed or not.

    Returns:
        `shape` int8, read-only, mapped.
    """
    row_bytes = prod(shape[2:])
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder) as file:
        file.truncate(prod(shape))
        for first, piece in pieces:
            for place, rows in enumerate(piece):
                file.seek((place * shape[1] + first) * row_bytes)
                file.write(rows.tobytes())
        file.flush()
        return np.memmap(file, np.int8, "r", shape=shape)


def add_array(archive: zipfile.ZipFile, name: str, array: np.ndarray) -> None:
    """A member of an .npz, with a fixed date so that the bytes do not depend on the clock, written block by block."""
    info = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
    with archive.open(info, "w", force_zip64=True) as member:
        array = np.asanyarray(array, order="C")
        mapping = _mapping_of(array)
        np.lib.format.write_array_header_1_0(member, np.lib.format.header_data_from_array_1_0(array))
        flat = array.reshape(-1)
        for start in range(0, flat.size, _BLOCK_BYTES // array.itemsize):
            member.write(flat[start : start + _BLOCK_BYTES // array.itemsize].tobytes())
            if mapping:
                mapping.madvise(mmap.MADV_DONTNEED)  # the pages leave this process and stay in the file


def mapped_array(path: Path, archive: zipfile.ZipFile, name: str) -> np.ndarray:
    """A member of an uncompressed .npz as an array in the file, read-only, after its checksum was compared.

    Raises:
        KeyError: there is no such member.
        zipfile.BadZipFile: its bytes are not those that were written.
        ValueError: it is no array, holds objects, or is compressed.
    """
    info = archive.getinfo(f"{name}.npy")
    if info.compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"{name} is compressed")
    with archive.open(info) as member:
        if np.lib.format.read_magic(member) != (1, 0):
            raise ValueError(f"{name} has another version of NumPy's format")
        shape, fortran_order, dtype = np.lib.format.read_array_header_1_0(member)
        start = member.tell()
        while member.read(_BLOCK_BYTES):
            pass  # zipfile compares the CRC at the end
    if dtype.hasobject or fortran_order or start + dtype.itemsize * prod(shape) != info.file_size:
        raise ValueError(f"{name} is not a plain array of {shape} {dtype}")
    return np.asarray(np.memmap(path, dtype, "r", _first_byte(path, info) + start, shape))


def _mapping_of(array: np.ndarray) -> mmap.mmap | None:
    """What a read-only array of a file is mapped by."""
    base, is_constant = array, not array.flags.writeable
    while isinstance(base, np.ndarray):
        base = base.base
    return base if is_constant and isinstance(base, mmap.mmap) else None


def _first_byte(path: Path, info: zipfile.ZipInfo) -> int:
    """Where a stored member's bytes begin in the archive."""
    with path.open("rb") as file:
        file.seek(info.header_offset)
        *_, name_bytes, extra_bytes = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
    return info.header_offset + _LOCAL_HEADER.size + name_bytes + extra_bytes
