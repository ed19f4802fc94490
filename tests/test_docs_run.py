"""Every command of README.md and docs/: typed in a clone with the results of a tiny corpus, or the reason why not.

What tests/test_experiments.py does not type in its order runs here. Recipes that train do it for fewer epochs.
"""

import re
import shlex
import shutil
import tarfile
from pathlib import Path

import pytest

from kws import yaml_files
from kws.audio import write_wav
from tests.conftest import REPOSITORY
from tests.kws.test_recording import room, with_words
from tests.support_commands import made_by
from tests.support_docs import PAGES, commands
from tests.support_graph import tiny
from tests.support_laboratory import settled
from tests.support_listening import recording_samples
from tests.support_speech import fill

LINES = {shlex.join(one.words): one for page in PAGES for one in commands(page)}

RECIPE = r"dvc exp run -S |python -m kws quick\b"
HERE = (
    r"dvc (dag|params diff|metrics diff|plots show|plots diff main|exp show|repro|queue status)\b(?!.*--open)|"
    r"git (checkout|config) |python -m tools\.stage_deps|dvc queue remove|"
    r"python -m kws (check|summary|sizes|plots|figures|report|tune-listen|trace|compile|evaluate|record .*--input|"
    r"listen --wav|field-test --folder|cluster local)\b"
)
ELSEWHERE = {  # what is not typed here, and why
    r"make (?!test$)[a-z-]+( DATA_ROOT=.*)?": "sets an environment up first; what it calls is one of these lines",
    r"dvc exp (run|run --queue .*|apply .*|branch .*|push .*|pull .*)|dvc queue (start|logs) .*|dvc plots diff NAME .*|"
    r"dvc (push|pull|remote add)\b.*|git (add|commit) .*": "an order of its own: tests/test_experiments.py",
    r"python -m pip install .*|arduino-cli .*|sudo .*|code .*|source .*": "installs, or needs a network",
    r"python -m kws (listen|field-test --trials \d+)": "needs a person: tests/kws/test_commands_listen.py",
    r"python -m kws record .*(--count \d+|--seconds \d+|board)": "a microphone: tests/kws/test_recording_dialogue.py",
    r"dvc plots show --open": "opens a browser: tests/test_plots_page.py",
    r"python -m kws gpu-benchmark": "needs a GPU: tests/kws/test_latency.py",
    r"python -m kws real .*": "the graph on real speech: tests/kws/test_commands_real.py",
    r"python -m kws bench.*": "minutes: tests/kws/bench",
    r"python -m kws front-ends .*": "eight trainings: tests/kws/test_front_ends.py",
    r"python -m kws cluster (slurm|ssh).*|dask .*": "needs other computers: tests/kws/test_cluster.py",
    r"python -m kws\.board\.emulator .*": "waits at a port: tests/kws/board",
    r"python tools/(listening|plots_page|preprocess_scaling|random_networks|sparse_forms|readme_tables|"
    r"sweep_scaling)\.py.*": "fills results/, some for an hour; each has its test",
    "make test": "is running",
}
NAMED = {  # what a reader puts in the place of these words
    "MODEL": "artifacts/convert/deployed.tflite",
    "FOLDER": "clips",
    "DATA_ROOT": "path/to/speech_commands_v0.02.tar.gz",
    "my-experiment": "HEAD",
    "train.epochs=40": "train.epochs=1",
}
OTHERS = ("anna", "carla", "david", "eva", "fritz")  # who also recorded themselves


def behind(make: str) -> list[str]:
    """What a `make` of the docs types after the set-up."""
    called = [shlex.join([Path(words[0]).name, *words[1:]]) for words in made_by(shlex.split(make)[1:])]
    return [line for line in called if not line.startswith(("sh ", "rm "))]


def kinds(line: str) -> list[str]:
    """The tables above that know this line."""
    found = [name for name, pattern in (("recipe", RECIPE), ("here", HERE)) if re.match(pattern, line)]
    return found or [why for pattern, why in ELSEWHERE.items() if re.fullmatch(pattern, line)]


def of_kind(kind: str) -> list:
    chosen = [one for line, one in LINES.items() if kinds(line) == [kind]]
    return [pytest.param(one, id=shlex.join(one.words)) for one in chosen]


@pytest.fixture(scope="module")
def laboratory(finished, tmp_path_factory):
    """The finished graph in git, with the files that the docs name."""
    found = settled(finished, tmp_path_factory.mktemp("typed") / "clone")
    (found.root / "params.quick.yaml").write_text(yaml_files.dump(tiny()))
    shutil.copytree(REPOSITORY / "results" / "speech_commands", found.root / "results" / "speech_commands")
    found.run(["git", "add", "."])
    found.run(["git", "commit", "-qm", "Results"])
    for name in ("recording.wav", "long.wav", "a.wav"):
        write_wav(found.root / name, recording_samples())
    write_wav(found.root / "phone.wav", with_words(room(25), *(0.5 + second for second in range(24))))
    write_wav(found.root / "room.wav", room(20).astype("int16"))
    for name in ("model.tflite", "m.tflite"):
        shutil.copyfile(found.root / NAMED["MODEL"], found.root / name)
    fill(found.root / "clips")
    archive = found.root / NAMED["DATA_ROOT"]
    archive.parent.mkdir(parents=True)
    with tarfile.open(archive, "w:gz") as packed:
        packed.add(found.root / "clips", ".")
    return found


@pytest.fixture(scope="module")
def recordings(laboratory):
    """The page's own line, for each speaker and word."""
    line = next(one.words for text, one in LINES.items() if "phone.wav" in text)
    for speaker in (*OTHERS, "ben"):
        for word in ("lamp", "heater", "window"):
            laboratory.run([{"lamp": word, "ben": speaker}.get(part, part) for part in line])
    return laboratory.root / "recordings"


@pytest.mark.parametrize("line", LINES)
def test_it_is_known_what_runs_a_command(line):
    found = kinds(line)
    assert len(found) == 1, f"{line}: {found or 'say above what runs it'}"
    if line.startswith("make ") and line != "make test":
        assert all(len(kinds(called)) == 1 for called in behind(line)), behind(line)


@pytest.mark.parametrize("command", of_kind("here"))
def test_the_command_runs(command, laboratory, recordings):
    printed = laboratory.run([NAMED.get(word, word) for word in command.words], **command.variables)
    assert printed or command.words[0] == "git" or command.words[-1] in ("diff", "tools.stage_deps")


@pytest.mark.parametrize("command", of_kind("recipe"))
def test_the_recipe_gives_what_it_says_and_the_way_back(command, laboratory, recordings):
    before = laboratory.params(), laboratory.metrics("convert")
    laboratory.run([NAMED.get(word, word) for word in command.words])
    assert laboratory.metrics("mcu_benchmark")["mismatches_with_host"] == 0
    if command.words[0] == "dvc":
        assert laboratory.params() != before[0]
        laboratory.run(["git", "checkout", "HEAD", "params.yaml"])
        assert "Running stage" not in laboratory.run(["dvc", "repro"])
    assert (laboratory.params(), laboratory.metrics("convert")) == before
