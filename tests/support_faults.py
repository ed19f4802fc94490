"""A serial line that loses, flips, doubles, delays and cuts bytes: a wrapper around an open port, both ways."""

import math
import random
import select
import time
from collections import deque

KINDS = ("lose", "flip", "double", "delay", "cut")
RUN_BYTES_MAX = 40  # that are cut, or doubled


class Faults:
    """What happens to the bytes of one direction: each one is hit at `rate`, by one of KINDS, drawn from a seed."""

    def __init__(self, rate: float, seed: int, delay_s: float) -> None:
        self.rate = rate
        self.counts = dict.fromkeys(KINDS, 0)
        self._random, self._delay_s = random.Random(seed), delay_s
        self._held: deque[tuple[float, bytes]] = deque()  # when each piece may pass
        self._cut_bytes = 0
        self._until_next = self._gap()

    def take(self, data: bytes) -> None:
        """Bytes come in; they pass in their order, each piece not before its time."""
        start = 0
        while start < len(data):
            if self._cut_bytes:
                lost = min(self._cut_bytes, len(data) - start)
                self._cut_bytes -= lost
                start += lost
                continue
            end = min(len(data), start + self._until_next)
            self._until_next -= end - start
            self._hold(data[start:end])
            if end < len(data):
                self._hit(data, end)
                end += 1
                self._until_next = self._gap()
            start = end

    def passed(self) -> bytes:
        """Bytes that may pass by now."""
        now, ready = time.monotonic(), []
        while self._held and self._held[0][0] <= now:
            ready.append(self._held.popleft()[1])
        return b"".join(ready)

    def _gap(self) -> int:
        """How many bytes are spared before the next one that is hit: geometric."""
        if self.rate == 0:
            return 1 << 60
        return int(math.log(1 - self._random.random()) / math.log(1 - self.rate))

    def _hold(self, piece: bytes, delay_s: float = 0.0) -> None:
        if piece:
            earliest = self._held[-1][0] if self._held else 0.0
            self._held.append((max(earliest, time.monotonic() + delay_s), piece))

    def _hit(self, data: bytes, at: int) -> None:
        kind = self._random.choice(KINDS)
        self.counts[kind] += 1
        byte = data[at : at + 1]
        run = self._random.randint(1, RUN_BYTES_MAX)
        if kind == "flip":
            self._hold(bytes([byte[0] ^ 1 << self._random.randrange(8)]))
        elif kind == "double":
            self._hold(byte + (data[max(0, at + 1 - run) : at + 1] if self._random.random() < 0.5 else byte))
        elif kind == "delay":
            self._hold(byte, self._random.random() ** 6 * self._delay_s)
        elif kind == "cut":
            self._cut_bytes = run - 1


class FaultyPort:
    """An open pyserial port behind faults; what it has of pyserial is what kws.board.serial_lines uses.

    Args:
        port: open, of a board.
        rate: of faults a byte; `quiet` and `noisy` switch them off and on.
        seed: of both directions.
        delay_s: the longest time that bytes are held back; mostly it is much shorter.
        baud: the rate that it pretends to have.
    """

    def __init__(self, port, rate: float, seed: int, delay_s: float, baud: int = 921600) -> None:
        self._port = port
        self._out, self._in = Faults(rate, 2 * seed, delay_s), Faults(rate, 2 * seed + 1, delay_s)
        self._ready = bytearray()
        self._rate = rate
        self.name, self.port, self.baudrate = port.name, port.port, baud
        self.timeout, self.write_timeout = port.timeout, port.write_timeout
        port.timeout = 0

    def quiet(self) -> None:
        """No faults from here on."""
        self._set(0.0)

    def noisy(self) -> None:
        """Faults again."""
        self._set(self._rate)

    @property
    def counts(self) -> dict[str, int]:
        """Faults of each kind so far."""
        return {kind: self._out.counts[kind] + self._in.counts[kind] for kind in KINDS}

    @property
    def in_waiting(self) -> int:
        self._pump(0.0)
        return len(self._ready)

    def write(self, data: bytes) -> None:
        self._out.take(bytes(data))
        self._pump(0.0)

    def read(self, count: int) -> bytes:
        """At most `count` bytes, at the latest after `timeout`."""
        deadline = time.monotonic() + self.timeout
        while not self._ready and (left := deadline - time.monotonic()) > 0:
            self._pump(min(left, 0.002))
        data = bytes(self._ready[:count])
        del self._ready[:count]
        return data

    def _set(self, rate: float) -> None:
        for direction in (self._out, self._in):
            direction.rate = rate
            direction._until_next, direction._cut_bytes = direction._gap(), 0

    def _pump(self, wait_s: float) -> None:
        """Move what may move: out to the board, and in from it."""
        if data := self._out.passed():
            self._port.write(data)
        if select.select([self._port.fileno()], [], [], wait_s)[0]:
            self._in.take(self._port.read(4096))
        self._ready += self._in.passed()
