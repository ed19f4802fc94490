"""The house rules that a machine can check: the walk through the stages, honest deps, no paths in scripts, style."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from kws.summary import STAGES
from tests.conftest import REPOSITORY
from tools.stage_deps import imported_files

FOLDERS = ("kws", "stages", "tests", "tools")
C_FOLDERS = ("firmware", "tests/arduino_api")
C_PATTERNS = ("*.c", "*.h", "*.cpp", "*.ino")


@pytest.fixture(scope="module")
def graph() -> dict:
    return yaml.safe_load((REPOSITORY / "dvc.yaml").read_text())["stages"]


def tracked(*patterns: str) -> list[Path]:
    """Files that git tracks and that are there, by pattern."""
    command = ["git", "ls-files", "-z", "--", *patterns]
    names = subprocess.run(command, cwd=REPOSITORY, capture_output=True, check=True).stdout.decode().split("\0")
    return [REPOSITORY / name for name in names if name and (REPOSITORY / name).is_file()]


def sources() -> list[Path]:
    return [path for folder in FOLDERS for path in tracked(f"{folder}/*.py")]


def test_eight_stages_in_order(graph):
    assert tuple(graph) == STAGES


@pytest.mark.parametrize("stage", STAGES)
def test_one_name_all_the_way_down(graph, stage):
    assert (REPOSITORY / "stages" / f"{stage}.py").is_file()
    written = [next(iter(out)) if isinstance(out, dict) else out for key in ("outs", "metrics") for out in
               graph[stage].get(key, [])]  # fmt: skip
    assert f"metrics/{stage}.json" in written
    assert f"stages/{stage}.py" in graph[stage]["cmd"] or f"stages.{stage}" in graph[stage]["cmd"]


@pytest.mark.parametrize("stage", STAGES)
def test_dvc_can_restore_a_stage_from_its_run_cache(graph, stage):
    """DVC keeps no run of a stage that has an uncached out other than a metric or a plot."""
    uncached = [out for out in graph[stage].get("outs", []) if isinstance(out, dict)]
    assert not uncached, f"list {uncached} of {stage} under metrics or plots in dvc.yaml"


def test_stages_are_short():
    lengths = {path.name: len(path.read_text().splitlines()) for path in tracked("stages/*.py")}
    assert max(lengths.values()) < 100, lengths


@pytest.mark.parametrize("stage", STAGES)
def test_a_stages_deps_name_every_module_it_imports(graph, stage):
    deps = [REPOSITORY / dep for dep in graph[stage]["deps"]]
    needed = imported_files(REPOSITORY / "stages" / f"{stage}.py")
    missing = sorted(
        str(path.relative_to(REPOSITORY)) for path in needed if not any(dep in (path, *path.parents) for dep in deps)
    )
    assert not missing, f"add to the deps of {stage} in dvc.yaml: {missing}"


def test_imports_are_followed():
    found = imported_files(REPOSITORY / "kws" / "figures" / "__init__.py")
    for name in ("kws/__init__.py", "kws/figures/audio.py", "kws/figures/style.py", "kws/files.py", "kws/captions.py"):
        assert REPOSITORY / name in found


def test_paths_live_in_dvc_yaml_alone():
    suffixes = (".json", ".csv", ".npz", ".npy", ".png", ".tflite", ".pt", ".yaml", ".c", ".h", ".bin", ".elf", ".txt")
    for path in tracked("stages/*.py"):
        tree = ast.parse(path.read_text())
        documentation = {ast.get_docstring(node, clean=False) for node in ast.walk(tree)
                         if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef)}  # fmt: skip
        texts = {
            node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        literal = {
            text for text in texts - documentation if " " not in text and ("/" in text or text.endswith(suffixes))
        }
        assert not literal, f"{path.name}: {literal} belong into dvc.yaml"


def test_the_library_never_imports_the_stages():
    for path in tracked("kws/*.py"):
        names = {
            name.split(".")[0]
            for node in ast.walk(ast.parse(path.read_text()))
            for name in (
                [alias.name for alias in node.names] if isinstance(node, ast.Import)
                else [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            )
        }  # fmt: skip
        assert not names & {"stages", "tests", "tools"}, path


def test_every_module_says_what_it_is_for():
    without = [str(path) for path in sources() if not ast.get_docstring(ast.parse(path.read_text()))]
    assert not without


def test_no_file_is_longer_than_300_lines():
    files = [*sources(), *(path for folder in C_FOLDERS for path in tracked(*(f"{folder}/{p}" for p in C_PATTERNS)))]
    assert not {str(path): n for path in files if (n := len(path.read_text().splitlines())) > 300}


@pytest.mark.parametrize("command", [["check"], ["format", "--check"]])
def test_python_is_in_style(command):
    ruff = [sys.executable, "-m", "ruff", *command, "--no-cache", *sources()]
    answer = subprocess.run(ruff, cwd=REPOSITORY, capture_output=True, text=True, timeout=120)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_c_is_in_style():
    files = [path for folder in C_FOLDERS for path in tracked(*(f"{folder}/{p}" for p in C_PATTERNS))]
    clang_format = Path(sys.executable).parent / "clang-format"
    answer = subprocess.run([clang_format, "--dry-run", "-Werror", *files], capture_output=True, text=True, timeout=120)
    assert answer.returncode == 0, answer.stderr
