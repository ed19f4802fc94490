"""protocol.h: every row of the table as C, and C that the compiler takes."""

import subprocess
import sys

from kws.board import protocol
from kws.board.protocol_header import header

PROGRAM = """
#include <stdint.h>
#include <stdio.h>
#include "protocol.h"
#define NAME(word, ...) #word "\\n"
int main(void) {
  static const char *const errors[] = {KWS_ERROR_CODES}, *const phases[] = {KWS_PHASE_NAMES};
  fputs(KWS_FRAMED_COMMANDS(NAME) KWS_PLAIN_COMMANDS(NAME), stdout);
  for (unsigned i = 1; i < sizeof errors / sizeof errors[0]; i++) puts(errors[i]);
  for (unsigned i = 0; i < KWS_PHASES; i++) puts(phases[i]);
  puts(KWS_REPLY_END KWS_LINE_EXPECTING KWS_LINE_EXPECTING_END KWS_LINE_LOAD_DONE);
  printf("%u %u\\n", KWS_NO_OUTPUT, KWS_BAUD);
}
"""


def test_a_c_program_finds_every_row(tmp_path):
    (tmp_path / "protocol.h").write_text(header(57600))
    (tmp_path / "program.c").write_text(PROGRAM)
    command = [sys.executable, "-m", "ziglang", "cc", "-Werror", "-Wall", "program.c", "-o", "program"]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=300)
    said = subprocess.run([tmp_path / "program"], capture_output=True, text=True, check=True, timeout=60).stdout
    assert said.splitlines() == [
        *protocol.COMMANDS,
        *protocol.MLPERF,
        *protocol.ERRORS,
        *protocol.PHASES,
        "m-end-[m-[Expecting  bytes]m-load-done",
        f"{[*protocol.ERRORS].index('no_output') + 1} 57600",
    ]


def test_the_number_of_words_stands_with_each_command():
    text = header(115200)
    for name, command in protocol.COMMANDS.items():
        assert f"X({name}, {len(command.arguments)})" in text
    for name, command in protocol.MLPERF.items():
        assert f"X({name}, {command.words[0]}, {command.words[1]})" in text
    assert text == header(115200)
