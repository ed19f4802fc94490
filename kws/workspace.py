"""Where the repository is, also from inside the copies in which DVC runs `--temp` and `--queue` experiments."""

from pathlib import Path


def repository_root(start: Path | None = None) -> Path:
    """The repository a person works in.

    DVC runs queued and temporary experiments in `<root>/.dvc/tmp/exps/...`, a copy without ignored files. Paths that
    a person gave relative to the repository, and the ignored store, belong to the root, not to the copy.
    """
    here = (start or Path.cwd()).resolve()
    experiments = _experiments_folder(here)
    if experiments is not None:
        return experiments.parent.parent.parent
    for folder in (here, *here.parents):
        if (folder / "dvc.yaml").exists():
            return folder
    return here


def user_path(text: str) -> Path:
    """A path a person typed into params.yaml: absolute, with ~, or relative to the repository's root."""
    path = Path(text).expanduser()
    return path if path.is_absolute() else repository_root() / path


def in_experiment(folder: Path) -> bool:
    """Whether a folder lies in a copy that DVC made for an experiment."""
    return _experiments_folder(folder) is not None


def _experiments_folder(folder: Path) -> Path | None:
    """`<root>/.dvc/tmp/exps`, where the folder lies in it."""
    for parent in (folder, *folder.parents):
        if parent.name == "exps" and parent.parent.name == "tmp" and parent.parent.parent.name == ".dvc":
            return parent
    return None
