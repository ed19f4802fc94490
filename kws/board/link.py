"""The far end of the emulated board's serial line: a pseudo-terminal, or a TCP socket where there is none.

Goes in: bytes from the board's UART. Comes out: bytes from whoever opened `url` with pyserial. Both hold back what the
board does not take yet, as RTS and CTS do on a wire, so nothing is lost.
"""

import os
import select
import socket
from typing import Protocol

_WRITE_PART_BYTES = 4096


class Link(Protocol):
    """What the UART needs of a line."""

    def read(self, bytes_max: int, timeout_s: float | None) -> bytes:
        """At most bytes_max bytes, as soon as there are any; b"" after timeout_s (None: wait for ever).

        Raises EOFError when nothing can ever come again; the board then stops.
        """

    def write(self, data: bytes) -> None:
        """Send all of it, waiting while the far end is full."""

    def wait(self, timeout_s: float) -> None:
        """Return when there may be something to read, at the latest after timeout_s."""


class PtyLink:
    """A pseudo-terminal; `url` is the path to open. While nobody reads, its buffer fills, then the board waits."""

    def __init__(self) -> None:
        import tty  # there is none on Windows

        self._board, self._far = os.openpty()  # _far stays open here: a client may come and go
        tty.setraw(self._far)
        os.set_blocking(self._board, False)
        self.url = os.ttyname(self._far)

    def read(self, bytes_max: int, timeout_s: float | None) -> bytes:
        """See Link."""
        readable, _, _ = select.select([self._board], [], [], timeout_s)
        return os.read(self._board, bytes_max) if readable else b""

    def write(self, data: bytes) -> None:
        """See Link."""
        rest = memoryview(data)
        while rest:
            select.select([], [self._board], [])
            try:
                rest = rest[os.write(self._board, rest[:_WRITE_PART_BYTES]) :]
            except BlockingIOError:
                continue

    def wait(self, timeout_s: float) -> None:
        """See Link."""
        select.select([self._board], [], [], timeout_s)

    def close(self) -> None:
        """Hang up."""
        os.close(self._board)
        os.close(self._far)


class TcpLink:
    """A socket on this machine only, one client at a time; `url` is pyserial's. What nobody listens to is dropped."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._client: socket.socket | None = None
        self.url = f"socket://127.0.0.1:{self._listener.getsockname()[1]}"

    def read(self, bytes_max: int, timeout_s: float | None) -> bytes:
        """See Link."""
        if self._client is None:
            self._accept(timeout_s)
            timeout_s = 0.0 if self._client is None else timeout_s
        if self._client is None or not select.select([self._client], [], [], timeout_s)[0]:
            return b""
        try:
            data = self._client.recv(bytes_max)
        except ConnectionError:
            data = b""
        if not data:
            self._drop_client()
        return data

    def write(self, data: bytes) -> None:
        """See Link."""
        self._accept(0.0)
        if self._client is not None:
            try:
                self._client.sendall(data)
            except ConnectionError:
                self._drop_client()

    def wait(self, timeout_s: float) -> None:
        """See Link."""
        select.select([self._client or self._listener], [], [], timeout_s)

    def close(self) -> None:
        """Hang up."""
        self._drop_client()
        self._listener.close()

    def _accept(self, timeout_s: float | None) -> None:
        if self._client is None and select.select([self._listener], [], [], timeout_s)[0]:
            self._client, _ = self._listener.accept()
            self._client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _drop_client(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None


def open_link(tcp: bool) -> PtyLink | TcpLink:
    """A pseudo-terminal, unless there are none here or TCP is asked for."""
    return TcpLink() if tcp or not hasattr(os, "openpty") else PtyLink()
