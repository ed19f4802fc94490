"""Fixtures that more than one test file needs."""

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def real_speech_archive() -> Path:
    """The real Speech Commands subset, found through KWS_SHARED (default ../shared); the test is skipped without it."""
    shared = Path(os.environ.get("KWS_SHARED", REPOSITORY.parent / "shared"))
    archive = shared / "data" / "speech_commands_v0.02_subset.tar.gz"
    if not archive.exists():
        pytest.skip(f"no real speech at {archive}: set KWS_SHARED to a folder that holds data/")
    return archive


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Path:
    """A folder whose `copy` is a copy in which every stage has run on a tiny corpus; change nothing."""
    from tests.support_graph import run_tiny

    folder = tmp_path_factory.mktemp("graph")
    run_tiny(folder)
    return folder
