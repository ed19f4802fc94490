"""The converter's imports: cures that do nothing where nothing is wrong. The imports themselves run in test_export."""

import importlib.util
import sys

import pytest

from kws.tflite import imports


@pytest.fixture(autouse=True)
def clean(monkeypatch):
    """No keras yet, and a list of finders of this test's own."""
    for name in [name for name in sys.modules if name.split(".")[0] == "keras"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [one for one in sys.meta_path if not isinstance(one, imports._Keras2)])


def finders() -> int:
    return sum(isinstance(finder, imports._Keras2) for finder in sys.meta_path)


def test_keras_is_tf_keras_and_is_named_so_once():
    imports._alias_keras()
    imports._alias_keras()
    assert finders() == 1
    assert isinstance(importlib.util.find_spec("keras").loader, imports._Keras2)


def test_only_keras_is_meant():
    finder = imports._Keras2()
    assert finder.find_spec("keras.layers").loader is finder
    assert finder.find_spec("keras_tuner") is None and finder.find_spec("numpy") is None


def test_a_keras_that_is_there_is_left_alone(monkeypatch):
    monkeypatch.setitem(sys.modules, "keras", sys)
    imports._alias_keras()
    assert finders() == 0


def test_nothing_is_done_without_tf_keras(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    imports._alias_keras()
    assert finders() == 0
