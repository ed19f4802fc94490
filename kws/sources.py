"""Three sources of speech, one result: a folder in Speech Commands' official layout.

In: the section `data` of params.yaml. Out: the folder. `synthetic` is spoken by espeak-ng, `speech_commands` is a
folder or archive at data.root or Google's v0.02, downloaded once, `folder` is a user's own recordings, converted. All
that is made lies in the ignored store, under the hash of what it was made from.
Run: `official_folder(params.data)`.
"""

import hashlib
import sys
from pathlib import Path

from kws.audio_compat import torchaudio
from kws.corpus_index import find_layout
from kws.errors import DataError
from kws.params import Data
from kws.sources_archive import ARCHIVE_SUFFIXES, extract
from kws.sources_folder import content_of, convert
from kws.store import stored_folder
from kws.synthetic import fingerprint, write_corpus
from kws.workspace import user_path

SCHEMA_VERSION = 1
KIND = "corpora"  # the store's folder for all of them
_WAY_BACK = "If DVC has already changed the workspace: `git checkout HEAD params.yaml`, then `dvc repro`, restores it."


def official_folder(data: Data) -> Path:
    """The folder in the official layout that `data` asks for, made now or found from an earlier run.

    Raises:
        DataError: data.root is missing or holds no clips, an archive is damaged, or the download fails.
    """
    if data.source == "synthetic":
        return _synthetic(data)
    if data.source == "folder":
        return _own_folder(data)
    return _downloaded() if data.root is None else _speech_commands(data)


def _synthetic(data: Data) -> Path:
    clips, words = data.synthetic_clips, data.words
    inputs = fingerprint(words, clips, data.seed)
    return stored_folder(KIND, inputs, lambda folder: write_corpus(folder, words, clips, data.seed))


def _speech_commands(data: Data) -> Path:
    root = _existing_root(data)
    if root.is_dir():
        return _layout(root, data)
    if not root.name.endswith(ARCHIVE_SUFFIXES):
        raise _root_error(data, root, f"it is neither a folder nor one of {', '.join(ARCHIVE_SUFFIXES)}")
    with root.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return _layout(stored_folder(KIND, _archive_key(digest), lambda folder: extract(root, folder)), data)


def _own_folder(data: Data) -> Path:
    root = _existing_root(data)
    if not root.is_dir():
        raise _root_error(data, root, "it is no folder")
    layout = _layout(root, data)
    filling = data.model_dump(include={"words", "seed", "unknown_ratio"}, mode="json")
    inputs = {"folder": SCHEMA_VERSION, "content": content_of(layout), "filling": filling}
    return stored_folder(KIND, inputs, lambda folder: convert(layout, folder, data))


def _downloaded() -> Path:
    """Google's v0.02, from the address and with the checksum that torchaudio's SPEECHCOMMANDS holds."""
    url, checksum = _official_archive()

    def fetch(folder: Path) -> None:
        archive = folder / url.rpartition("/")[2]
        _download(url, archive, checksum)
        extract(archive, folder)
        archive.unlink()

    folder = stored_folder(KIND, _archive_key(checksum), fetch)
    layout = find_layout(folder)
    if layout is None:
        raise DataError(f"The archive from {url} holds no <word>/*.wav; remove {folder} and run again.")
    return layout


def _official_archive() -> tuple[str, str]:
    checksums = torchaudio().datasets.speechcommands._CHECKSUMS
    url = next(url for url in checksums if "v0.02" in url)
    return url, checksums[url]


def _download(url: str, archive: Path, checksum: str) -> None:
    import torch  # slow to import, and only a download needs it

    try:
        torch.hub.download_url_to_file(url, str(archive), hash_prefix=checksum, progress=sys.stderr.isatty())
    except (OSError, RuntimeError) as error:  # no network is an OSError, a wrong hash a RuntimeError
        raise DataError(
            f"Speech Commands v0.02 could not be downloaded from {url} ({error}). Run again with a network, set "
            "data.root in params.yaml to a copy that is already there (a folder or .tar.gz), or use data.source "
            f"synthetic, which needs none. {_WAY_BACK}"
        ) from None


def _archive_key(digest: str) -> dict:
    return {"archive_sha256": digest, "extracted": SCHEMA_VERSION}


def _existing_root(data: Data) -> Path:
    root = user_path(data.root)
    if not root.exists():
        raise _root_error(data, root, "there is nothing")
    return root


def _layout(folder: Path, data: Data) -> Path:
    layout = find_layout(folder)
    if layout is None:
        raise _root_error(data, folder, "it holds no <word>/*.wav, here or two folders down")
    return layout


def _root_error(data: Data, path: Path, what: str) -> DataError:
    return DataError(
        f"data.root is {data.root!r}, that is {path}: {what}. Set data.root in params.yaml to a "
        f"{'folder' if data.source == 'folder' else 'folder or .tar.gz'} with <word>/*.wav (absolute, or relative to "
        f"the repository), or data.source to synthetic. {_WAY_BACK}"
    )
