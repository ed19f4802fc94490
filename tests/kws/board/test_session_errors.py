"""Sessions with boards that misbehave: silence, garbage, late and damaged answers."""

import socket
import threading
import zlib
from contextlib import contextmanager

import pytest
import serial

from kws.board import protocol
from kws.board.session import Session
from kws.errors import BoardError


@contextmanager
def scripted(answers: dict[bytes, bytes], greets: bool = True, first: bytes = b""):
    """A board that says `first` and answers each command with fixed bytes; gives the session."""
    is_open = threading.Event()  # pyserial drops what comes before

    def serve(connection: socket.socket) -> None:
        with connection:
            is_open.wait(10)
            connection.sendall(first)
            received = b""
            while data := connection.recv(65536):
                received += data
                while b"%" in received:
                    command, _, received = received.partition(b"%")
                    word, _, count = command.strip(b"\n").partition(b" ")
                    answer = hello(int(count)) if greets and word == b"hello" else answers.get(command, b"")
                    connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as server:
        accepting = threading.Thread(target=lambda: serve(server.accept()[0]))
        accepting.start()
        with serial.serial_for_url(f"socket://127.0.0.1:{server.getsockname()[1]}") as port:
            is_open.set()
            yield Session(port, 0.5)
        accepting.join()


def reply(*lines: str) -> bytes:
    body = "".join(line + "\r\n" for line in lines).encode()
    return body + f"m-crc-[{zlib.crc32(body):08x}]\r\nm-ready\r\n".encode()


def hello(count: int) -> bytes:
    return reply(
        f"m-hello-[{count} {protocol.VERSION} scripted]",
        "m-clock-[1 core_cycles]",
        f"m-image-[{'0' * 64} 0]",
        "m-models-[1]",
        f"m-model-[0 a {'0' * 64} 1960 4]",
    )


def test_silence_says_what_to_look_at():
    with (
        scripted({}, greets=False) as session,
        pytest.raises(BoardError, match=r"socket://.*hello.*nothing.*powered.*flash\.baud"),
    ):
        session.handshake()


def test_another_program_on_the_port():
    with scripted({}, False, b"login: \r\n") as session:
        with pytest.raises(BoardError, match=r"no answer in time"):
            session.handshake()
        assert "< login: \n" in session.transcript.text() and "line feeds)" in session.transcript.text()


def test_a_late_answer_is_not_taken_for_the_next():
    with scripted({b"run": b"m-output-[0 1 4]\r\n"}) as session:
        session.handshake()
        with pytest.raises(BoardError, match=r"command 'run': no answer in time; what came last: nothing"):
            session.run()
        with pytest.raises(BoardError, match="handshake"):
            session.run()
        session.handshake()


def test_answers_to_earlier_greetings_are_dropped():
    with scripted({}, first=hello(1) + hello(2) + b"m-output-[0 1") as session:
        assert session.handshake().board == "scripted"
        assert session.handshake().board == "scripted"


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"m-output-[0 1 4]\r\nm-ready\r\n", "no checksum"),
        (b"m-output-[0 1 4]\r\nm-crc-[00000000]\r\nm-ready\r\n", "checksum is 00000000"),
        (b"x" * 300, "does not end"),
        (b"x" * 300 + b"\r\n", "a line (does not end|is longer than 256)"),
        (b"\xff\xfe\r\nm-ready\r\n", "no checksum"),
        (b"e-[fault: pc 00010203 cfsr 00000001]\r\n", "firmware has stopped: e-.fault: pc 00010203"),
        (b"m-output-[0 1 4]", r"no answer in time; what came last: 'm-output-\[0 1 4\]'"),
    ],
)
def test_answers_that_are_no_answers(answer, message):
    with scripted({b"run": answer}) as session:
        session.handshake()
        with pytest.raises(BoardError, match=f"(?s)socket://.*command 'run': .*{message}"):
            session.run()
        with pytest.raises(BoardError, match="handshake"):
            session.features()


def test_another_model_than_asked_for():
    with scripted({b"model 0": reply(f"m-selected-[0 {'f' * 64}]")}) as session:
        session.handshake()
        with pytest.raises(BoardError, match="asked for model 0, the board has selected"):
            session.select_model(0)
