"""Framed exchanges with a board through a line that loses, flips, doubles, delays and cuts bytes.

    python tools/faulty_link.py --exchanges 100000 --rates 0.0001 0.001 0.01 0.05 --shares 40 40 15 5 --seed 1
    python tools/faulty_link.py --exchanges 5000 --board host

Every value that the session gives is compared with what the host computes by itself. Reported are wrong values that
were accepted (there must be none), calls that did not come back (none), errors (each names its place in the
transcript), and the share of exchanges that ended with the right value. An exchange is a framed command; one fails
where the session's call ends with an error. With --write the table goes to results/faulty_link.json.
"""

import argparse
import json
import re
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

from kws.board.boards import EmulatorBoard  # noqa: E402
from kws.board.build import build_host_program, build_image  # noqa: E402
from kws.board.reference import postprocess  # noqa: E402
from kws.board.session import Session  # noqa: E402
from kws.errors import BoardError  # noqa: E402
from kws.files import write_json  # noqa: E402
from kws.params import FrontEnd, load_params  # noqa: E402
from tests.support_board import OUTPUT_SCALE, HostBoard, host_features, sums, write_models  # noqa: E402
from tests.support_faults import FaultyPort  # noqa: E402

RESULT = REPOSITORY / "results" / "faulty_link.json"
TIMEOUT_S = 2.0
HANG_S = 60.0
GREETINGS, QUIET_GREETINGS = 3, 10  # tries through the faults, then on a quiet line
BAUD = 921600


class Hang(Exception):
    """A call that did not come back."""


class Expected:
    """What two models make of some clips, computed by the host alone."""

    def __init__(self, front_end: FrontEnd, seed: int) -> None:
        generator = np.random.default_rng(seed)
        loud = (generator.integers(-32768, 32768, 16000).astype(np.int16) for _ in range(3))
        quiet = (generator.normal(0, 300, 16000).astype(np.int16) for _ in range(3))
        self.clips = [*loud, *quiet]
        self.features = [host_features(clip, front_end) for clip in self.clips]

    def logits(self, clip: int, model: int) -> np.ndarray:
        found = sums(self.features[clip])
        return found if model == 0 else found[::-1]


class Talk:
    """Random calls of a session, each checked against what must come of it."""

    def __init__(self, link: FaultyPort, expected: Expected, seed: int) -> None:
        self._link, self._expected = link, expected
        self._random = np.random.default_rng(seed)
        self.exchanges = self.wrong = self.errors = self.hangs = self.repeats = self.without_place = 0
        self.slowest_s = 0.0
        self.examples: list[str] = []
        self.greet()

    def greet(self) -> None:
        """A new session, the board on model 0 with a clip and its output."""
        for attempt in range(GREETINGS + QUIET_GREETINGS):
            if attempt == GREETINGS:
                self._link.quiet()
            self._session = Session(self._link, TIMEOUT_S)
            self._clip, self._model = int(self._random.integers(len(self._expected.clips))), 0
            try:
                with _bounded():
                    self._session.handshake()
                    self._session.select_model(0)
                    self._session.upload(self._expected.clips[self._clip])
                    self._check(self._session.run())
                break
            except BoardError as error:
                self._count(error)
                self._leave()
        else:
            raise BoardError("the board cannot be greeted on a quiet line")
        self._link.noisy()

    def _count(self, error: BoardError) -> None:
        self.errors += 1
        self.without_place += "of the transcript" not in str(error)
        if len(self.examples) < 3:
            self.examples.append(re.sub(r"^\S+, ", "", str(error)))

    def step(self) -> None:
        """One call."""
        started = time.monotonic()
        try:
            with _bounded():
                self._call()
        except BoardError as error:
            self._count(error)
            self._leave()
            self.greet()
        except Hang:
            self.hangs += 1
            self.greet()
        self.slowest_s = max(self.slowest_s, time.monotonic() - started)

    def total(self) -> int:
        """Exchanges so far."""
        return self.exchanges + self._session.exchanges

    def leave(self) -> None:
        """Count the last session too."""
        self._leave()

    def _leave(self) -> None:
        self.exchanges += self._session.exchanges
        self.repeats += self._session.repeats
        self._session = Session(self._link, TIMEOUT_S)

    def _call(self) -> None:
        session, chance = self._session, self._random.random()
        if chance < 0.45:
            self._model = int(self._random.integers(2))
            session.select_model(self._model)
            self._check(session.classify())
        elif chance < 0.93:
            self._check(session.output() if self._random.random() < 0.5 else session.classify())
        elif chance < 0.96:
            self.wrong += not np.array_equal(session.features(), self._expected.features[self._clip])
        elif chance < 0.965:
            self._clip = int(self._random.integers(len(self._expected.clips)))
            session.upload(self._expected.clips[self._clip])
            self._check(session.run())
        else:
            self._check(session.time_model().output)

    def _check(self, output) -> None:
        logits = self._expected.logits(self._clip, self._model)
        probabilities, label = postprocess(logits, OUTPUT_SCALE)
        right = (
            output.model == self._model
            and output.label == label
            and np.array_equal(output.logits, logits)
            and np.array_equal(output.probabilities, probabilities)
        )
        self.wrong += not right


@contextmanager
def _bounded() -> Iterator[None]:
    def late(*_: object) -> None:
        raise Hang

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, HANG_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def run(board, expected: Expected, rate: float, exchanges: int, seed: int) -> dict:
    """So many exchanges at a rate of faults a byte."""
    started = time.monotonic()
    with board.open() as port:
        link = FaultyPort(port, rate, seed, delay_s=TIMEOUT_S / 4)
        talk = Talk(link, expected, seed)
        while talk.total() < exchanges:
            talk.step()
        talk.leave()
    return {
        "rate": rate,
        "seed": seed,
        "exchanges": talk.exchanges,
        "wrong_values": talk.wrong,
        "hangs": talk.hangs,
        "errors": talk.errors,
        "errors_without_place": talk.without_place,
        "right_share": 1 - (talk.errors + talk.wrong) / talk.exchanges,
        "repeats": talk.repeats,
        "faults": link.counts,
        "examples": talk.examples,
        "slowest_s": round(talk.slowest_s, 1),
        "took_s": round(time.monotonic() - started),
    }


def board_of(kind: str, folder: Path, front_end: FrontEnd):
    """The emulated board, or the same firmware in a process of this machine, with two models."""
    models = write_models(folder / "models")
    if kind == "host":
        return HostBoard(build_host_program(models, front_end, folder / "build"), folder / "none")
    board = EmulatorBoard(BAUD, folder)
    board.program(build_image(models, front_end, folder / "build", BAUD).bin)
    return board


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--exchanges", type=int, default=5000)
    parser.add_argument("--rates", type=float, nargs="+", default=[0.0001, 0.001, 0.01, 0.05], help="of faults a byte")
    parser.add_argument("--shares", type=float, nargs="+", help="how the exchanges are shared between the rates")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--board", choices=("emulator", "host"), default="emulator")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    shares = options.shares or [1.0] * len(options.rates)
    front_end = load_params(REPOSITORY / "params.yaml").front_end
    rows = []
    with tempfile.TemporaryDirectory() as name:
        board, expected = board_of(options.board, Path(name), front_end), Expected(front_end, options.seed)
        counts = [round(options.exchanges * share / sum(shares)) for share in shares]
        seeds = [options.seed + place for place in range(len(counts))]
        with ProcessPoolExecutor(len(counts)) as pool:
            work = [(board, expected, *one) for one in zip(options.rates, counts, seeds, strict=True)]
            for row in pool.map(run, *zip(*work, strict=True)):
                rows.append(row)
                print(json.dumps(row), flush=True)
    if options.write:
        write_json(RESULT, {"board": options.board, "timeout_s": TIMEOUT_S, "runs": rows})
    if any(row["wrong_values"] or row["hangs"] or row["errors_without_place"] for row in rows):
        sys.exit("a wrong value was accepted, or a call did not come back, or an error does not name its place")


if __name__ == "__main__":
    main()
