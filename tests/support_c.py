"""Generated C on the host: compiled by ziglang into a shared library and called through ctypes."""

import ctypes
import subprocess
import sys
from pathlib import Path

import numpy as np

SOURCES = Path(__file__).resolve().parent.parent / "firmware" / "src"
FLAGS = ["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-fsanitize=undefined", "-fsanitize-trap=undefined"]


class _Model(ctypes.Structure):
    """kws_model_t of firmware/src/model.h."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("tflite_sha256", ctypes.c_char_p),
        ("input_bytes", ctypes.c_uint16),
        ("classes", ctypes.c_uint16),
        ("prepare", ctypes.CFUNCTYPE(None)),
        ("invoke", ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)),
        ("softmax", ctypes.POINTER(ctypes.c_uint32)),
        ("input_scale", ctypes.c_float),
        ("output_scale", ctypes.c_float),
        ("input_zero_point", ctypes.c_int16),
        ("output_zero_point", ctypes.c_int16),
    )


class HostModels:
    """The models of a shared library: `models[name]`, and logits of features by them."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self.library = library
        count = ctypes.c_uint32.in_dll(library, "kws_model_count").value
        table = (ctypes.POINTER(_Model) * count).in_dll(library, "kws_models")
        self.models = {entry.contents.name.decode(): entry.contents for entry in table}

    def logits(self, name: str, features: np.ndarray) -> np.ndarray:
        """(B, ...) int8 features to (B, K) int8 logits, with guard bytes around the logits."""
        model = self.models[name]
        assert features.dtype == np.int8 and features[0].size == model.input_bytes
        logits = np.empty((len(features), model.classes), np.int8)
        model.prepare()
        for row, clip in zip(logits, np.ascontiguousarray(features), strict=True):
            guarded = np.full(model.classes + 32, 0x55, np.int8)
            model.invoke(clip.ctypes.data, guarded.ctypes.data + 16)
            assert (guarded[:16] == 0x55).all() and (guarded[-16:] == 0x55).all()
            row[:] = guarded[16:-16]
        return logits

    def reals(self, name: str, real: np.ndarray) -> np.ndarray:
        """(...) float32 to (K,) float32, through kws_quantize and kws_dequantize."""
        model, values = self.models[name], np.empty((1, *real.shape), np.int8)
        result = np.empty(model.classes, np.float32)
        scale, pointer = ctypes.c_float, ctypes.c_void_p
        real = np.ascontiguousarray(real, np.float32)
        self.library.kws_quantize(
            pointer(real.ctypes.data),
            real.size,
            scale(model.input_scale),
            model.input_zero_point,
            pointer(values.ctypes.data),
        )
        logits = self.logits(name, values)
        self.library.kws_dequantize(
            pointer(logits.ctypes.data),
            logits.size,
            scale(model.output_scale),
            model.output_zero_point,
            pointer(result.ctypes.data),
        )
        return result


def compile_library(sources: list[Path], library: Path) -> ctypes.CDLL:
    """Compile C files, warnings as errors and undefined behaviour trapped, and load them."""
    command = [sys.executable, "-m", "ziglang", "cc", "-shared", "-fPIC", *FLAGS, "-I", str(SOURCES)]
    done = subprocess.run([*command, *map(str, sources), "-o", str(library)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return ctypes.CDLL(str(library))


def compile_models(generated: Path, library: Path) -> HostModels:
    """Compile a folder that kws.codegen.generate wrote, with the kernels."""
    sources = [*sorted(generated.glob("*.c")), *sorted(SOURCES.glob("kernels_*.c"))]
    return HostModels(compile_library(sources, library))
