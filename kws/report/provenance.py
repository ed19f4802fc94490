"""Where results come from: the revision, the parameters that the stages ran with, the machine, the versions.

In: the repository. Out: pairs of a name and its value. Nothing is asked of the network or of a clock.
"""

import json
import os
import platform
import subprocess
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from kws import yaml_files
from kws.errors import ArtifactError

PACKAGES = {
    "torch": "training",
    "torchaudio": "features of the training split",
    "numpy": "the reference front end",
    "nobuco": "PyTorch to Keras",
    "tensorflow": "Keras to TFLite",
    "ai-edge-litert": "TFLite's reference interpreter and the host's int8 time",
    "ziglang": "the cross-compiler",
    "unicorn": "the emulated board's processor",
    "capstone": "decoding for the cycle model",
    "dvc": "the graph",
    "matplotlib": "pictures",
}
_RESULTS = ("metrics", "plots", "params.yaml", "dvc.lock")


def versions() -> list[tuple[str, str, str]]:
    """Package, version and what it is for, of the environment that writes the report."""
    found = [("Python", platform.python_version(), "all of it")]
    for name, purpose in PACKAGES.items():
        try:
            found.append((name, version(name), purpose))
        except PackageNotFoundError:
            found.append((name, "not installed", purpose))
    return found


def machine() -> str:
    """The computer that writes the report, in one line."""
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"


def revision(root: Path) -> str:
    """The commit with its day, and whether results differ from it; without git it says so."""
    commit = _git(root, "log", "-1", "--format=%H, %cs")
    if not commit:
        return "not in git"
    changed = _git(root, "status", "--porcelain", "--", *_RESULTS)
    return f"{commit}; results differ from it" if changed else commit


def used_params(root: Path) -> dict[str, object]:
    """The parameters that the stages last ran with, by their dotted names, out of dvc.lock.

    Raises:
        ArtifactError: there is no dvc.lock, or none that DVC wrote.
    """
    path = root / "dvc.lock"
    try:
        stages = yaml_files.load(path.read_text())["stages"]
        sections = [stage.get("params", {}).get("params.yaml", {}) for stage in stages.values()]
    except FileNotFoundError:
        raise ArtifactError(f"{path} is missing: `dvc repro` writes it.") from None
    except (yaml_files.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise ArtifactError(
            f"{path} is not what DVC writes ({str(error).splitlines()[0]}): `git checkout dvc.lock`."
        ) from None
    found: dict[str, object] = {}
    for section in sections:
        found |= _flat(section)
    return dict(sorted(found.items()))


def _flat(values: Mapping, prefix: str = "") -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in values.items():
        name = f"{prefix}{key}"
        found |= _flat(value, f"{name}.") if isinstance(value, Mapping) else {name: value}
    return found


def shown(value: object) -> str:
    """A parameter's value as YAML would show it."""
    return json.dumps(value, ensure_ascii=False)


def _git(root: Path, *arguments: str) -> str:
    try:
        answer = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True)
    except OSError:
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""
