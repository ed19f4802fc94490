"""A listening board as a stream of what it reports, which ends in good order however the listener leaves.

with listening(session, settings) as ear:
    for report in ear:
        print(report)
print(ear.stopped, ear.missed)
"""

from collections.abc import Iterator
from contextlib import contextmanager

from kws.board.replies_listening import Heard, Level, Stopped
from kws.board.session import Session
from kws.listening import ListenSettings


class Ear:
    """Iterates over reports, without end.

    Attributes:
        missed: words that the board has reported and that arrived damaged or not at all.
        stopped: the board's totals, once it has stopped.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._words = 0
        self.missed = 0
        self.stopped: Stopped | None = None

    def __iter__(self) -> Iterator[Heard | Level]:
        while True:
            report = self._session.report()
            if report is not None:
                self._count(report.number if isinstance(report, Heard) else report.words, isinstance(report, Heard))
                yield report

    def stop(self) -> None:
        """End listening; the board is in its command loop again."""
        self.stopped = self._session.stop()

    def _count(self, words: int, is_word: bool) -> None:
        self.missed += words - self._words - is_word
        self._words = words


@contextmanager
def listening(session: Session, settings: ListenSettings) -> Iterator[Ear]:
    """The board listens until the end of the block, whatever ends it, Ctrl-C too.

    Raises:
        Refused: it has no microphone.
        BoardError: it does not answer.
    """
    ear = Ear(session)
    session.listen(settings)
    try:
        yield ear
    finally:
        ear.stop()
