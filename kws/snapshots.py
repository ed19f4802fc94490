"""A training's state <-> one file, so that a training that was killed goes on where it was.

The file is replaced whole, begins with the digest of the rest, and names the training it is of: one that is damaged or
of another training counts as none, and the training starts afresh.
"""

import io
import time
from collections.abc import Callable
from pathlib import Path

import torch

from kws.files import sha256, write_bytes

SCHEMA_VERSION = 1
SHORTEST_WAIT_S = 5.0  # at most so much work, and the epoch under way, is lost
LARGEST_SHARE = 0.02  # of the time, spent on writing
_DIGEST_CHARACTERS = 64


class Snapshot:
    """The file of one training; without a path nothing is kept."""

    def __init__(self, path: Path | None, training: dict):
        """
        Args:
            path: a file of this training alone.
            training: numbers and texts that tell it from others, compared before a state is taken up.
        """
        self._path = None if path is None else Path(path)
        self._of = {"schema_version": SCHEMA_VERSION, "torch": str(torch.__version__), **training}
        self._due = time.perf_counter() + SHORTEST_WAIT_S

    def load(self) -> dict | None:
        """The state, its tensors on the CPU, or None where there is none to go on from."""
        if self._path is None or not self._path.exists():
            return None
        data = self._path.read_bytes()
        digest, content = data[:_DIGEST_CHARACTERS], data[_DIGEST_CHARACTERS:]
        if digest != sha256(content).encode():
            return None
        found = torch.load(io.BytesIO(content), weights_only=True, map_location="cpu")
        return found["state"] if found["of"] == self._of else None

    def save_when_due(self, state: Callable[[], dict]) -> None:
        """Write state(), unless the last one is so fresh that writing would take more than its share of the time."""
        start = time.perf_counter()
        if self._path is None or start < self._due:
            return
        content = io.BytesIO()
        torch.save({"of": self._of, "state": state()}, content)
        write_bytes(self._path, sha256(content.getvalue()).encode() + content.getvalue())
        end = time.perf_counter()
        self._due = end + max(SHORTEST_WAIT_S, (end - start) / LARGEST_SHARE)
