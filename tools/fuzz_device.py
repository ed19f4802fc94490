"""A coverage-guided fuzzer on the board's command loop: the whole firmware, fed what a host might send.

    python tools/fuzz_device.py --cpu-seconds 3600 --workers 2

It needs clang with libFuzzer (on Debian: clang and libclang-rt-14-dev); address and undefined-behaviour sanitizers are
on. What it finds stops it with an error. Otherwise tests/firmware/corpus.zip gets the inputs that its coverage needs;
tests/firmware/test_fuzz_corpus.py replays them.
"""

import argparse
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import zipfile
import zlib
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

from kws.board import protocol  # noqa: E402
from kws.board.build import stage_fuzz  # noqa: E402
from kws.params import load_params  # noqa: E402
from tests.support_board import write_models  # noqa: E402

CORPUS = REPOSITORY / "tests" / "firmware" / "corpus.zip"
ROUND_S = 300
INPUT_BYTES_MAX = 6000
_FLAGS = ("-std=c11", "-g", "-O1", "-fno-omit-frame-pointer", "-ffp-contract=off", "-Iinclude", "-Isrc", "-Iport")
_SANITIZERS = "-fsanitize=fuzzer,address,undefined"


def build(folder: Path, clang: str) -> Path:
    """The fuzzer as a program; folder must not exist."""
    models = write_models(folder.with_name(folder.name + "_models"))
    sources = stage_fuzz(folder, models, load_params(REPOSITORY / "params.yaml").front_end)
    firmware = [name for name in sources if not name.startswith("port/")]
    objects = []
    for name in [*firmware, "port/device.c", "port/fuzzer.c"]:
        state = ["-include", "port/state.h"] if name in firmware else []
        objects.append(name.replace("/", "_") + ".o")
        command = [clang, *_FLAGS, _SANITIZERS, "-fno-sanitize-recover=all", *state, "-c", name, "-o", objects[-1]]
        subprocess.run(command, cwd=folder, check=True)
    subprocess.run([clang, _SANITIZERS, *objects, "-o", "fuzzer"], cwd=folder, check=True)
    return folder / "fuzzer"


def seeds() -> list[bytes]:
    """Sessions that reach every command."""
    clip = bytes(range(256)) * 125
    greeting = protocol.frame(1, "hello").encode()
    examples = {
        "describe": "describe 1",
        "model": "model 1",
        "audio": f"audio {len(clip)} {zlib.crc32(clip):08x}",
        "samples": "samples 0 70",
        "features": "features 0 70",
        "listen": "listen 2 3 200 0",
    }
    framed = [
        greeting + protocol.frame(2, examples.get(name, name)).encode()
        for name in protocol.COMMANDS
        if name not in ("put", "hello")
    ]
    computing = b"".join(
        protocol.frame(number, command).encode()
        for number, command in enumerate(("record", "run", "time", "time_model", "classify", "output", "model 1"), 2)
    )
    listening = b"".join(
        protocol.frame(number, command).encode()
        for number, command in enumerate(("listen 1 1 0 0", "stop", "model 1", "listen 1 8 0 100", "time", "stop"), 2)
    )
    part = clip[:64]
    put = greeting + protocol.frame(2, f"put 0 64 {zlib.crc32(part):08x}").encode() + part
    digits = "".join(f"db {'1f' * 31}%" for _ in range(64)).encode()
    mlperf = b"name%timestamp%profile%help%db load 1960%" + digits + b"infer 2 1%results%db print 20 1950%db print%"
    return [
        *framed,
        greeting + computing,
        greeting + listening,
        put,
        mlperf,
        b"db%db load%db load 0%db 0%db 0g%db load 2%db 00112233%infer -1%",
    ]


def dictionary(path: Path) -> None:
    """The protocol's words, for libFuzzer."""
    words = [
        *protocol.COMMANDS,
        *protocol.MLPERF,
        "load",
        "print",
        "#",
        "%",
        " 00000000%",
        "1960",
        "32000",
        "4294967295",
    ]
    path.write_text("".join(f'"{word}"\n' for word in words))


def fuzz(folder: Path, fuzzer: Path, grown: Path, cpu_seconds: float, workers: int) -> tuple[int, float]:
    """Rounds of all workers on one corpus until so much CPU time is spent; inputs tried, and the time.

    Ends the program where something is found.
    """
    dictionary(folder / "words")
    command = [fuzzer, f"-max_len={INPUT_BYTES_MAX}", "-timeout=60", f"-dict={folder / 'words'}",
               f"-artifact_prefix={folder}/", "-print_final_stats=1", "-reload=1", grown]  # fmt: skip
    tried, before_s, turn = 0, children_s(), 0
    while (spent_s := children_s() - before_s) < cpu_seconds:
        limit = f"-max_total_time={max(1, min(ROUND_S, round((cpu_seconds - spent_s) / workers)))}"
        logs = [folder / f"log{i}" for i in range(workers)]
        running = []
        for log in logs:
            turn += 1
            with log.open("w") as file:
                line = [*map(str, command), limit, f"-seed={turn}"]
                running.append(subprocess.Popen(line, cwd=folder, stderr=file, stdout=subprocess.DEVNULL))
        statuses = [process.wait() for process in running]
        texts = [log.read_text(errors="replace") for log in logs]
        if any(statuses):
            sys.exit("\n".join(text[-6000:] for text, status in zip(texts, statuses, strict=True) if status))
        tried += sum(int(re.search(r"number_of_executed_units:\s*(\d+)", text).group(1)) for text in texts)
        print(f"{children_s() - before_s:.0f} s of CPU, {tried} inputs, {len(list(grown.iterdir()))} kept", flush=True)
    return tried, children_s() - before_s


def children_s() -> float:
    """CPU time of the processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def unpack(folder: Path) -> None:
    """The corpus so far, and the seeds, into a folder."""
    folder.mkdir()
    if CORPUS.is_file():
        with zipfile.ZipFile(CORPUS) as archive:
            archive.extractall(folder)
    for number, seed in enumerate(seeds()):
        (folder / f"seed_{number:02d}").write_bytes(seed)


def minimise(fuzzer: Path, grown: Path) -> None:
    """Keep in CORPUS what the coverage of `grown` needs; the same bytes for the same inputs."""
    kept = grown.with_name("kept")
    kept.mkdir()
    command = [fuzzer, "-merge=1", f"-max_len={INPUT_BYTES_MAX}", kept, grown]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    inputs = sorted(kept.iterdir())
    with zipfile.ZipFile(CORPUS, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in inputs:
            archive.writestr(zipfile.ZipInfo(path.name), path.read_bytes(), zipfile.ZIP_DEFLATED, 9)
    print(f"{len(inputs)} inputs, {CORPUS.stat().st_size} bytes in {CORPUS.relative_to(REPOSITORY)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cpu-seconds", type=float, default=60, help="of all workers together")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    options = parser.parse_args()
    clang = shutil.which("clang") or sys.exit("clang is missing: it has libFuzzer (Debian: clang, libclang-rt-14-dev)")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fuzzer, grown = build(folder / "build", clang), folder / "corpus"
        unpack(grown)
        tried, spent_s = fuzz(folder, fuzzer, grown, options.cpu_seconds, options.workers)
        minimise(fuzzer, grown)
    print(f"{tried} inputs in {spent_s:.0f} s of CPU, nothing found")


if __name__ == "__main__":
    main()
