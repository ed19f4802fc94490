"""Fuzz the .tflite compiler, guided by coverage: whatever the file, C or a ModelError comes out, soon.

    pip install 'kws[fuzz]'                              # atheris: Linux, CPython 3.11 to 3.13
    python tools/fuzz_tflite.py --seconds 600 build/fuzz

Begins with small good models, keeps what reaches new code under <folder>/corpus, and goes on from there the next time.
Half of the mutations are libFuzzer's, half those of tests/support_mutation.py. A finding (an exception other than
ModelError, more than a few seconds, too much memory) ends the run; its file lies in the folder, and belongs under
tests/data/hostile once it is mended. The last lines say how many files were tried and how many the compiler took.
"""

import argparse
import os
import sys
import tempfile
import warnings
from pathlib import Path

import atheris
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

with atheris.instrument_imports(include=["kws"]):
    import kws.codegen.generate  # noqa: F401

from tests.support_mutation import compiled, mutated, seeds

MOST_BYTES = 1 << 14
MOST_RSS_MB = 500
MOST_SECONDS_A_FILE = 5


class Fuzzer:
    """Counts the files, and compiles each in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tried = self.accepted = 0

    def compile(self, data: bytes) -> None:
        self.tried += 1
        self.accepted += compiled(data, self.folder)
        if self.tried % 5000 == 0:
            print(f"{self.tried} files, {self.accepted} of them compiled", flush=True)


SEEDS = seeds()


def mutate(data: bytes, most_bytes: int, seed: int) -> bytes:
    """libFuzzer's next file: of its own making, or of ours."""
    if seed % 2:
        return atheris.Mutate(data, most_bytes)
    try:
        return mutated(np.random.default_rng(seed), [data, *SEEDS.values()])[:most_bytes]
    except Exception:  # what is damaged already has no objects to change
        return atheris.Mutate(data, most_bytes)


def main() -> None:
    """Run until the time is up or something is found; the exit status is libFuzzer's."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, help="corpus and findings")
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    corpus = options.folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for name, tflite in SEEDS.items():
        (corpus / f"seed_{name}").write_bytes(tflite)
    warnings.simplefilter("error")
    with tempfile.TemporaryDirectory() as out:
        fuzzer = Fuzzer(Path(out))
        flags = {"max_total_time": options.seconds, "seed": options.seed, "max_len": MOST_BYTES}
        flags |= {"rss_limit_mb": MOST_RSS_MB, "timeout": MOST_SECONDS_A_FILE, "print_final_stats": 1}
        flags |= {"artifact_prefix": f"{options.folder}{os.sep}"}
        arguments = [sys.argv[0], *(f"-{name}={value}" for name, value in flags.items()), str(corpus)]
        atheris.Setup(arguments, fuzzer.compile, custom_mutator=mutate)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
