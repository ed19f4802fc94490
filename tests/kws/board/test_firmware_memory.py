"""A whole session again under valgrind, and with gcc's sanitizers, on the host port: clean, the same answers."""

import re
import shutil
import subprocess

import numpy as np
import pytest

from kws.board import protocol, replies
from kws.board.session import Session
from tests.support_board import HostBoard

TIMEOUT_S = 20.0
SANITIZED = ("-std=c11", "-O1", "-g", "-ffp-contract=off", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
INCLUDES = ("-Iinclude", "-Isrc", "-Iport")


class Tap:
    """An open port whose written bytes are kept."""

    def __init__(self, port) -> None:
        self._port, self.written = port, b""

    def __getattr__(self, name: str):
        return getattr(self._port, name)

    def write(self, data: bytes) -> None:
        self.written += data
        self._port.write(data)


@pytest.fixture(scope="module")
def files(tmp_path_factory, clips):
    folder = tmp_path_factory.mktemp("board")
    (folder / "flash.bin").write_bytes(b"an image" * 100)
    (folder / "heard.raw").write_bytes(clips[5].astype("<i2").tobytes())
    return [folder / "flash.bin", folder / "heard.raw"]


@pytest.fixture(scope="module")
def conversation(host_program, files, clips) -> bytes:
    """What a host says in a session that reaches every command and many errors."""
    with HostBoard(host_program, files[0], microphone=files[1]).open() as port:
        tap = Tap(port)
        session = Session(tap, TIMEOUT_S)
        session.handshake()
        for index in (0, 1):
            session.upload(clips[2 + index])
            session.select_model(index)
            for step in (session.run, session.time, session.classify, session.time_model, session.output):
                step()
            session.features()
        assert np.array_equal(session.record(), clips[5])
        with pytest.raises(replies.Refused):
            session.select_model(7)
    digits = "".join(f"db {'8f' * 31}%" for _ in range(64))
    mlperf = (
        f"name%timestamp%profile%help%db load 1960%{digits}db print 30%infer 2 1%results%db%db load 0%db x%infer 0%"
    )
    rest = mlperf + "x" * 200 + "%#1 run 00000000%#%%" + protocol.frame(99, "put 31999 2 00000000")
    return tap.written + rest.encode()


def answers(command: list, conversation: bytes) -> tuple[list[str], str]:
    """The lines of a program that hears the conversation, without what is a time or depends on one; and its stderr."""
    done = subprocess.run(command, input=conversation, capture_output=True, timeout=300, check=False)
    complaints = done.stderr.decode(errors="replace")
    assert done.returncode == 0, complaints
    timed = re.compile(r"m-(cycles|end|lap-us)-")
    return [line for line in done.stdout.decode().splitlines() if not timed.match(line)], complaints


@pytest.fixture(scope="module")
def expected(host_program, files, conversation) -> list[str]:
    lines, complaints = answers([host_program, *files], conversation)
    assert complaints == "" and len(lines) > 600 and "e-[damaged]" in lines and "e-[bad_size]" in lines
    return lines


@pytest.mark.skipif(shutil.which("valgrind") is None, reason="no valgrind here")
def test_valgrind_finds_nothing(host_program, files, conversation, expected):
    command = ["valgrind", "--error-exitcode=9", "--leak-check=full", "--track-origins=yes", host_program, *files]
    lines, complaints = answers(command, conversation)
    assert lines == expected
    assert "ERROR SUMMARY: 0 errors from 0 contexts" in complaints


@pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc here")
def test_the_sanitizers_find_nothing(host_program, files, conversation, expected, tmp_path):
    folder = host_program.parent
    sources = [path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.suffix in (".c", ".S")]
    sanitized = tmp_path / "sanitized"
    command = ["gcc", *SANITIZED, *INCLUDES, *sources, "-o", sanitized]
    built = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    if "cannot find" in built.stderr:
        pytest.skip("gcc has no sanitizers here")
    assert built.returncode == 0, built.stderr
    lines, complaints = answers([sanitized, *files], conversation)
    assert lines == expected and complaints == ""
