"""Files that want to hurt: each is refused in one paragraph, in under a second and in little memory."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

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
import json, resource, sys, time
from pathlib import Path
from kws.codegen.lowering import lower
from kws.errors import ModelError
from kws.tflite.reader import read_graph

before, seconds = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, {}
for path in sorted(Path(sys.argv[1]).iterdir()):
    tflite, begin = path.read_bytes(), time.process_time()
    try:
        lower(read_graph(tflite))
        raise SystemExit(f"{path.name} was taken")
    except ModelError:
        seconds[path.name] = time.process_time() - begin
print(json.dumps([seconds, before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss]))
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


def test_each_takes_less_than_a_second_and_all_less_than_500_mb(folder: Path):
    done = subprocess.run([sys.executable, "-c", MEASURE, str(folder)], capture_output=True, text=True, cwd=REPOSITORY)
    assert done.returncode == 0, done.stderr
    seconds, before_kib, after_kib = json.loads(done.stdout)
    assert len(seconds) == len(HOSTILE)
    names = list(HOSTILE)
    slow = {names[int(file[:3])]: spent for file, spent in seconds.items() if spent > MOST_SECONDS}
    assert not slow
    assert after_kib << 10 < MOST_RSS_BYTES and after_kib >= before_kib > 0


def compile_command(model: Path, out: Path) -> tuple[int, str, float, int]:
    """Exit status, stderr, seconds of processor time and bytes of memory of `python -m kws compile`."""
    errors = out.parent / "stderr.txt"
    with errors.open("w") as stream:
        command = [sys.executable, "-m", "kws", "compile", str(model), "-o", str(out)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=stream, cwd=REPOSITORY)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    spent = usage.ru_utime + usage.ru_stime
    return process.returncode, errors.read_text(), spent, usage.ru_maxrss << 10


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
    status, errors, seconds, rss_bytes = compile_command(model, tmp_path / "out")
    assert status == 1 and errors.startswith("error: ") and "Traceback" not in errors, errors
    assert re.search(pattern, " ".join(errors.split())), errors
    assert rss_bytes < MOST_RSS_BYTES and seconds < 3 * MOST_SECONDS  # with the start of Python
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
