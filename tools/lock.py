"""The installed packages that pyproject.toml reaches -> requirements.lock: `python tools/lock.py >requirements.lock`.

Walks from the direct dependencies to everything they need, and pins what is installed, without the tag of a local build
(2.13.0, not 2.13.0+cpu), so that the file holds on another machine. Packages that only other Pythons or systems need
are not installed here and so not pinned; pip resolves them.
"""

import sys
import tomllib
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

HEADER = """\
# Exact versions of everything in .venv, for Python 3.11 to 3.13. Written by `python tools/lock.py`; do not edit.
# pip adds what only your system needs (torch's CUDA packages on Linux, tzdata on Windows).
"""


def direct_requirements(pyproject: Path) -> list[Requirement]:
    """What pyproject.toml asks for, the build's requirements included: they are installed beforehand."""
    content = tomllib.loads(pyproject.read_text())
    project = content["project"]
    extras = [item for group in project.get("optional-dependencies", {}).values() for item in group]
    return [Requirement(item) for item in [*content["build-system"]["requires"], *project["dependencies"], *extras]]


def installed_closure(requirements: list[Requirement]) -> dict[str, str]:
    """Name -> version of every installed package that the requirements reach, without local build tags."""
    found: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    waiting = [(requirement, "") for requirement in requirements]
    while waiting:
        requirement, extra = waiting.pop()
        applies = requirement.marker is None or requirement.marker.evaluate({"extra": extra})
        package = _installed(requirement.name) if applies else None
        if package is None:
            continue
        name = canonicalize_name(package.metadata["Name"])
        found[name] = package.version.partition("+")[0]
        for wanted in {"", *requirement.extras} - {wanted for key, wanted in seen if key == name}:
            seen.add((name, wanted))
            waiting += [(Requirement(text), wanted) for text in package.requires or ()]
    return found


def _installed(name: str) -> Distribution | None:
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None


if __name__ == "__main__":
    pins = installed_closure(direct_requirements(Path(__file__).resolve().parent.parent / "pyproject.toml"))
    sys.stdout.write(HEADER + "".join(f"{name}=={version}\n" for name, version in sorted(pins.items())))
