"""Programs of others that are not here: an executable plays back what the real one says and keeps what it was asked.

arduino-cli's answers are written after its sources (1.x: internal/cli/compile, upload and feedback); what pyocd says
without a probe was recorded from pyocd 0.46.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

_SCRIPT = """#!{python}
import json, sys, time
from pathlib import Path
folder = Path({folder!r})
answers = json.loads((folder / "answers.json").read_text())
with (folder / "asked.jsonl").open("a") as file:
    file.write(json.dumps(sys.argv[1:]) + "\\n")
answer = answers[sys.argv[1]]
if answer.get("touch"):
    Path(answer["touch"]).touch()
time.sleep(answer.get("seconds", 0))
sys.stdout.write(answer.get("out", ""))
sys.stderr.write(answer.get("err", ""))
sys.exit(answer.get("status", 0))
"""


@dataclass
class PlayedBack:
    """One such program."""

    folder: Path

    def asked(self) -> list[list[str]]:
        """Its arguments, call by call."""
        file = self.folder / "asked.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def play_back(folder: Path, name: str, answers: dict[str, dict], monkeypatch) -> PlayedBack:
    """Put a program of this name onto an otherwise empty PATH; answers: by its first argument."""
    folder = folder / f"fake {name}"
    folder.mkdir(exist_ok=True)
    (folder / "answers.json").write_text(json.dumps(answers))
    script = folder / name
    script.write_text(_SCRIPT.format(python=sys.executable, folder=str(folder)))
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    return PlayedBack(folder)
