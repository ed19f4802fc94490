"""The image: the same bytes anywhere, no traces of the machine it was built on, and errors that say what is wrong."""

import hashlib
import shutil
import struct

import pytest

from kws.board import zig
from kws.board.build import build_host_library, build_image
from kws.errors import BuildError

BAUD = 115200


@pytest.fixture(scope="module")
def image(generated_dir, front_end, tmp_path_factory):
    return build_image(generated_dir, front_end, tmp_path_factory.mktemp("image") / "build", BAUD)


def test_image_and_its_figures(image):
    content = image.bin.read_bytes()
    assert (image.sha256, image.flash_bytes) == (hashlib.sha256(content).hexdigest(), len(content))
    stack, entry = struct.unpack_from("<II", content)
    assert stack == 0x20040000
    assert 0x10000 < entry < 0x10000 + len(content) and entry % 2 == 1
    least = 32000 + 3920 + 2 * 1960 + 8192  # audio, log-mel, features, stack
    assert least < image.ram_bytes < least + 8000


def test_same_bytes_from_other_folders_and_without_the_cache(image, generated_dir, front_end, tmp_path, monkeypatch):
    monkeypatch.setenv("KWS_STORE", str(tmp_path / "another store"))
    elsewhere = tmp_path / "a folder" / "generated"
    shutil.copytree(generated_dir, elsewhere)
    again = build_image(elsewhere, front_end, tmp_path / "b" / "c d", BAUD)
    assert again.bin.read_bytes() == image.bin.read_bytes()
    assert again.elf.read_bytes() == image.elf.read_bytes()


def test_no_paths_in_the_image(image, generated_dir):
    for content in (image.bin.read_bytes(), image.elf.read_bytes()):
        for trace in (str(image.bin.parent), str(generated_dir), "/home", ".zig", "/tmp"):
            assert trace.encode() not in content


def test_rate_and_front_end_change_the_image(image, generated_dir, front_end, tmp_path):
    other_rate = build_image(generated_dir, front_end, tmp_path / "rate", 9600)
    lower = front_end.model_copy(update={"low_hz": front_end.low_hz + 40})
    other_bands = build_image(generated_dir, lower, tmp_path / "bands", BAUD)
    assert len({image.sha256, other_rate.sha256, other_bands.sha256}) == 3


def test_a_rate_that_the_chip_does_not_have(generated_dir, front_end, tmp_path):
    with pytest.raises(BuildError, match="UARTE0 has no such rate"):
        build_image(generated_dir, front_end, tmp_path / "build", 12345)


def test_warnings_are_errors_and_what_was_there_stays(generated_dir, front_end, tmp_path):
    wrong = shutil.copytree(generated_dir, tmp_path / "wrong")
    with (wrong / "models.c").open("a") as file:
        file.write("static int nobody_calls_me(void) { return 1; }\n")
    build_dir = tmp_path / "build"
    before = build_image(generated_dir, front_end, build_dir, BAUD)
    with pytest.raises(BuildError, match=r"(?s)refuses image\.elf.*nobody_calls_me"):
        build_image(wrong, front_end, build_dir, BAUD)
    assert hashlib.sha256(before.bin.read_bytes()).hexdigest() == before.sha256
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_without_models_or_compiler(front_end, generated_dir, tmp_path, monkeypatch):
    with pytest.raises(BuildError, match=r"models\.c is missing: .*dvc repro"):
        build_image(tmp_path, front_end, tmp_path / "build", BAUD)
    monkeypatch.setattr(zig.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(BuildError, match="pip install ziglang"):
        build_image(generated_dir, front_end, tmp_path / "build", BAUD)


def test_host_library_with_everything(generated_dir, front_end, tmp_path):
    import ctypes

    library = ctypes.CDLL(str(build_host_library(tmp_path / "build", generated_dir, front_end)))
    assert ctypes.c_uint32.in_dll(library, "kws_model_count").value == 2
    assert all(hasattr(library, name) for name in ("front_end_start", "postprocess", "sha256", "crc32_update"))
