"""Run the independent points of a sweep on all cores or on a Dask cluster, each kept in the store once it is done.

An interrupted sweep goes on where it was, a training within a point as well; a point's bytes depend on its own inputs
alone, never on which others share its run or on how many processes there are.
"""

import hashlib
import os
import platform
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from pathlib import Path

import numpy as np
import torch
from joblib import Parallel, delayed

from kws.cluster import cluster_address, run_on_cluster
from kws.cores import cores
from kws.errors import ArtifactError
from kws.files import sha256
from kws.progress import progress
from kws.store import key_of, store_root, stored_folders

_CODE = (
    "batches",
    "checkpoints",
    "dataset",
    "dropout",
    "evaluation",
    "fixed_point",
    "integer_model",
    "large_arrays",
    "models",
    "quantization",
    "quantized",
    "recipes",
    "rounding",
    "side_by_side",
    "snapshots",
    "training",
)
_ALL_CODE = ("sweeps", "pruning", "pruning_filters", "importance")


def jobs() -> int:
    """Processes to use: KWS_JOBS, or one a core; one where there is a GPU to share."""
    is_alone = torch.cuda.is_available() and not os.environ.get("KWS_JOBS")
    return 1 if is_alone else cores()


def one_thread() -> None:
    """torch on one thread: two on busy cores are many times slower, and one gives the same bytes everywhere."""
    torch.set_num_threads(1)


def run_points(
    kind: str, points: Sequence[dict], make: Callable[[Path, dict], None], modules: tuple[str, ...] = ()
) -> list[Path]:
    """Folders that `make(folder, point)` filled, in the order of the points.

    Args:
        kind: the folder's name in the store.
        points: all that a point depends on, JSON-serialisable; a file by its path and by its hash, as `name` and
            `name_sha256`.
        make: a function at module level; fills the folder. Its point has a further key, `snapshot`: a file in which
            the point's training may keep its state.
    """
    return run_batches(kind, points, partial(_one, make), 1, key_of)


def run_batches(
    kind: str,
    points: Sequence[dict],
    make: Callable[[list[Path], list[dict], Path], None],
    size: int,
    alike: Callable[[dict], str],
    modules: tuple[str, ...] = (),
) -> list[Path]:
    """As run_points, for points that are made several at a time.

    Args:
        make: `make(folders, points, snapshot)` fills a folder a point; what it writes for a point must not depend on
            which others stand beside it.
        size: of a batch, at most.
        alike: points for which it gives the same may share a batch.
    """
    code = code_digest(modules)
    inputs = [{"code": code, "torch": _torch_version(), **point} for point in points]
    missing = [one for one in inputs if not (store_root() / kind / key_of(one)).exists()]
    waiting = _batches(missing, size, alike)
    calls = [(str(store_root().resolve()), kind, batch, make) for batch in waiting]
    for _ in progress(_done(calls), f"{kind}, batches of models", len(calls)):
        pass
    return [store_root() / kind / key_of(one) for one in inputs]


def _done(calls: list[tuple]) -> Iterator[None]:
    address = cluster_address()
    if address and calls:
        return run_on_cluster(address, store_root().resolve(), version, _run, calls)
    processes = min(jobs(), max(len(calls), 1))
    return Parallel(n_jobs=processes, return_as="generator_unordered")(delayed(_run)(*call) for call in calls)


def _batches(points: Sequence[dict], size: int, alike: Callable[[dict], str]) -> list[list[dict]]:
    groups: dict[str, list[dict]] = {}
    for point in points:
        groups.setdefault(alike(point), []).append(point)
    return [group[start : start + size] for group in groups.values() for start in range(0, len(group), size)]


def _one(make: Callable[[Path, dict], None], folders: list[Path], points: list[dict], snapshot: Path) -> None:
    make(folders[0], {**points[0], "snapshot": str(snapshot)})


def code_digest(more: tuple[str, ...] = ()) -> str:
    """Hash of the modules and packages that decide a point's bytes; `more` names others, such as tflite/export."""
    folder = Path(__file__).parent
    files = [path for name in (*_CODE, *more) for path in _files(folder / name)]
    return sha256(b"".join(path.read_bytes() for path in files))[:16]


def _files(named: Path) -> list[Path]:
    return sorted(named.glob("*.py")) if named.is_dir() else [named.with_suffix(".py")]


def file_digest(path: Path) -> str:
    """Hash of a file that a point depends on."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@cache
def version() -> str:
    """What decides a point's bytes beside its inputs, as this process loaded it: later changes on disk do not count."""
    cuda = "CUDA" if torch.cuda.is_available() else "no CUDA"
    return (
        f"code {code_digest(_ALL_CODE)}, Python {platform.python_version()}, torch {_torch_version()}, "
        f"numpy {np.__version__}, {torch.backends.cpu.get_cpu_capability()}, {cuda}"
    )


def _torch_version() -> str:
    return torch.__version__.split("+")[0]


def _run(root: str, kind: str, batch: list[dict], make: Callable[[list[Path], list[dict], Path], None]) -> None:
    one_thread()
    os.environ["KWS_STORE"] = root
    for inputs in batch:
        for name in inputs:
            if name.endswith("_sha256"):
                _compare(inputs[name.removesuffix("_sha256")], inputs[name])
    stored_folders(kind, batch, lambda folders, snapshot: make(folders, batch, snapshot))


@cache
def _compare(path: str, digest: str) -> None:
    """Refuse a file that is not the one of which the key speaks; once a process, which reads it once."""
    found = file_digest(path)
    if found != digest:
        raise ArtifactError(
            f"`{path}` in {Path.cwd()} has the SHA-256 {found[:12]} and had {digest[:12]} when the sweep began: it "
            "changed meanwhile, or is another computer's own; let all read one file and run again."
        )
