"""The Arduino sketch: a whole folder with its manifest, C++ that compiles, and a run of it on the emulated nRF52840."""

import hashlib
import shutil

import numpy as np
import pytest

from kws.board.boards import EmulatorBoard
from kws.board.session import Session
from kws.board.sketch import MANIFEST, manifest_text, write_sketch
from kws.errors import BuildError
from tests.support_arduino import cortex_m4_objects, sketch_image
from tests.support_board import FIRST_SHA256, host_features, sums, write_models

BAUD = 115200


@pytest.fixture(scope="module")
def sketch(generated_dir, front_end, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sketch") / "kws"
    assert write_sketch(generated_dir, front_end, folder, BAUD) == folder / MANIFEST
    return folder


def test_the_folder_holds_all_that_it_includes(sketch):
    names = {path.name for path in (sketch / "src").iterdir()}
    assert {"main.c", "models.c", "protocol.h", "front_end_tables.h", "port.cpp", "manifest.h"} <= names
    assert {path.name for path in sketch.iterdir()} == {"kws.ino", "src", MANIFEST}
    for path in (sketch / "src").iterdir():
        included = [line.split('"')[1] for line in path.read_text().splitlines() if line.startswith('#include "')]
        assert set(included) <= names, path


def test_the_manifest_names_every_file_by_its_hash_and_is_compiled_in(sketch):
    lines = (sketch / MANIFEST).read_text().splitlines()
    listed = {name: digest for digest, name in (line.split("  ") for line in lines)}
    files = {path.relative_to(sketch).as_posix() for path in sketch.rglob("*") if path.is_file()}
    assert set(listed) == files - {MANIFEST, "src/manifest.h"}
    for name, digest in listed.items():
        assert hashlib.sha256((sketch / name).read_bytes()).hexdigest() == digest
    header = (sketch / "src" / "manifest.h").read_text()
    assert all(f'"{line}\\n"' in header for line in lines)


def test_the_same_inputs_give_the_same_folder_and_others_another_manifest(sketch, generated_dir, front_end, tmp_path):
    again = write_sketch(generated_dir, front_end, tmp_path / "a b" / "kws", BAUD)
    assert again.read_text() == (sketch / MANIFEST).read_text()
    other = write_models(tmp_path / "generated")
    (other / "models.c").write_text((other / "models.c").read_text().replace(FIRST_SHA256, "3c" * 32))
    bands = front_end.model_copy(update={"low_hz": front_end.low_hz + 40})
    for inputs in ((other, front_end, BAUD), (generated_dir, bands, BAUD), (generated_dir, front_end, 9600)):
        generated, tables, baud = inputs
        assert write_sketch(generated, tables, tmp_path / "kws", baud).read_text() != again.read_text()


def test_a_file_that_was_changed_by_hand_shows(sketch, tmp_path):
    changed = shutil.copytree(sketch, tmp_path / "kws")
    (changed / "src" / "bench.c").write_text("/* nothing */\n")
    before, after = (set(manifest_text(folder).splitlines()) for folder in (sketch, changed))
    assert [line.split("  ")[1] for line in after - before] == ["src/bench.c"]


def test_without_models_nothing_is_written(front_end, tmp_path):
    with pytest.raises(BuildError, match=r"models\.c is missing"):
        write_sketch(tmp_path, front_end, tmp_path / "kws", BAUD)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("standard", ["gnu++14", "gnu++17"])
def test_its_cxx_compiles_for_the_board_without_warnings_or_heap(sketch, tmp_path, standard):
    objects = cortex_m4_objects(sketch, tmp_path / "objects", standard)
    assert [path.name for path in objects] == ["kws.ino.o", "microphone.cpp.o", "port.cpp.o"]
    for heap in (b"_Znw", b"_Zna", b"malloc", b"_Zdl"):
        assert not any(heap in path.read_bytes() for path in objects)


@pytest.fixture(scope="module")
def board(sketch, tmp_path_factory):
    """The sketch on the emulated chip, under an Arduino core of our own."""
    folder = tmp_path_factory.mktemp("emulated")
    (folder / "sketch.bin").write_bytes(sketch_image(sketch, folder / "build"))
    made = EmulatorBoard(BAUD, folder / "board")
    made.program(folder / "sketch.bin")
    return made


def test_it_answers_as_the_bare_metal_firmware_does(board, sketch, front_end, clips):
    with board.open() as port:
        session = Session(port, 20.0)
        who = session.handshake()
        assert (who.board, who.clock_hz) == ("nano33ble", 64_000_000)
        assert who.image_sha256 == hashlib.sha256((sketch / MANIFEST).read_bytes()).hexdigest()
        assert who.image_bytes == (sketch / MANIFEST).stat().st_size
        for samples in clips[2:4]:
            session.upload(samples)
            timing = session.time()
            expected = host_features(samples, front_end)
            assert np.array_equal(session.features(), expected)
            assert np.array_equal(timing.output.logits, sums(expected))
        assert all(cycles > 100 for cycles in timing.cycles.values())
        assert session.reset().image_sha256 == who.image_sha256


def test_its_recording_is_the_second_after_the_microphone_has_settled(board, front_end):
    heard = np.arange(4000, 20000).astype(np.int16)
    with board.open() as port:
        session = Session(port, 20.0)
        session.handshake()
        for _ in range(2):
            assert np.array_equal(session.record(), heard)
        session.run()
        assert np.array_equal(session.features(), host_features(heard, front_end))
