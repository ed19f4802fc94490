"""kws.sources: three sources, one layout; the store; what is said when data is missing."""

import hashlib
import shutil
import tarfile
import urllib.error
from pathlib import Path

import pytest
import torch

import kws.sources
from kws.corpus import load_corpus
from kws.errors import DataError
from kws.sources import official_folder
from tests.support_speech import fill, params


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("KWS_STORE", str(tmp_path / "store"))
    return tmp_path / "store"


@pytest.fixture
def archive(tmp_path) -> Path:
    with tarfile.open(tmp_path / "speech.tar.gz", "w:gz") as tar:
        tar.add(fill(tmp_path / "speech"), "speech_commands")
    return tmp_path / "speech.tar.gz"


def test_a_folder_of_the_official_layout_is_used_where_it_is(tmp_path):
    assert official_folder(params(root=str(fill(tmp_path / "speech")))) == tmp_path / "speech"
    assert official_folder(params(root=str(tmp_path))) == tmp_path / "speech"


def test_an_archive_is_unpacked_once(archive, store, monkeypatch):
    folder = official_folder(params(root=str(archive)))
    assert folder.name == "speech_commands" and store in folder.parents
    assert sum(load_corpus(params(root=str(archive))).counts()["training"].values()) == 100
    monkeypatch.setattr(kws.sources, "extract", lambda *_: pytest.fail("unpacked again"))
    assert official_folder(params(root=str(archive))) == folder
    shutil.move(archive, archive.with_name("same.tgz"))
    assert official_folder(params(root=str(archive.with_name("same.tgz")))) == folder


def test_a_relative_root_starts_at_the_repository_also_in_a_copy_that_dvc_runs(archive, tmp_path, monkeypatch):
    (tmp_path / "repository" / ".dvc" / "tmp" / "exps" / "copy").mkdir(parents=True)
    (tmp_path / "repository" / "dvc.yaml").touch()
    folders = []
    for place in ("repository", "repository/.dvc/tmp/exps/copy"):
        monkeypatch.chdir(tmp_path / place)
        folders.append(official_folder(params(root="../speech.tar.gz")))
    assert folders[0] == folders[1]


def test_a_missing_root_names_key_value_path_and_the_way_back(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError) as caught:
        official_folder(params(root="nowhere/at/all"))
    message = str(caught.value)
    assert "\n" not in message
    for part in (
        "data.root",
        "'nowhere/at/all'",
        str(tmp_path / "nowhere/at/all"),
        "git checkout HEAD params.yaml",
        "dvc repro",
    ):
        assert part in message


@pytest.mark.parametrize("source", ["speech_commands", "folder"])
def test_a_root_without_clips_or_of_the_wrong_kind_is_refused(tmp_path, source):
    (tmp_path / "empty").mkdir()
    (tmp_path / "speech.zip").write_bytes(b"PK")
    with pytest.raises(DataError, match=r"holds no <word>/\*\.wav"):
        official_folder(params(source=source, root=str(tmp_path / "empty")))
    with pytest.raises(DataError, match=r"speech\.zip: it is (neither a folder|no folder)"):
        official_folder(params(source=source, root=str(tmp_path / "speech.zip")))


def test_a_damaged_archive_leaves_nothing_in_the_store(archive, store):
    archive.write_bytes(archive.read_bytes()[:5000])
    with pytest.raises(DataError, match="cannot be unpacked"):
        official_folder(params(root=str(archive)))
    assert not list((store / "corpora").iterdir())


def test_synthetic_speech_is_made_once(monkeypatch):
    data = params(source="synthetic")
    corpus = load_corpus(data)
    assert min(corpus.counts()["training"].values()) >= 10
    monkeypatch.setattr(kws.sources, "write_corpus", lambda *_: pytest.fail("made again"))
    assert official_folder(data) == corpus.folder
    assert official_folder(data.model_copy(update={"unknown_ratio": 1.0})) == corpus.folder


def official_archive_is(archive: Path, monkeypatch) -> None:
    checksum = hashlib.sha256(archive.read_bytes()).hexdigest()
    monkeypatch.setattr(kws.sources, "_official_archive", lambda: (archive.as_uri(), checksum))


def test_the_official_archive_is_downloaded_once(archive, monkeypatch):
    """Through torch.hub itself, from a file:// address."""
    official_archive_is(archive, monkeypatch)
    folder = official_folder(params())
    assert sum(load_corpus(params()).counts()["testing"].values()) == 20
    assert not list(folder.parent.glob("*.tar.gz"))
    monkeypatch.setattr(torch.hub, "download_url_to_file", lambda *_, **__: pytest.fail("downloaded again"))
    assert official_folder(params()) == folder


def test_a_download_with_a_wrong_hash_is_refused(archive, monkeypatch, store):
    monkeypatch.setattr(kws.sources, "_official_archive", lambda: (archive.as_uri(), "0" * 64))
    with pytest.raises(DataError, match="invalid hash value"):
        official_folder(params())
    assert not list((store / "corpora").iterdir())


def test_without_a_network_the_error_says_what_else_there_is(monkeypatch):
    def no_network(*_, **__):
        raise urllib.error.URLError("Name or service not known")

    monkeypatch.setattr(torch.hub, "download_url_to_file", no_network)
    with pytest.raises(DataError, match=r"Name or service not known.*data\.root.*synthetic") as caught:
        official_folder(params())
    assert "speech_commands_v0.02.tar.gz" in str(caught.value)
