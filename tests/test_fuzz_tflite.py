"""The fuzzer's tool, where atheris is installed: it starts from good models, finds nothing and keeps a corpus."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.support_mutation import seeds


def test_a_few_seconds_of_fuzzing_find_nothing(tmp_path: Path):
    pytest.importorskip("atheris")
    command = [sys.executable, "tools/fuzz_tflite.py", "--seconds", "3", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "stat::number_of_executed_units" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["corpus"]
    assert len(list((tmp_path / "corpus").iterdir())) > len(seeds())
