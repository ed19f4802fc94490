"""The firmware's portless parts as a shared library."""

import ctypes

import pytest

from kws.board.build import build_host_library


@pytest.fixture(scope="session")
def firmware_library(tmp_path_factory) -> ctypes.CDLL:
    """kernels, postprocess, SHA-256 and CRC-32, compiled for this machine."""
    return ctypes.CDLL(str(build_host_library(tmp_path_factory.mktemp("firmware") / "build")))
