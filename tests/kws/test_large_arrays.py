"""Arrays in files: np.savez's bytes, few pages in memory, nothing damaged taken."""

import io
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from kws.large_arrays import add_array, laid_out, mapped_array

ARRAY = np.random.default_rng(0).integers(-128, 128, (3, 10, 7, 5)).astype(np.int8)


def stored(path, array, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        add_array(archive, "first", np.arange(3))
        if compression == zipfile.ZIP_STORED:
            add_array(archive, "it", array)
        else:
            archive.writestr("it.npy", npy(array))
    return path


def npy(array, version=None):
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version)
    return file.getvalue()


@pytest.mark.parametrize("order", [(0, 4, 8), (8, 0, 4)])
def test_pieces_in_any_order_make_the_array(tmp_path, order):
    pieces = [(first, ARRAY[:, first : first + 4]) for first in order]
    laid = laid_out(pieces, ARRAY.shape, tmp_path / "new")
    np.testing.assert_array_equal(laid, ARRAY)
    assert laid.dtype == np.int8 and not laid.flags.writeable
    assert list((tmp_path / "new").iterdir()) == []  # no name that a killed process could leave


@pytest.mark.parametrize(
    "array", [ARRAY, ARRAY[:, ::2], np.arange(6.0), np.array(("a", "bcd")), np.array(7), ARRAY[:0]], ids=str
)
def test_a_member_has_numpy_s_bytes(tmp_path, array):
    with zipfile.ZipFile(stored(tmp_path / "a.npz", array)) as archive:
        assert archive.read("it.npy") == npy(array)
        assert archive.getinfo("it.npy").date_time == (1980, 1, 1, 0, 0, 0)


def test_a_mapped_member_is_the_array(tmp_path):
    path = stored(tmp_path / "a.npz", ARRAY)
    with zipfile.ZipFile(path) as archive:
        mapped = mapped_array(path, archive, "it")
        with pytest.raises(KeyError, match="other"):
            mapped_array(path, archive, "other")
    np.testing.assert_array_equal(mapped, ARRAY)
    assert type(mapped) is np.ndarray and not mapped.flags.writeable
    path.unlink()  # as when the stage runs again: what is mapped stays
    np.testing.assert_array_equal(mapped, ARRAY)


def test_compressed_objects_other_orders_and_versions_are_refused(tmp_path):
    for name, content, why in (
        ("objects", npy(np.array([{}], object)), "no plain array|not a plain array"),
        ("fortran", npy(np.asfortranarray(ARRAY)), "not a plain array"),
        ("version", npy(ARRAY, (2, 0)), "version"),
        ("short", npy(ARRAY)[:-1], "not a plain array"),
    ):
        path = tmp_path / f"{name}.npz"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("it.npy", content)
        with zipfile.ZipFile(path) as archive, pytest.raises(ValueError, match=why):
            mapped_array(path, archive, "it")
    path = stored(tmp_path / "compressed.npz", ARRAY, zipfile.ZIP_DEFLATED)
    with zipfile.ZipFile(path) as archive, pytest.raises(ValueError, match="compressed"):
        mapped_array(path, archive, "it")


def test_a_flipped_byte_is_refused(tmp_path):
    path = stored(tmp_path / "a.npz", ARRAY)
    damaged = bytearray(path.read_bytes())
    damaged[damaged.index(ARRAY.tobytes()) + 100] ^= 1
    path.write_bytes(damaged)
    with zipfile.ZipFile(path) as archive, pytest.raises(zipfile.BadZipFile, match="CRC"):
        mapped_array(path, archive, "it")


MANY = """
import re, sys, zipfile
import numpy as np
from pathlib import Path
from kws.large_arrays import add_array, laid_out, mapped_array

place, rows, shape = Path(sys.argv[1]), 1 << 10, (2, 100 << 10, 2, 1000)  # 400 MB in pieces of 4 MB
peak_kib = lambda: int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
before = peak_kib()
pieces = ((at, np.full((2, rows, 2, 1000), at // rows, np.int8)) for at in range(0, shape[1], rows))
laid = laid_out(pieces, shape, place)
with zipfile.ZipFile(place / "a.npz", "w") as archive:
    add_array(archive, "it", laid)
with zipfile.ZipFile(place / "a.npz") as archive:
    mapped = mapped_array(place / "a.npz", archive, "it")
assert mapped[1, -1, 1, 999] == 99 and mapped[0, 0, 0, 0] == 0 and mapped.nbytes == laid.nbytes == 409_600_000
print(peak_kib() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_an_array_of_400_mb_takes_a_small_part_of_that_in_memory(tmp_path):
    done = subprocess.run([sys.executable, "-c", MANY, str(tmp_path)], capture_output=True, text=True, check=True)
    assert 0 < int(done.stdout) < 100_000  # KiB; whole, it would be 400,000
