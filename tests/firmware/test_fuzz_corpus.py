"""What tools/fuzz_device.py found, replayed: the whole firmware behind a port in memory, undefined behaviour traps."""

import subprocess
import zipfile

import pytest

from kws.board import zig
from kws.board.build import stage_fuzz
from kws.params import load_params
from tests.conftest import REPOSITORY
from tests.support_board import write_models

CORPUS = REPOSITORY / "tests" / "firmware" / "corpus.zip"
FLAGS = (
    "-fsanitize=undefined",
    "-fsanitize-trap=undefined",
    "-Iinclude",
    "-Isrc",
    "-Iport",
    "-include",
    "port/state.h",
)


@pytest.fixture(scope="module")
def replay(tmp_path_factory):
    folder = tmp_path_factory.mktemp("replay")
    front_end = load_params(REPOSITORY / "params.yaml").front_end
    sources = stage_fuzz(folder / "build", write_models(folder / "models"), front_end)
    harness = ("port/device.c", "port/fuzzer.c", "port/replay.c")
    flags = (*zig.HOST_FLAGS, *FLAGS[:-2])
    firmware = [name for name in sources if name not in harness]
    objects = [name.replace("/", "_") + ".o" for name in firmware]
    for name, output in zip(firmware, objects, strict=True):
        zig.compile_and_link(folder / "build", [name], (*zig.HOST_FLAGS, *FLAGS, "-c"), output)
    zig.compile_and_link(folder / "build", [harness[0], harness[2], *objects], flags, "replay")
    return folder / "build" / "replay"


def test_every_input_of_the_corpus_is_survived(replay, tmp_path):
    with zipfile.ZipFile(CORPUS) as archive:
        archive.extractall(tmp_path)
    inputs = sorted(tmp_path.iterdir())
    done = subprocess.run([replay, *inputs], capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stdout) == (0, f"{len(inputs)}\n"), done.stderr
    assert len(inputs) > 100


def test_the_replay_notices_undefined_behaviour(tmp_path):
    (tmp_path / "overflow.c").write_text("int main(int count, char **w) { (void)w; return 0x7fffffff + count < 0; }\n")
    zig.compile_and_link(tmp_path, ["overflow.c"], (*zig.HOST_FLAGS, *FLAGS[:2]), "overflow")
    assert subprocess.run([tmp_path / "overflow"], check=False).returncode < 0
