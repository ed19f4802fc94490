"""Files that want to hurt: each is refused in one paragraph, in under a second and in little memory."""

import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from kws.codegen.lowering import lower
from kws.errors import ModelError
from kws.tflite.reader import MAX_FILE_BYTES, read_graph, read_tflite
from tests.conftest import REPOSITORY
from tests.support_hostile import GOOD, HOSTILE
from tests.support_mutation import NAME, compiled

MOST_RSS_BYTES = 500 << 20
MOST_SECONDS = 1.0  # of processor time: how busy the machine is does not count
KEPT = sorted((REPOSITORY / "tests" / "data" / "hostile").glob("*.tflite"))
MEASURE = """
import json, sys, time
from pathlib import Path
from kws.codegen.lowering import lower
from kws.errors import ModelError
from kws.tflite.reader import read_graph

seconds = {}
for path in sorted(Path(sys.argv[1]).iterdir()):
    tflite, begin = path.read_bytes(), time.process_time()
    try:
        lower(read_graph(tflite))
        raise SystemExit(f"{path.name} was taken")
    except ModelError:
        seconds[path.name] = time.process_time() - begin
print(json.dumps(seconds))
"""
# A process's peak of memory is at least that of the process that began it: a small one stands between, lest it be ours.
BETWEEN = """
import json, resource, subprocess, sys

done = subprocess.run(sys.argv[1:], capture_output=True, text=True)
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([done.returncode, done.stdout, done.stderr, usage.ru_utime + usage.ru_stime, usage.ru_maxrss]))
"""


def test_the_file_that_they_are_made_from_is_good():
    assert len(lower(read_graph(GOOD)).layers) == 2


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_for_what_is_wrong_with_it(name: str):
    tflite, pattern = HOSTILE[name]
    with pytest.raises(ModelError) as caught:
        lower(read_graph(tflite))
    message = str(caught.value)
    assert re.search(pattern, message), message
    assert message.isprintable() and len(message) < 600 and message.endswith("."), message


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All of them, a file each."""
    made = tmp_path_factory.mktemp("hostile")
    for number, (tflite, _) in enumerate(HOSTILE.values()):
        (made / f"{number:03d}.tflite").write_bytes(tflite)
    return made


class Ran(NamedTuple):
    """How a command of a process of its own ended, and what it took."""

    status: int
    stdout: str
    stderr: str
    cpu_s: float
    rss_bytes: int


def ran(*command: object) -> Ran:
    """Run it with this Python, in the repository."""
    between = [sys.executable, "-S", "-c", BETWEEN, sys.executable, *map(str, command)]
    *rest, rss = json.loads(subprocess.run(between, capture_output=True, text=True, cwd=REPOSITORY, check=True).stdout)
    return Ran(*rest, rss if sys.platform == "darwin" else rss << 10)


def test_each_takes_less_than_a_second_and_all_less_than_500_mb(folder: Path):
    done = ran("-c", MEASURE, folder)
    assert done.status == 0, done.stderr
    seconds = json.loads(done.stdout)
    assert len(seconds) == len(HOSTILE)
    names = list(HOSTILE)
    assert not {names[int(file[:3])]: spent for file, spent in seconds.items() if spent > MOST_SECONDS}
    assert 10 << 20 < done.rss_bytes < MOST_RSS_BYTES


@pytest.mark.parametrize("name", ["cut at 49 %", "a million subgraphs", "2 GB of weights", "weights in every tensor"])
def test_the_command_refuses_in_one_paragraph(name: str, tmp_path: Path):
    model = tmp_path / "hostile.tflite"
    model.write_bytes(HOSTILE[name][0])
    _assert_refused(model, tmp_path, HOSTILE[name][1])


def test_a_file_of_3_gb_is_not_read(tmp_path: Path):
    model = tmp_path / "huge.tflite"
    with model.open("wb") as file:
        file.write(GOOD)
        file.truncate(3 << 30)  # a hole: takes no room on the disk
    _assert_refused(model, tmp_path, "huge.tflite has more than 64 MiB")


def test_an_endless_file_is_not_read(tmp_path: Path):
    _assert_refused(Path("/dev/zero"), tmp_path, "/dev/zero has more than 64 MiB")


def _assert_refused(model: Path, tmp_path: Path, pattern: str) -> None:
    done = ran("-m", "kws", "compile", model, "-o", tmp_path / "out")
    assert done.status == 1 and done.stderr.startswith("error: ") and "Traceback" not in done.stderr, done.stderr
    assert re.search(pattern, " ".join(done.stderr.split())), done.stderr
    assert done.rss_bytes < MOST_RSS_BYTES and done.cpu_s < 3 * MOST_SECONDS  # with the start of Python
    assert not (tmp_path / "out").exists()


def test_a_file_that_is_not_too_large_is_read_as_it_is(tmp_path: Path):
    path = tmp_path / "most.tflite"
    path.write_bytes(b"x" * MAX_FILE_BYTES)
    assert len(read_tflite(path)) == MAX_FILE_BYTES


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_what_a_fuzzer_once_found_is_refused_or_compiled(path: Path, tmp_path: Path):
    begin = time.process_time()
    taken = compiled(path.read_bytes(), tmp_path)
    assert time.process_time() - begin < 3 * MOST_SECONDS
    assert taken == (tmp_path / f"model_{NAME}.c").exists()
