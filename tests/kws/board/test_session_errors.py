"""Sessions with boards that misbehave: silence, garbage, late and damaged answers, outputs of something else."""

import os
import socket
import threading
import time
import zlib
from contextlib import contextmanager

import numpy as np
import pytest
import serial

from kws.board import protocol
from kws.board.boards import board_named
from kws.board.session import Session
from kws.errors import BoardError
from kws.params import Flash

TIMEOUT_S = 0.5
CLIP = np.zeros(16000, np.int16)
CLIP_CRC32 = f"{zlib.crc32(bytes(32000)):08x}"
OUTPUT = (f"m-output-[0 1 4 {CLIP_CRC32}]", "m-logits-[0 00010203]", "m-probabilities-[0 0000000000000000]")


def reply(sequence: int, *lines: str) -> bytes:
    """A framed answer."""
    body = "".join(line + "\r\n" for line in lines)
    end = f"m-end-[{sequence} {len(body)}"
    return f"{body}{end} {zlib.crc32((body + end).encode()):08x}]\r\nm-ready\r\n".encode()


def standard(sequence: int, words: list[str]) -> bytes:
    """What a board with one model answers."""
    return {
        "hello": lambda: reply(
            sequence,
            f"m-hello-[{protocol.VERSION} scripted 1]",
            "m-clock-[1 core_cycles]",
            f"m-image-[{'0' * 64} 0]",
        ),
        "describe": lambda: reply(sequence, f"m-model-[0 a {'0' * 64} 1960 4]"),
        "model": lambda: reply(sequence, f"m-selected-[0 {'0' * 64}]"),
        "put": lambda: reply(sequence, f"m-put-[{words[1]} {words[2]}]"),
        "audio": lambda: reply(sequence, f"m-audio-[{words[1]} {words[2]}]"),
    }[words[0]]()


@contextmanager
def scripted(answers: dict, first: bytes = b""):
    """A board that says `first`, and answers a command with bytes, or with what a function of number and words gives.

    It gives the session. A list is used up, an answer each time; `answers[""]` is for whatever is not named.
    """
    is_open = threading.Event()  # pyserial drops what comes before

    def answer(frame: str) -> bytes:
        number, *words = frame.partition("#")[2].split(" ")[:-1]
        found = answers.get(words[0], answers.get(""))
        found = found.pop(0) if isinstance(found, list) else found
        if found is None:
            return standard(int(number), words)
        return found(int(number), words) if callable(found) else found

    def serve(connection: socket.socket) -> None:
        with connection:
            is_open.wait(10)
            connection.sendall(first)
            received = b""
            while data := connection.recv(65536):
                received += data
                while b"%" in received:
                    frame, _, received = received.partition(b"%")
                    if b"#" in frame:
                        connection.sendall(answer(frame.decode("latin-1")))

    with socket.create_server(("127.0.0.1", 0)) as server:
        accepting = threading.Thread(target=lambda: serve(server.accept()[0]))
        accepting.start()
        with serial.serial_for_url(f"socket://127.0.0.1:{server.getsockname()[1]}") as port:
            is_open.set()
            yield Session(port, TIMEOUT_S)
        accepting.join()


def greeted(session: Session) -> Session:
    session.handshake()
    session.select_model(0)
    session.upload(CLIP)
    return session


def test_silence_says_what_to_look_at():
    with (
        scripted({"": b""}) as session,
        pytest.raises(BoardError, match=r"socket://.*hello.*nothing.*powered.*flash\.baud"),
    ):
        session.handshake()


def test_another_program_on_the_line():
    with scripted({"": b""}, b"login: \r\n") as session:
        with pytest.raises(BoardError, match=r"no answer in time"):
            session.handshake()
        assert "< login: \n" in session.transcript.text() and "line feeds)" in session.transcript.text()


def test_a_board_of_the_version_before_is_asked_to_be_programmed():
    with (
        scripted({"hello": b"e-[unknown_command]\r\nm-ready\r\n"}) as session,
        pytest.raises(BoardError, match=r"unknown_command.*does it hold this firmware \(`dvc repro -f flash`\)"),
    ):
        session.handshake()


def test_what_comes_late_is_not_taken_for_the_next_answer():
    late = reply(2**31, *OUTPUT) + reply(3, *OUTPUT) + b"m-output-[0 1"
    with scripted({"run": lambda sequence, words: late + reply(sequence, *OUTPUT)}, first=late) as session:
        assert greeted(session).run().label == 1
        assert session.repeats == 0


def test_damaged_answers_are_asked_for_again():
    def answers() -> list:
        return [
            b"m-output-[0 1 4]\r\nm-ready\r\n",
            b"\xff\r\nm-ready\r\n",
            lambda sequence, words: reply(sequence, *OUTPUT),
        ]

    with scripted({"run": answers(), "output": [b"", *answers()]}) as session:
        assert greeted(session).run().label == session.output().label == 1
        assert session.repeats == 5
        assert session.transcript.text().count(" run ") == 1  # what went wrong on the way is not in it


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"m-output-[0 1 4]\r\nm-ready\r\n", "no right answer in 12 tries; to the last one: .*m-output-.0 1 4."),
        (b"m-end-[5 0 00000000]\r\nm-ready\r\n", "12 tries"),
        (b"x" * 300, "no answer in time; what came last: 'xxx"),
        (b"\xff\xfe\r\nm-ready\r\n", "12 tries"),
        (b"e-[fault: pc 00010203 cfsr 00000001]\r\n", "firmware has stopped: e-.fault: pc 00010203"),
        (b"m-output-[0 1 4]", r"no answer in time; what came last: 'm-output-\[0 1 4\]"),
        (b"", "no answer in time; what came last: nothing"),
    ],
)
def test_answers_that_are_no_answers(answer, message):
    with scripted({"run": answer}) as session:
        greeted(session)
        started = time.monotonic()
        with pytest.raises(
            BoardError, match=f"(?s)socket://.*command 'run': .*{message}.*line (\\d+) of the transcript"
        ):
            session.run()
        assert time.monotonic() - started < 6 * TIMEOUT_S
        assert session.transcript.text().count(" run ") >= 1
        with pytest.raises(BoardError, match="handshake"):
            session.features()
        session.handshake()


def test_an_upload_goes_on_in_smaller_parts():
    sizes: list[int] = []

    def put(sequence: int, words: list[str]) -> bytes:
        sizes.append(int(words[2]))
        return standard(sequence, words) if sizes[-1] <= 500 else b"\r\nm-ready\r\n"

    with scripted({"put": put}) as session:
        greeted(session)
        assert sizes == [4000, 4000, 2000, 2000, 1000, 1000, *[500] * 64]


def test_another_model_than_asked_for():
    with scripted({"model": lambda sequence, words: reply(sequence, f"m-selected-[0 {'f' * 64}]")}) as session:
        session.handshake()
        with pytest.raises(BoardError, match="asked for model 0, the board has selected"):
            session.select_model(0)


@pytest.mark.parametrize(
    ("head", "message"),
    [
        (f"m-output-[1 1 4 {CLIP_CRC32}]", "the output is of model 1, selected was 0"),
        ("m-output-[0 1 4 00000000]", f"clip with checksum 00000000, uploaded was {CLIP_CRC32}"),
    ],
)
def test_an_output_of_something_else(head, message):
    with scripted({"run": lambda sequence, words: reply(sequence, head, *OUTPUT[1:])}) as session:
        greeted(session)
        with pytest.raises(BoardError, match=message):
            session.run()


def test_the_answer_to_another_command():
    with scripted({"run": lambda sequence, words: reply(sequence, f"m-selected-[0 {'0' * 64}]")}) as session:
        greeted(session)
        with pytest.raises(BoardError, match="'selected' does not belong into an answer to 'run'"):
            session.run()


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="no pseudo-terminals here")
def test_a_device_that_takes_no_bytes():
    import tty

    master, slave = os.openpty()
    tty.setraw(slave)
    try:
        with serial.Serial(os.ttyname(slave)) as port:
            port.write_timeout = 0.1
            with pytest.raises(serial.SerialTimeoutException):
                port.write(bytes(1 << 20))  # its buffer is full now
            started = time.monotonic()
            with pytest.raises(BoardError, match=r"/dev/.*command 'hello': cannot send \(Write timeout\)"):
                Session(port, TIMEOUT_S).handshake()
            assert time.monotonic() - started < 20
    finally:
        os.close(master)
        os.close(slave)


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="no pseudo-terminals here")
def test_a_port_that_another_program_holds():
    master, slave = os.openpty()
    board = board_named(Flash(board="any", port=os.ttyname(slave), baud=115200, timeout_s=TIMEOUT_S))
    try:
        with board.open(), pytest.raises(BoardError, match=r"cannot be opened .*no other program hold"), board.open():
            pass
        with board.open():
            pass
    finally:
        os.close(master)
        os.close(slave)
