"""Run the whole graph in a copy of the repository, with a few parameters changed, and leave the workspace alone.

In: the files that git tracks, with whatever is not committed yet, and overrides of params.yaml. Out: a folder in which
all stages ran; its metrics/ and plots/ are then read, or copied to results/. `make quick`, `make real` and the test of
the whole graph do this.

Why a copy and not `dvc exp run --temp`: nothing of the workspace is touched at any moment, so there is nothing to
restore after an interruption; changes that are not committed take part; no reference is left behind in git; and
experiments lose outputs that git ignores. The copy shares DVC's cache where told to, so finished stages are not run
again, and always the store of partial work (kws/store.py), whose keys are hashes of inputs.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from kws import yaml_files
from kws.errors import DataError, KwsError, ParamsError
from kws.files import replaced_folder, write_text
from kws.params import load_params
from kws.store import store_root

# What the graph writes is not carried along: the copy's results come from the copy's run.
_RESULTS = ("metrics/", "plots/", "results/", "dvc.lock")
_RESULT_FOLDERS = ("metrics", "plots")
REAL_SPEECH = "speech_commands"  # under results/


def quick(repository: Path, overrides: dict | None = None) -> Path:
    """Run the graph on a small corpus with few epochs (params.quick.yaml, then overrides); returns its folder."""
    folder = repository / "build" / "quick"
    make_copy(
        repository, folder, _layered(yaml_files.load((repository / "params.quick.yaml").read_text()), overrides or {})
    )
    run_graph(folder, store_root())
    return folder


def real(repository: Path, data_root: str, overrides: dict | None = None, name: str = REAL_SPEECH) -> Path:
    """Run the graph on real speech and put its metrics and plots where they are kept; returns that folder.

    What differs from params.yaml is kept beside them, in changed_params.yaml.

    Args:
        repository: the root of the workspace.
        data_root: Speech Commands as a folder or .tar.gz, absolute or relative to the repository; empty downloads it.
        overrides: of params.yaml, nested like it.
        name: of the folder under results/.

    Raises:
        DataError: nothing lies at data_root.
        ParamsError: an override is no key of params.yaml, or not an accepted value.
        KwsError: a stage failed; the results are then as they were before.
    """
    changed = overrides or {}
    overrides = changed | {"data": changed.get("data", {}) | real_speech(repository, data_root)}
    folder = repository / "build" / ("real" if name == REAL_SPEECH else name)
    make_copy(repository, folder, overrides, cache=repository / ".dvc" / "cache")
    run_graph(folder, store_root())
    results = repository / "results" / name
    with replaced_folder(results) as temporary:
        for part in _RESULT_FOLDERS:
            shutil.copytree(folder / part, temporary / part, ignore=shutil.ignore_patterns(".gitignore"))
        if changed:
            write_text(temporary / "changed_params.yaml", yaml_files.dump(changed))
    return results


def real_speech(repository: Path, data_root: str) -> dict:
    """What the section `data` says to take real speech. Raises DataError: nothing lies at data_root."""
    root = (repository / Path(data_root).expanduser()).resolve() if data_root else None
    if root is not None and not root.exists():
        raise DataError(f"DATA_ROOT={data_root}: nothing lies at {root}; name Speech Commands' folder or .tar.gz.")
    return {"source": "speech_commands", "root": root and str(root)}


def make_copy(repository: Path, folder: Path, overrides: dict, cache: Path | None = None) -> None:
    """Fill `folder` with the repository's sources and the changed params.yaml; only its DVC cache survives.

    Args:
        repository: a clone with git.
        folder: outside git's sight: ignored, or elsewhere.
        overrides: nested like params.yaml, only what differs.
        cache: DVC's cache to share; the copy has its own otherwise.

    Raises:
        ParamsError: an override is no key of params.yaml, or not an accepted value.
    """
    params = merged(yaml_files.load((repository / "params.yaml").read_text()), overrides)
    if isinstance(params["data"]["root"], str):  # relative to the repository, and to the copy it would be another place
        params["data"]["root"] = str(repository.resolve() / Path(params["data"]["root"]).expanduser())
    _empty(folder)
    for name in _tracked_files(repository):
        if not name.startswith(_RESULTS) and (repository / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(repository / name, folder / name)
    write_text(folder / "params.yaml", yaml_files.dump(params))
    load_params(folder / "params.yaml")
    config = "[core]\n    no_scm = true\n" + (f"[cache]\n    dir = {cache.resolve()}\n" if cache else "")
    write_text(folder / ".dvc" / "config.local", config)


def merged(params: dict, overrides: dict, prefix: str = "") -> dict:
    """params with the overrides in their places. Raises ParamsError for an override that replaces nothing."""
    unknown = [prefix + key for key in overrides if key not in params]
    if unknown:
        raise ParamsError(
            f"the overrides name {', '.join(unknown)}, which params.yaml does not have; correct the name."
        )
    changed = {
        key: merged(params[key], value, f"{prefix}{key}.") if isinstance(value, dict) else value
        for key, value in overrides.items()
    }
    return params | changed


def _layered(below: dict, above: dict) -> dict:
    """Two nested overrides as one, the second over the first."""
    both = {
        key: _layered(below[key], above[key]) for key in below.keys() & above.keys() if isinstance(above[key], dict)
    }
    return {**below, **above, **both}


def run_graph(folder: Path, store: Path, *targets: str) -> None:
    """`dvc repro` in a copy, with this Python and the copy's own code. Raises KwsError when a stage fails."""
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "PYTHONPATH": str(folder),  # before the installed project, which is the workspace
        "KWS_STORE": str(store.resolve()),
    }
    status = subprocess.run([sys.executable, "-m", "dvc", "repro", *targets], cwd=folder, env=environment).returncode
    if status:
        raise KwsError(f"a stage failed in {folder}: its message stands above. The workspace is as it was.")


def _empty(folder: Path) -> None:
    """Remove all but DVC's cache, which makes an unchanged second run short."""
    folder.mkdir(parents=True, exist_ok=True)
    for child in folder.iterdir():
        for path in child.iterdir() if child.name == ".dvc" else (child,):
            if path.name != "cache":
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def _tracked_files(repository: Path) -> list[str]:
    """Paths that git tracks, relative to the repository, in git's order."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=repository, capture_output=True)
    if listed.returncode:
        raise KwsError(f"git cannot list the files of {repository}: {listed.stderr.decode().strip()}. Work in a clone.")
    return [name for name in listed.stdout.decode().split("\0") if name]
