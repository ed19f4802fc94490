"""A client of MLPerf Tiny's device protocol, written from its description alone: it knows nothing of this repository.

Text; the host ends a command with `%` and sends no newline; the device ends lines with CR LF, of which the host drops
CR, LF and NUL; a line that contains `m-ready` ends an answer. The host waits 5 s a line, 30 s while it infers.
"""

import re
import time

LINE_TIMEOUT_S, INFER_TIMEOUT_S = 5.0, 30.0
START_TIMEOUT_S = 60.0  # ours: an emulated board is a process that is loaded first, on cores that others use
LOAD_BYTES = 31  # a command
TRIES = 3


class DeviceError(Exception):
    """The device answered with e-[TEXT]."""


class Client:
    """A device on an open port: anything with `read(n)` (which may give b"" after a while) and `write(bytes)`."""

    def __init__(self, port) -> None:
        self._port = port
        self._rest = b""

    def line(self, timeout_s: float = LINE_TIMEOUT_S) -> str:
        """The next line; TimeoutError where none comes."""
        deadline = time.monotonic() + timeout_s
        while b"\n" not in self._rest:
            if time.monotonic() > deadline:
                raise TimeoutError(f"no line within {timeout_s} s; so far {self._rest!r}")
            self._rest += self._port.read(1)
        line, _, self._rest = self._rest.partition(b"\n")
        assert line.endswith(b"\r"), f"{line!r} ends without CR LF"
        return re.sub(rb"[\r\n\0]", b"", line).decode("ascii")

    def until_ready(self, timeout_s: float = LINE_TIMEOUT_S) -> list[str]:
        """Lines before the one that says that the device is ready."""
        lines = []
        while "m-ready" not in (line := self.line(timeout_s)):
            lines.append(line)
        return lines

    def ask(self, command: str, timeout_s: float = LINE_TIMEOUT_S) -> list[str]:
        """The lines of an answer; DeviceError where one of them is an error."""
        self._port.write(f"{command}%".encode())
        lines = self.until_ready(timeout_s)
        if errors := [line for line in lines if line.startswith("e-")]:
            assert all(re.fullmatch(r"e-\[[^]]*\]", line) for line in errors), errors
            raise DeviceError(errors[0])
        return lines

    def started(self) -> list[str]:
        """Wait until the device answers; what it said before that, or nothing where it spoke before the port was open.

        A port that is opened loses what had come by then, so what a device says at its start may never be seen.
        """
        self._port.write(b"name%")
        before: list[str] = []
        lines = self.until_ready(START_TIMEOUT_S)
        while not any(line.startswith("m-name-dut") for line in lines):
            before += lines
            lines = self.until_ready(START_TIMEOUT_S)
        return before

    def name(self) -> str:
        """The device's name; asked three times at most."""
        return self._matched("name", r"m-name-dut-\[([^]]+)\]")[0]

    def profile(self) -> tuple[str, str]:
        """Firmware and model; asked three times at most."""
        return tuple(self._matched("profile", r"m-profile-\[([^]]+)\]", r"m-model-\[([^]]+)\]"))

    def timestamp_us(self) -> int:
        """Microseconds of the device's clock."""
        (line,) = self.ask("timestamp")
        return int(re.fullmatch(r"m-lap-us-(\d+)", line).group(1))

    def load(self, data: bytes, bytes_a_command: int = LOAD_BYTES) -> None:
        """Put an input into the device's buffer."""
        assert self.ask(f"db load {len(data)}") == [f"m-[Expecting {len(data)} bytes]"]
        for start in range(0, len(data), bytes_a_command):
            part = data[start : start + bytes_a_command]
            last = start + len(part) == len(data)
            assert self.ask(f"db {part.hex()}") == (["m-load-done"] if last else [])

    def loaded(self, arguments: str = "") -> bytes:
        """What is in the buffer, from the lines of `db print`."""
        lines = self.ask(f"db print {arguments}".strip())
        found = [re.fullmatch(r"m-buffer-([0-9a-f]{2}(?:-[0-9a-f]{2}){0,7})", line).group(1) for line in lines]
        assert all(len(text) == 8 * 3 - 1 for text in found[:-1]), "eight bytes a line"
        return bytes.fromhex("".join(found).replace("-", ""))

    def infer(self, arguments: str) -> tuple[int, int, int, list[float]]:
        """Warm-ups, inferences, microseconds that the inferences took, results."""
        lines = self.ask(f"infer {arguments}".strip(), INFER_TIMEOUT_S)
        pattern = (
            r"m-warmup-start-(\d+)\nm-warmup-done\nm-infer-start-(\d+)\nm-lap-us-(\d+)\nm-lap-us-(\d+)\nm-infer-done\n"
            r"(m-results-\[.*\])"
        )
        warm_ups, count, start, end, results = re.fullmatch(pattern, "\n".join(lines)).groups()
        return int(warm_ups), int(count), int(end) - int(start), self._numbers(results)

    def results(self) -> list[float]:
        """The last inference's."""
        (line,) = self.ask("results")
        return self._numbers(line)

    def _numbers(self, line: str) -> list[float]:
        text = re.fullmatch(r"m-results-\[(\d\.\d{3}(?:,\d\.\d{3})*)\]", line).group(1)
        return [float(number) for number in text.split(",")]

    def _matched(self, command: str, *patterns: str) -> list[str]:
        for _ in range(TRIES):
            lines = self.ask(command)
            matches = [re.fullmatch(pattern, line) for pattern, line in zip(patterns, lines, strict=True)]
            if all(matches):
                return [match.group(1) for match in matches]
        raise AssertionError(f"{command}: {lines}")
