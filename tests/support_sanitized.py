"""Generated C as a program that stops at the first undefined behaviour, with guarded buffers where there is ASan.

    sanitized = Sanitized(folder)                      # kernels compiled once
    logits = sanitized.run(generated, features)        # a folder of one model

gcc or clang of this machine give AddressSanitizer and UBSan; the project's own compiler, which is always there, UBSan.
Input and logits are allocated to the byte, and every program holds one model, so its arena is as large as it says.
"""

import functools
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from tests.support_c import SOURCES

_FLAGS = ("-std=c11", "-O1", "-g", "-Wall", "-Wextra", "-Werror")
_BOTH = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-Wno-unknown-pragmas", "-ffp-contract=off")
_TRAP = ("-fsanitize=undefined", "-fsanitize-trap=undefined")
_MAIN = """
#include "model.h"
#include <stdio.h>
#include <stdlib.h>

int main(void) {
  const kws_model_t *model = kws_models[0];
  model->prepare();
  int8_t *input = malloc(model->input_bytes), *logits = malloc(model->classes);
  while (fread(input, 1, model->input_bytes, stdin) == model->input_bytes) {
    model->invoke(input, logits);
    fwrite(logits, 1, model->classes, stdout);
  }
  free(input);
  free(logits);
  return 0;
}
"""
MAX_SECONDS = 120


@functools.cache
def compiler() -> tuple[str, ...]:
    """The compiler's command with all the sanitizers that it has here."""
    with tempfile.TemporaryDirectory() as folder:
        source, program = Path(folder) / "main.c", Path(folder) / "main"
        source.write_text("int main(void) { return 0; }\n")
        for name in ("gcc", "clang"):
            command = (name, *_FLAGS, *_BOTH, "-fno-omit-frame-pointer")
            if shutil.which(name) and _works((*command, str(source), "-o", str(program)), (str(program),)):
                return command
    return (sys.executable, "-m", "ziglang", "cc", *_FLAGS, *_TRAP)


def _works(*commands: tuple[str, ...]) -> bool:
    return all(subprocess.run(command, capture_output=True).returncode == 0 for command in commands)


class Sanitized:
    """The kernels and a main(), compiled once; each model is linked to them and run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "main.c").write_text(_MAIN.lstrip())
        self._objects = [self._object(path) for path in [folder / "main.c", *sorted(SOURCES.glob("kernels_*.c"))]]

    def run(self, generated: Path, features: np.ndarray) -> np.ndarray:
        """(B, ...) int8 features to (B, K) int8 logits, by the one model of a folder that generate() wrote."""
        objects = [self._object(path) for path in sorted(generated.glob("*.c"))]
        program = self.folder / "program"
        self._compile(*self._objects, *objects, "-o", program)
        done = subprocess.run([program], input=features.tobytes(), capture_output=True, timeout=MAX_SECONDS)
        assert done.returncode == 0, done.stderr.decode(errors="replace")[-4000:] or f"signal {-done.returncode}"
        return np.frombuffer(done.stdout, np.int8).reshape(len(features), -1)

    def _object(self, source: Path) -> Path:
        target = self.folder / f"{source.stem}.o"
        self._compile("-c", source, "-o", target)
        return target

    def _compile(self, *arguments: object) -> None:
        command = [*compiler(), "-I", str(SOURCES), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=MAX_SECONDS)
        assert done.returncode == 0, done.stderr[-4000:]
