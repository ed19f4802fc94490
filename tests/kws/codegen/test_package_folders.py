"""`python -m kws compile` in a stranger's hands: odd names, folders that are files, links, full or somebody's."""

import errno
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from kws.__main__ import main
from kws.codegen.generate import RESERVED_NAMES, generate
from kws.errors import ModelError
from tests.conftest import REPOSITORY
from tests.support_c import SOURCES, compile_models
from tests.support_tflite import Conv, Dense, Reshape, build, edited

TFLITE = build((6, 5, 1), [Conv(2, (2, 2)), Reshape((60,)), Dense(3)], 1)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.tflite"
    path.write_bytes(TFLITE)
    return path


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """What the command says on one line; it must end in status 1 and one paragraph."""
    assert main(["compile", *map(str, arguments)]) == 1
    said = " ".join(capsys.readouterr().err.split())
    assert said.startswith("error: ") and "Traceback" not in said
    return said


@pytest.mark.parametrize(
    ("file_name", "name"),
    [
        ("t.tflite", "model_t"),  # kws_model_t and kws_model_count are taken
        ("count.tflite", "model_count"),
        ("models.tflite", "models"),
        ("int.tflite", "int"),
        (".tflite", "model__tflite"),
        ("1st model (final).tflite", "model_1st_model__final_"),
        ("Größe 'x';$(rm -rf).tflite", "gr__e__x____rm__rf_"),
        ("..\\..\\x\n.tflite", "model_______x_"),
        ("模型.tflite", "model___"),
        ("L" * 200 + ".tflite", "l" * 48),
        ("1" * 200 + ".tflite", "model_" + "1" * 42),
        (os.fsdecode(b"\xff\xfe.tflite"), "model___"),
        ("no_suffix", "no_suffix"),
    ],
)
def test_any_file_name_gives_a_name_in_c(file_name: str, name: str, tmp_path: Path, capsys):
    path, out = tmp_path / file_name, tmp_path / os.fsdecode(b"out \xff \xc3\xa9")
    path.write_bytes(TFLITE)
    assert main(["compile", str(path), "-o", str(out)]) == 0
    assert f"kws_model_{name} = {{" in (out / f"model_{name}.c").read_text()
    assert "out \ufffd é" in capsys.readouterr().out


def test_reserved_names_are_those_of_the_header_and_the_list(tmp_path: Path):
    """Every name kws_model_x of model.h and models.c is a model's or cannot be one."""
    generate([("model_t", TFLITE)], tmp_path)
    text = (SOURCES / "model.h").read_text() + (tmp_path / "models.c").read_text()
    assert set(re.findall(r"\bkws_model_(\w+)", text)) - {"model_t"} == set(RESERVED_NAMES)
    for name in RESERVED_NAMES:
        with pytest.raises(ModelError, match=f"'{name}' would clash with kws_model_{name}"):
            generate([(name, TFLITE)], tmp_path / "none")


def test_names_close_to_the_headers_compile(tmp_path: Path):
    names = ["model", "models", "s", "t_", "counts", "int", "main", "input", "logits", "prepare", "softmax", "layer_0"]
    generate([(name, TFLITE) for name in names], tmp_path / "generated")
    assert list(compile_models(tmp_path / "generated", tmp_path / "models.so").models) == names


def test_tensor_names_that_are_no_names_do_no_harm(tmp_path: Path):
    names = ["*/ int x; /*", "\\\n#error", "??/", "%s%n", "\x1b[2J", "a" * 100_000, "é\0b"]

    def rename(model) -> None:
        for tensor, name in zip(model.subgraphs[0].tensors, names * 9, strict=False):
            tensor.name = name

    generate([("renamed", edited(TFLITE, rename))], tmp_path / "generated")
    text = (tmp_path / "generated" / "model_renamed.c").read_text()
    assert "#error" not in text.replace('#error "this', "") and max(map(len, text.splitlines())) <= 121
    assert compile_models(tmp_path / "generated", tmp_path / "renamed.so").models["renamed"].classes == 3


def test_a_file_in_the_place_of_the_folder_stays(model: Path, tmp_path: Path, capsys):
    place = tmp_path / "place"
    place.write_text("mine")
    assert "place is a file" in refused(capsys, model, "-o", place)
    assert place.read_text() == "mine"
    assert "place: File exists" in refused(capsys, model, "-o", place / "deeper")


def test_what_was_added_to_an_earlier_folder_is_not_lost(model: Path, tmp_path: Path, capsys):
    out = tmp_path / "out"
    assert main(["compile", str(model), "-o", str(out)]) == 0
    (out / "main.c").write_text("int main(void) { return 0; }\n")
    (out / "model_mine.c").write_text("/* by hand */\n")
    assert "(main.c, model_mine.c)" in refused(capsys, model, "-o", out)
    assert (out / "main.c").exists() and (out / "model_model.c").exists()


def test_a_link_is_followed(model: Path, tmp_path: Path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    for _ in range(2):
        assert main(["compile", str(model), "-o", str(tmp_path / "link")]) == 0
    assert (tmp_path / "link").is_symlink() and (tmp_path / "real" / "models.c").is_file()


def test_the_current_folder_is_not_replaced(model: Path, tmp_path: Path, capsys, monkeypatch):
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    for folder in (".", "..", "/"):
        assert "is the current folder or holds it" in refused(capsys, model, "-o", folder)
    assert model.exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_named(model: Path, tmp_path: Path, capsys):
    (tmp_path / "locked").mkdir(mode=0o500)
    assert "Permission denied" in refused(capsys, model, "-o", tmp_path / "locked" / "out")


def test_a_full_disk_leaves_the_folder_as_it_was(model: Path, tmp_path: Path, capsys, monkeypatch):
    out = tmp_path / "out"
    assert main(["compile", str(model), "-o", str(out)]) == 0
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    write_bytes = Path.write_bytes

    def full(path: Path, data: bytes) -> int:
        if "models" in path.name:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write_bytes(path, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    assert re.search("models.[cS]: No space left on device", refused(capsys, model, "-o", out, "--name", "other"))
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.tflite", "out"]


@pytest.mark.parametrize("name", ["Upper", "with space", "9th", "x" * 49, "t", "-", "ü"])
def test_a_name_that_does_not_fit_is_refused(name: str, model: Path, tmp_path: Path, capsys):
    assert f"the model name {name!r}" in refused(capsys, model, "-o", tmp_path / "out", f"--name={name}")
    assert not (tmp_path / "out").exists()


def test_a_model_that_is_not_there_or_a_folder(tmp_path: Path, capsys):
    assert "none.tflite is not there" in refused(capsys, tmp_path / "none.tflite", "-o", tmp_path / "out")
    assert "Is a directory" in refused(capsys, tmp_path, "-o", tmp_path / "out")


def test_a_model_comes_through_a_pipe_too(tmp_path: Path):
    command = [sys.executable, "-m", "kws", "compile", "/dev/stdin", "-o", str(tmp_path / "out")]
    done = subprocess.run(command, input=TFLITE, capture_output=True, cwd=REPOSITORY)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "model_stdin.c").is_file()
