"""What several mirrors of kws/ need and is dear: models that went through the real converter, once a session."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY


@pytest.fixture(scope="session")
def converted(tmp_path_factory) -> Path:
    """The folder that tests/support_conversion.py filled, in a process that alone loads TensorFlow."""
    folder = tmp_path_factory.mktemp("converted")
    command = [sys.executable, "-W", "error", "-m", "tests.support_conversion", str(folder)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "KWS_JOBS": "1"}
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder
