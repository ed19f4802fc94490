"""Boards without a board: the host port in a process, behind a socket or a pseudo-terminal, with two small models."""

import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import serial

from kws.features import features
from kws.fixed_point import softmax_factors
from kws.params import FrontEnd

# Two models that anyone can check by hand: class k is the sum of every 4th feature from k on, each times its frame
# modulo 5, divided by 64; and the same with the classes in reverse.
MODELS_C = """
#include "model.h"
static void prepare(void) {}
static int8_t total(const int8_t *input, int first) {
  int32_t sum = 0;
  for (int i = first; i < 1960; i += 4)
    sum += input[i] * (i / 40 % 5);
  sum >>= 6;
  return (int8_t)(sum < -128 ? -128 : sum > 127 ? 127 : sum);
}
static void sums(const int8_t *input, int8_t *logits) {
  for (int k = 0; k < 4; k++)
    logits[k] = total(input, k);
}
static void reversed(const int8_t *input, int8_t *logits) {
  for (int k = 0; k < 4; k++)
    logits[k] = total(input, 3 - k);
}
static const uint32_t softmax[KWS_SOFTMAX_ENTRIES] = {@SOFTMAX@};
static const kws_model_t first = {"sums", "@FIRST@", 1960, 4, prepare, sums, softmax, 1, 0.25, 0, 0};
static const kws_model_t second = {"reversed", "@SECOND@", 1960, 4, prepare, reversed, softmax, 1, 0.25, 0, 0};
const kws_model_t *const kws_models[] = {&first, &second};
const uint32_t kws_model_count = 2;
"""
OUTPUT_SCALE = 0.25
FIRST_SHA256, SECOND_SHA256 = "1a" * 32, "2b" * 32


def sums(features: np.ndarray) -> np.ndarray:
    """The first model in numpy: (T, F) int8 -> (4,) int8."""
    weighted = features.astype(np.int64) * (np.arange(49) % 5)[:, None]
    totals = weighted.reshape(-1, 4).sum(axis=0) >> 6
    return totals.clip(-128, 127).astype(np.int8)


def host_features(samples: np.ndarray, front_end: FrontEnd) -> np.ndarray:
    """The host's front end for one clip: (N,) int16 -> (T, F) int8."""
    return features(samples[None], front_end)[0]


def write_models(folder: Path) -> Path:
    """Write models.c of the two models into a new folder."""
    table = ", ".join(map(str, softmax_factors(OUTPUT_SCALE)))
    text = MODELS_C.replace("@SOFTMAX@", table).replace("@FIRST@", FIRST_SHA256).replace("@SECOND@", SECOND_SHA256)
    folder.mkdir(parents=True)
    (folder / "models.c").write_text(text)
    return folder


class HostBoard:
    """The host port as a board: `program` keeps the image as a file, which the process takes for its flash."""

    name = "host"
    cycles_are = "measured"
    can_program = True

    def __init__(self, program: Path, flash_file: Path, pty: bool = True, microphone: Path | None = None):
        self._program, self._flash_file, self._pty = program, flash_file, pty
        self._microphone = [] if microphone is None else [str(microphone)]  # wants a flash_file that exists
        self.programmed = 0

    def program(self, image: Path) -> None:
        self._flash_file.write_bytes(image.read_bytes())
        self.programmed += 1

    @contextmanager
    def open(self) -> Iterator[serial.SerialBase]:
        with self._behind_pty() if self._pty else self._behind_socket() as port:
            yield port

    def _start(self, descriptor: int) -> subprocess.Popen:
        image = [str(self._flash_file)] if self._flash_file.exists() else []
        return subprocess.Popen([str(self._program), *image, *self._microphone], stdin=descriptor, stdout=descriptor)

    @contextmanager
    def _behind_socket(self) -> Iterator[serial.SerialBase]:
        with socket.create_server(("127.0.0.1", 0)) as server:
            accepted: list[socket.socket] = []
            thread = threading.Thread(target=lambda: accepted.append(server.accept()[0]))
            thread.start()
            port = serial.serial_for_url(f"socket://127.0.0.1:{server.getsockname()[1]}")
            thread.join()
        with port, accepted[0] as connection, _ended(self._start(connection.fileno())):
            yield port

    @contextmanager
    def _behind_pty(self) -> Iterator[serial.SerialBase]:
        # What comes before a port is open, opening it throws away: the process starts last.
        with _pseudo_terminal() as (master, device), serial.Serial(device) as port, _ended(self._start(master)):
            yield port

    @contextmanager
    def running(self) -> Iterator[str]:
        """The process behind a pseudo-terminal, whose name a port is opened by."""
        with _pseudo_terminal() as (master, device), _ended(self._start(master)):
            yield device


@contextmanager
def _pseudo_terminal() -> Iterator[tuple[int, str]]:
    """A raw one: its master's descriptor, its slave's name."""
    import tty

    master, slave = os.openpty()
    tty.setraw(slave)
    try:
        yield master, os.ttyname(slave)
    finally:
        os.close(master)
        os.close(slave)


@contextmanager
def _ended(process: subprocess.Popen) -> Iterator[None]:
    try:
        yield
    finally:
        process.kill()
        process.wait()
