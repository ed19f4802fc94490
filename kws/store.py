"""The ignored store: expensive work, kept under the hash of its inputs, so that an interrupted stage goes on.

DVC deletes a stage's outs before it runs the command, so a stage cannot resume from them. It resumes from here.
Every entry is a folder `.kws/<kind>/<key>`, and a file beside it while a training is under way; deleting any or all of
them changes no byte of a result, only the time it takes. Experiments that DVC runs in a copy of the repository share
the store of the repository they came from.
"""

import json
import os
from collections.abc import Callable
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
        unfinished_file(kind, inputs).unlink(missing_ok=True)
    return folder


def unfinished_file(kind: str, inputs: object) -> Path:
    """Where work on these inputs may keep its state; `stored_folder` removes it when the folder is there."""
    return store_root() / kind / f"{key_of(inputs)}.unfinished"
