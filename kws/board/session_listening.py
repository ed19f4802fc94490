"""The part of a session (kws/board/session.py) that lets a board listen with its own microphone."""

import time

from kws.board import protocol, replies
from kws.board.replies_listening import Heard, Level, Stopped, report, stopped
from kws.errors import BoardError
from kws.listening import ListenSettings

_STARTS = 3  # of listening, where a link damages the first answer


class ListeningCommands:
    """listen, report, stop; for a class that asks, waits and tells as Session does."""

    def listen(self, settings: ListenSettings) -> None:
        """Let the board listen with its own microphone; what it hears comes by `reports`. The clip is gone.

        Raises:
            Refused: it has no microphone.
        """
        words = (settings.strides, settings.smoothing, settings.threshold_q15, settings.suppression_ms)
        expected = dict(zip(protocol.COMMANDS["listen"].arguments, words, strict=True))
        self._clip_crc32 = None
        for _ in range(_STARTS):
            if self._ask(f"listen {' '.join(map(str, words))}") == [("listening", expected)]:
                return  # otherwise that line was damaged, and this is a later one
        with self._context("listen"):
            raise BoardError("the board does not say that it listens")

    def report(self) -> Heard | Level | None:
        """What a listening board says next; None for what arrived damaged.

        Raises:
            BoardError: it says nothing, or something else.
        """
        with self._context("listen"):
            try:
                return report(self._exchange.further(time.monotonic() + self._timeout_s))
            except replies.Damaged:
                return None

    def stop(self) -> Stopped:
        """End listening, whether or not it has begun."""
        return self._value("stop", stopped)
