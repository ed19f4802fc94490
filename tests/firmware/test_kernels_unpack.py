"""The C unpacker against the Python packer: every width, odd lengths, every value."""

import ctypes
from pathlib import Path

import numpy as np
import pytest

from kws.codegen.packing import pack, packed_bytes
from kws.codegen.sparse import pack_sparse
from tests.support_c import SOURCES, compile_library


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    folder: Path = tmp_path_factory.mktemp("unpack")
    return compile_library([SOURCES / "kernels_unpack.c"], folder / "unpack.so")


@pytest.mark.parametrize("bits", range(2, 8))
@pytest.mark.parametrize("count", [1, 2, 3, 7, 8, 9, 63, 64, 65, 1001])
def test_c_unpacks_what_python_packed(library: ctypes.CDLL, bits: int, count: int):
    limit = 2 ** (bits - 1)
    weights = np.random.default_rng(count).integers(-limit, limit, count).astype(np.int8)
    weights[0], weights[-1] = -limit, limit - 1
    packed = pack(weights, bits)
    assert packed.size == packed_bytes(count, bits)
    unpacked = np.full(count + 8, 0x55, np.int8)
    library.kws_unpack_weights(
        packed.ctypes.data_as(ctypes.c_void_p),
        ctypes.c_uint32(count),
        ctypes.c_uint32(bits),
        unpacked.ctypes.data_as(ctypes.c_void_p),
    )
    np.testing.assert_array_equal(unpacked[:count], weights)
    assert (unpacked[count:] == 0x55).all()


@pytest.mark.parametrize("bits", range(2, 9))
@pytest.mark.parametrize("share", [0.0, 0.01, 0.1, 0.5, 1.0])
@pytest.mark.parametrize("count", [1, 2, 9, 64, 1001, 16_000])
def test_c_puts_the_zeros_back(library: ctypes.CDLL, bits: int, share: float, count: int):
    limit = 2 ** (bits - 1)
    generator = np.random.default_rng(count)
    weights = (generator.integers(-limit, limit, count) * (generator.random(count) < share)).astype(np.int8)
    packed, rice = pack_sparse(weights, bits)
    unpacked = np.full(count + 8, 0x55, np.int8)
    library.kws_unpack_sparse_weights(
        packed.ctypes.data_as(ctypes.c_void_p),
        ctypes.c_uint32(count),
        ctypes.c_uint32(bits),
        ctypes.c_uint32(rice),
        unpacked.ctypes.data_as(ctypes.c_void_p),
    )
    np.testing.assert_array_equal(unpacked[:count], weights)
    assert (unpacked[count:] == 0x55).all()
