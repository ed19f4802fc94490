"""`python -m kws compile`: the folder compiles by itself and computes what TFLite does; strangers are left alone."""

import ctypes

import numpy as np
import pytest

from kws.__main__ import main
from kws.board import zig
from kws.tflite.interpreter import reference_logits
from tests.support_tflite import Conv, Dense, Depthwise, Mean, Reshape, build

LAYERS = [Conv(6, (5, 4), (2, 2)), Depthwise((3, 3)), Conv(5, (1, 1), bits=4), Mean(), Reshape((5,)), Dense(3)]


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "My model-2.tflite"
    path.write_bytes(build((20, 10, 1), LAYERS))
    return path


class _Model(ctypes.Structure):
    """The beginning of kws_model_t, see firmware/src/model.h."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("sha256", ctypes.c_char_p),
        ("input_bytes", ctypes.c_uint16),
        ("classes", ctypes.c_uint16),
        ("prepare", ctypes.CFUNCTYPE(None)),
        ("invoke", ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)),
    )


def test_the_folder_compiles_by_itself_and_equals_tflite(model, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["compile", str(model), "-o", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "operator 0 CONV_2D" in printed and "packed" in printed and "bytes of activations" in printed
    sources = sorted(path.name for path in out.iterdir() if path.suffix in (".c", ".S"))
    zig.compile_and_link(out, sources, (*zig.HOST_FLAGS, "-shared", "-fPIC"), "model.so")
    library = ctypes.CDLL(str(out / "model.so"))
    compiled = _Model.in_dll(library, "kws_model_my_model_2")
    compiled.prepare()
    rng = np.random.default_rng(0)
    for _ in range(5):
        features = rng.integers(-128, 128, (1, 20, 10, 1), np.int8)
        logits = np.zeros(compiled.classes, np.int8)
        compiled.invoke(features.ctypes.data, logits.ctypes.data)
        assert logits.tolist() == reference_logits(model.read_bytes(), features)[0].tolist()


def test_an_earlier_folder_is_replaced_and_a_strangers_is_not(model, tmp_path, capsys):
    out = tmp_path / "out"
    for name in ("first", "second"):
        assert main(["compile", str(model), "-o", str(out), "--name", name]) == 0
    assert (out / "model_second.c").is_file() and not (out / "model_first.c").exists()
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("all of it")
    assert main(["compile", str(model), "-o", str(mine)]) == 1
    assert "was not written by this command" in " ".join(capsys.readouterr().err.split())
    assert [path.name for path in mine.iterdir()] == ["thesis.txt"]


def test_a_refused_model_leaves_the_folder(model, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["compile", str(model), "-o", str(out)]) == 0
    before = sorted(path.name for path in out.iterdir())
    model.write_bytes(b"nonsense")
    assert main(["compile", str(model), "-o", str(out)]) == 1
    assert "this is not a .tflite file" in " ".join(capsys.readouterr().err.split())
    assert sorted(path.name for path in out.iterdir()) == before
    assert main(["compile", str(tmp_path / "none.tflite"), "-o", str(out)]) == 1
    assert "none.tflite is not there: name a .tflite that is." in " ".join(capsys.readouterr().err.split())


def test_a_model_that_is_too_large_is_compiled_and_said_to_be(tmp_path, capsys):
    model = tmp_path / "large.tflite"
    model.write_bytes(build((200, 200, 1), [Conv(8, (3, 3)), Mean(), Dense(3)]))  # 320,000 bytes between two layers
    assert main(["compile", str(model), "-o", str(tmp_path / "out")]) == 0
    printed = capsys.readouterr().out
    assert "Too large for the nRF52840: it needs 32" in printed and "bytes of RAM where there are 262,144." in printed
    assert "Use fewer filters, a smaller input" in printed and "of flash where" not in printed
    model.write_bytes(build((60, 60, 1), [Reshape((3600,)), Dense(300), Dense(3)]))
    assert main(["compile", str(model), "-o", str(tmp_path / "out")]) == 0
    assert "it needs 1,08" in (printed := capsys.readouterr().out) and "of flash where there are 1,048,576" in printed
    model.write_bytes(build((20, 10, 1), LAYERS))
    assert main(["compile", str(model), "-o", str(tmp_path / "out")]) == 0
    assert "Too large" not in capsys.readouterr().out
