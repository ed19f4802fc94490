"""A headless Chromium on files, driven through its debugging pipe (DevTools protocol), without a network.

`chromium()` gives the program or skips the test. A `Page` knows every address that was asked for and every error in its
console. The pipe is file descriptors 3 (to the browser) and 4 (from it); messages are JSON, each ended by a zero byte.
"""

import base64
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kws.report.pdf import FLAGS, browser

_LOCAL = ("file:", "data:", "blob:", "about:")
# No name resolves and no address answers, so that a request that leaves the machine fails as well as being counted.
_NO_NETWORK = ("--host-resolver-rules=MAP * ~NOTFOUND", "--proxy-server=127.0.0.1:9", "--remote-debugging-pipe")
# Becomes the browser, with the two ends of the pipes under the numbers that it expects.
_START = """
import fcntl, os, sys
ends = [fcntl.fcntl(int(end), fcntl.F_DUPFD, 10) for end in sys.argv[1:3]]
os.dup2(ends[0], 3)
os.dup2(ends[1], 4)
os.execv(sys.argv[3], sys.argv[3:])
"""


def chromium() -> str:
    """The browser, or a skipped test."""
    found = browser()
    if found is None:
        pytest.skip("no Chromium or Chrome on PATH: on Debian and Ubuntu `apt install chromium`")
    return found


class Page:
    """A tab: what it asked for, what its console said, and its answers."""

    def __init__(self, send: int, receive: int) -> None:
        self._send, self._receive, self._buffer, self._number = send, receive, b"", 0
        self.requests: list[str] = []
        self.errors: list[str] = []
        target = self._ask("Target.createTarget", {"url": "about:blank"}, None)["targetId"]
        self._session = self._ask("Target.attachToTarget", {"targetId": target, "flatten": True}, None)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self._ask(f"{domain}.enable")

    def open(self, path: Path, dark: bool = False, width: int = 1200) -> None:
        """Load a file and wait until it is complete."""
        self._ask("Emulation.setDeviceMetricsOverride",
                  {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False})  # fmt: skip
        self.scheme(dark)
        self._ask("Page.navigate", {"url": path.resolve().as_uri()})
        self.wait_for("document.readyState === 'complete' && location.href !== 'about:blank'")

    def scheme(self, dark: bool) -> None:
        """What the reader prefers."""
        value = "dark" if dark else "light"
        self._ask("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": value}]})

    def evaluate(self, expression: str):
        """The value of an expression of the page. Raises AssertionError where it throws."""
        answer = self._ask("Runtime.evaluate", {"expression": expression, "returnByValue": True, "awaitPromise": True})
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def wait_for(self, expression: str, seconds: float = 60) -> None:
        """Until the expression is true. Raises AssertionError after that many seconds."""
        deadline = time.monotonic() + seconds
        while not self.evaluate(expression):
            assert time.monotonic() < deadline, f"never true: {expression}; console: {self.errors}"
            time.sleep(0.1)

    def screenshot(self, path: Path, selector: str = "html") -> None:
        """A PNG of an element, however far down the page."""
        box = self.evaluate(
            f"(() => {{ const b = document.querySelector({json.dumps(selector)}).getBoundingClientRect();"
            "return {x: b.x + scrollX, y: b.y + scrollY, width: b.width, height: b.height}; })()"
        )
        answer = self._ask("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": {**box, "scale": 1}})
        path.write_bytes(base64.b64decode(answer["data"]))

    def outside(self) -> list[str]:
        """Addresses beyond this page's own file that were asked for and lie elsewhere than on this disk."""
        return [url for url in self.requests if not url.startswith(_LOCAL)]

    def _ask(self, method: str, parameters: dict | None = None, session: str | None = "own") -> dict:
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters or {}}
        if session is not None:
            message["sessionId"] = self._session
        os.write(self._send, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return answer["result"]
            self._note(answer.get("method"), answer.get("params", {}))

    def _next(self, seconds: float = 60) -> dict:
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._receive], [], [], seconds)
            part = os.read(self._receive, 1 << 16) if ready else b""
            assert part, "the browser went away or is silent"
            self._buffer += part
        message, self._buffer = self._buffer.split(b"\0", 1)
        return json.loads(message)

    def _note(self, method: str | None, event: dict) -> None:
        if method == "Network.requestWillBeSent":
            self.requests.append(event["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.errors.append(event["exceptionDetails"].get("exception", {}).get("description", str(event)))
        elif method == "Runtime.consoleAPICalled" and event["type"] in ("error", "warning", "assert"):
            self.errors.append(" ".join(str(one.get("value", one.get("description"))) for one in event["args"]))
        elif method == "Log.entryAdded" and event["entry"]["level"] in ("error", "warning"):
            self.errors.append(event["entry"]["text"])


@contextmanager
def page() -> Iterator[Page]:
    """A fresh browser with one empty tab; it is stopped at the end."""
    program = chromium()
    to_browser, from_browser = os.pipe(), os.pipe()
    profile = tempfile.mkdtemp()

    ends = (to_browser[0], from_browser[1])
    command = [sys.executable, "-c", _START, *map(str, ends), program, *FLAGS, *_NO_NETWORK]
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    running = subprocess.Popen([*command, f"--user-data-dir={profile}", "about:blank"], pass_fds=ends, **quiet)
    try:
        yield Page(to_browser[1], from_browser[0])
    finally:
        running.kill()
        running.wait()
        for end in (*to_browser, *from_browser):
            os.close(end)
        shutil.rmtree(profile, ignore_errors=True)
