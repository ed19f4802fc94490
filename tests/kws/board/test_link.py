"""The far end of the emulated board's line. The pseudo-terminal is tested with the board, in test_emulator.py."""

import socket

from kws.board.link import TcpLink


def test_tcp_link_takes_one_client_after_the_other_and_drops_what_nobody_hears() -> None:
    link = TcpLink()
    port = int(link.url.rsplit(":", 1)[1])
    link.write(b"nobody")
    assert link.read(10, 0.0) == b""
    for text in (b"one", b"two"):
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(text)
            assert link.read(10, 5.0) == text
            link.write(text.upper())
            assert client.recv(10) == text.upper()
        assert link.read(10, 5.0) == b""  # it hung up
    link.close()
