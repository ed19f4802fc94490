"""Import TensorFlow and nobuco together with any build of torch. Call `import_converter()` before either is imported.

Three things stand in the way, each with its own small cure that does nothing where the import works by itself:
- nobuco speaks Keras 2, and TensorFlow from 2.16 on brings Keras 3: the package tf_keras is Keras 2 under another name,
  so `keras` is made to mean it, in this process only.
- nobuco imports torchvision, whose wheel from the package index is linked against CUDA: with a CPU torch its extension
  does not load, and registering fakes for its missing operators (nms, qnms) raises. Declaring them is enough.
- a CUDA build of torch brings triton, whose LLVM crashes the process when it is loaded after TensorFlow's. So triton
  and torchvision, which loads it, come first.
"""

import importlib
import importlib.abc
import importlib.util
import os
import sys
import warnings
from types import ModuleType

_declared = []  # torch.library forgets what nothing refers to


def import_converter() -> tuple[ModuleType, ModuleType, ModuleType]:
    """The modules tensorflow, keras (version 2) and nobuco."""
    os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # all of it theirs
        _import_triton()
        _import_torchvision()
        import tensorflow

        _alias_keras()
        return tensorflow, importlib.import_module("keras"), importlib.import_module("nobuco")


class _Keras2(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds `keras` and its submodules in tf_keras."""

    def find_spec(self, name, path=None, target=None):
        if name == "keras" or name.startswith("keras."):
            return importlib.util.spec_from_loader(name, self)
        return None

    def create_module(self, spec):
        return importlib.import_module(f"tf_{spec.name}")

    def exec_module(self, module):
        pass


def _alias_keras() -> None:
    if any(isinstance(finder, _Keras2) for finder in sys.meta_path):
        return
    if "keras" in sys.modules or importlib.util.find_spec("tf_keras") is None:
        return
    sys.meta_path.insert(0, _Keras2())


def _import_triton() -> None:
    if importlib.util.find_spec("triton") is not None:
        import triton  # noqa: F401


def _import_torchvision() -> None:
    import torch

    try:
        import torchvision
    except (RuntimeError, OSError):
        for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
            del sys.modules[name]
        library = torch.library.Library("torchvision", "FRAGMENT")
        for operator in ("nms", "qnms"):
            library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        _declared.append(library)
        import torchvision  # noqa: F401
