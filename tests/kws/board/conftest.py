"""The two test models, the firmware built with them for this machine, and clips to send."""

from pathlib import Path

import numpy as np
import pytest

from kws.board.build import build_host_program
from kws.params import FrontEnd, load_params
from tests.support_board import HostBoard, write_models

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def front_end() -> FrontEnd:
    """The front end's default parameters."""
    return load_params(REPOSITORY / "params.yaml").front_end


@pytest.fixture(scope="session")
def generated_dir(tmp_path_factory) -> Path:
    """A folder as kws.codegen.generate leaves it, with the two models."""
    return write_models(tmp_path_factory.mktemp("models") / "generated")


@pytest.fixture(scope="session")
def host_program(tmp_path_factory, generated_dir, front_end) -> Path:
    """The firmware for this machine with the two models."""
    return build_host_program(generated_dir, front_end, tmp_path_factory.mktemp("host") / "build")


@pytest.fixture
def host_board(host_program, tmp_path) -> HostBoard:
    """The host port behind a socket, nothing on its flash."""
    return HostBoard(host_program, tmp_path / "flash.bin")


@pytest.fixture(scope="session")
def clips() -> list[np.ndarray]:
    """Six clips, (16000,) int16: silence, full scale, noises, a tone."""
    generator = np.random.default_rng(7)
    times = np.arange(16000) / 16000
    return [
        np.zeros(16000, np.int16),
        np.where(np.arange(16000) % 40 < 20, 32767, -32768).astype(np.int16),
        generator.integers(-32768, 32768, 16000).astype(np.int16),
        (generator.normal(0, 300, 16000)).astype(np.int16),
        (8000 * np.sin(2 * np.pi * 440 * times) * (times < 0.5)).astype(np.int16),
        (4000 * np.sin(2 * np.pi * 3000 * times**2)).astype(np.int16),
    ]
