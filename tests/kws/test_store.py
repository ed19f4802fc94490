"""The store makes a thing once for the same inputs, and keeps nothing that was not finished."""

import pytest

from kws.store import key_of, store_root, stored_folder, stored_folders


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


def test_unfinished_work_lies_beside_the_folders_and_goes_when_they_are_done():
    batch, states = [{"seed": 0}, {"seed": 1}], []

    def make(folders, state):
        states.append(state)
        if not state.exists():
            state.write_text("half-way")
            raise KeyboardInterrupt
        for folder in folders:
            (folder / "content").write_text(f"{state.read_text()} {len(folders)}")

    with pytest.raises(KeyboardInterrupt):
        stored_folders("train", batch, make)
    assert list((store_root() / "train").iterdir()) == states
    stored_folders("train", batch, make)
    folders = [store_root() / "train" / key_of(inputs) for inputs in batch]
    assert sorted((store_root() / "train").iterdir()) == sorted(folders)
    assert [(folder / "content").read_text() for folder in folders] == ["half-way 2", "half-way 2"]
