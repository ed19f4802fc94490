"""The ignored store: expensive work, kept under the hash of its inputs, so that an interrupted stage goes on.

DVC deletes a stage's outs before it runs the command, so a stage cannot resume from them. It resumes from here.
Every entry is a folder `.kws/<kind>/<key>`, and a file beside it while a training is under way; deleting any or all of
them changes no byte of a result, only the time it takes. Experiments that DVC runs in a copy of the repository share
the store of the repository they came from.
"""

import json
import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from kws.files import replaced_folder, sha256
from kws.workspace import repository_root


def store_root() -> Path:
    """The store's folder: the environment variable KWS_STORE, or `.kws` in the repository."""
    named = os.environ.get("KWS_STORE")
    return Path(named) if named else repository_root() / ".kws"


def key_of(inputs: object) -> str:
    """Hash of anything JSON can write (pydantic models first dumped by the caller), independent of dict order."""
    return sha256(json.dumps(inputs, sort_keys=True, allow_nan=False).encode())[:24]


def stored_folder(kind: str, inputs: object, make: Callable[[Path], None]) -> Path:
    """Folder that `make(folder)` filled for these inputs, made now or found from an earlier run.

    Args:
        kind: what it is, one word, the folder's name in the store.
        inputs: everything the content depends on, JSON-serialisable; name a schema version in it.
        make: fills an empty folder; when it raises, nothing is kept.
    """
    folder = store_root() / kind / key_of(inputs)
    if not folder.exists():
        with replaced_folder(folder) as temporary:
            make(temporary)
    return folder


def stored_folders(kind: str, batch: list, make: Callable[[list[Path], Path], None]) -> None:
    """Fill a folder for each of several inputs at once, by `make(folders, snapshot)`.

    `snapshot` is a file in which the work may keep its state; it is removed when the folders are there.
    """
    snapshot = store_root() / kind / f"{key_of(batch)}.unfinished"
    with ExitStack() as stack:
        folders = [stack.enter_context(replaced_folder(store_root() / kind / key_of(inputs))) for inputs in batch]
        make(folders, snapshot)
    snapshot.unlink(missing_ok=True)
