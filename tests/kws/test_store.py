"""The store makes a thing once for the same inputs, and keeps nothing that was not finished."""

import pytest

from kws.store import key_of, store_root, stored_folder, unfinished_file


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("KWS_STORE", str(tmp_path / "store"))
    return tmp_path / "store"


def test_the_key_depends_on_content_not_on_order():
    assert key_of({"a": 1, "b": [2, None]}) == key_of({"b": [2, None], "a": 1})
    assert key_of({"a": 1}) != key_of({"a": 2})
    with pytest.raises(ValueError, match="JSON"):
        key_of({"a": float("nan")})


def test_made_once_and_again_when_deleted(store):
    made = []

    def make(folder):
        made.append(folder)
        (folder / "content").write_text("same")

    first = stored_folder("corpus", {"seed": 0}, make)
    assert stored_folder("corpus", {"seed": 0}, make) == first and len(made) == 1
    assert first.parent == store / "corpus" and (first / "content").read_text() == "same"
    assert stored_folder("corpus", {"seed": 1}, make) != first and len(made) == 2
    (first / "content").unlink()
    first.rmdir()
    assert stored_folder("corpus", {"seed": 0}, make) == first and (first / "content").read_text() == "same"


def test_what_was_interrupted_is_not_found(store):
    def interrupted(folder):
        (folder / "half").touch()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stored_folder("corpus", 1, interrupted)
    assert list((store / "corpus").iterdir()) == []


def test_the_store_lies_in_the_repository(tmp_path, monkeypatch):
    monkeypatch.delenv("KWS_STORE")
    (tmp_path / "dvc.yaml").touch()
    (tmp_path / "inner").mkdir()
    monkeypatch.chdir(tmp_path / "inner")
    assert store_root() == tmp_path / ".kws"


def test_unfinished_work_lies_beside_the_folder_and_goes_when_it_is_done():
    state = unfinished_file("train", {"seed": 0})

    def make(folder):
        if not state.exists():
            state.write_text("half-way")
            raise KeyboardInterrupt
        (folder / "content").write_text(state.read_text())

    assert state != unfinished_file("train", {"seed": 1})
    with pytest.raises(KeyboardInterrupt):
        stored_folder("train", {"seed": 0}, make)
    folder = stored_folder("train", {"seed": 0}, make)
    assert (folder / "content").read_text() == "half-way" and list(folder.parent.iterdir()) == [folder]
