"""requirements.lock and pyproject.toml -> .venv with the pinned packages and this project. Standard library alone.

Run by tools/bootstrap.sh under a Python 3.11 to 3.13. A second run installs nothing: the stamp in .venv, written last,
holds the hash of both files. While an installation runs the stamp says so; where one was cut off, half a package may
lie about that pip cannot mend, so the next run makes .venv anew (from pip's own cache, mostly).
"""

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

UNFINISHED = "unfinished\n"
ROOT = Path(__file__).resolve().parent.parent


def stamp_text(root: Path) -> str:
    """What the stamp holds once everything in the two files is installed."""
    content = b"".join((root / name).read_bytes() for name in ("requirements.lock", "pyproject.toml"))
    return hashlib.sha256(content).hexdigest() + "\n"


def venv_python(folder: Path) -> Path:
    """The interpreter inside a virtual environment."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def is_usable(python: Path) -> bool:
    """Whether a virtual environment's interpreter still starts, has pip and is of a supported version."""
    check = "import sys, pip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))"
    return python.exists() and subprocess.run([python, "-c", check], capture_output=True).returncode == 0


def bootstrap(root: Path) -> None:
    """Bring `.venv` up to date; raises CalledProcessError where pip fails."""
    folder = root / ".venv"
    stamp, python = folder / "kws-installed", venv_python(folder)
    state = stamp.read_text() if stamp.exists() else ""
    if state == stamp_text(root) and python.exists():
        return
    if state == UNFINISHED or not is_usable(python):
        print(f"creating {folder} with Python {sys.version.split()[0]}", flush=True)
        venv.create(folder, clear=folder.exists(), with_pip=True, symlinks=os.name != "nt")
    stamp.write_text(UNFINISHED)
    print("installing the pinned packages: some minutes and 4 GB the first time", flush=True)
    pip = [python, "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off"]
    subprocess.run([*pip, "--requirement", root / "requirements.lock"], check=True, stdin=subprocess.DEVNULL)
    # Dependencies and the build's own requirements come from the lock file: nothing else is fetched.
    project = [*pip, "--no-deps", "--no-build-isolation", "--editable", root]
    subprocess.run(project, check=True, stdin=subprocess.DEVNULL)
    stamp.write_text(stamp_text(root))


if __name__ == "__main__":
    try:
        bootstrap(ROOT)
    except subprocess.CalledProcessError as error:
        sys.exit(f"the installation failed (status {error.returncode}); mend what pip says above and run make again.")
    except KeyboardInterrupt:
        sys.exit("interrupted; run make again to go on.")
