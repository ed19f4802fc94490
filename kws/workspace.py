"""Where the repository is, also from inside the copies in which DVC runs `--temp` and `--queue` experiments."""

from pathlib import Path


def repository_root(start: Path | None = None) -> Path:
    """The repository a person works in.

    DVC runs queued and temporary experiments in `<root>/.dvc/tmp/exps/...`, a copy without ignored files. Paths that
    a person gave relative to the repository, and the ignored store, belong to the root, not to the copy.
    """
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if folder.name == "exps" and folder.parent.name == "tmp" and folder.parent.parent.name == ".dvc":
            return folder.parent.parent.parent
    for folder in (here, *here.parents):
        if (folder / "dvc.yaml").exists():
            return folder
    return here


def user_path(text: str) -> Path:
    """A path a person typed into params.yaml: absolute, with ~, or relative to the repository's root."""
    path = Path(text).expanduser()
    return path if path.is_absolute() else repository_root() / path
