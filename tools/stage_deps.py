"""Bring the deps of dvc.yaml up to date with what the stage scripts import. Run it after adding or moving a module.

    python tools/stage_deps.py

What a stage reads (artifacts/, metrics/, plots/, firmware, recordings) stays as it is written; the scripts and modules
after it are listed anew. A folder stands for its files where a stage imports all of them.
"""

import ast
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
DATA = ("artifacts/", "metrics/", "plots/", "firmware", "recordings", "references")


def main() -> None:
    """Rewrite dvc.yaml in place; nothing but the deps changes."""
    text = (ROOT / "dvc.yaml").read_text()
    for stage, entry in yaml.safe_load(text)["stages"].items():
        data = [dep for dep in entry["deps"] or [] if dep.startswith(DATA)]
        lines = [f"      - {dep}" for dep in [*data, *_collapsed(imported_files(ROOT / "stages" / f"{stage}.py"))]]
        start = text.index("    deps:", text.index(f"\n  {stage}:\n"))
        end = text.index("    params:", start)
        text = text[:start] + "    deps:\n" + "\n".join(lines) + "\n" + text[end:]
    (ROOT / "dvc.yaml").write_text(text)


def imported_files(script: Path) -> set[Path]:
    """The script and every file of kws/ that it imports, wherever the import stands, and what those import."""
    found: set[Path] = set()
    waiting = [script]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += [file for name in imported_names(path) for file in files_of(name)]
    return found


def imported_names(path: Path) -> set[str]:
    """Dotted names under kws that a file imports; `from kws.a import b` may name the module kws.a.b."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                sys.exit(f"{path}: write imports in full; deps are read from them")
            names |= {node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {name for name in names if name.split(".")[0] == "kws"}


def files_of(name: str) -> list[Path]:
    """The files that importing a dotted name runs: the module and the __init__ of every package above it."""
    parts = name.split(".")
    inits = [ROOT.joinpath(*parts[:depth], "__init__.py") for depth in range(1, len(parts) + 1)]
    return [path for path in [*inits, ROOT.joinpath(*parts).with_suffix(".py")] if path.is_file()]


def _collapsed(files: set[Path]) -> list[str]:
    """Paths relative to the root, in order, folders below kws/ in place of all their files."""
    names = {str(path.relative_to(ROOT)) for path in files}
    for folder in sorted(path for path in (ROOT / "kws").iterdir() if path.is_dir()):
        inside = {str(path.relative_to(ROOT)) for path in folder.rglob("*.py")}
        if inside and inside <= names:
            names = (names - inside) | {str(folder.relative_to(ROOT))}
    return sorted(names, key=lambda name: (not name.startswith("stages/"), name))


if __name__ == "__main__":
    main()
