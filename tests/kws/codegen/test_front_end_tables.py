"""The header's numbers read back as the very floats of kws.features, and its bytes depend on the parameters alone."""

import re

import numpy as np
import pytest

from kws.codegen.front_end_tables import write_tables
from kws.features import tables
from kws.logarithm import polynomial
from kws.normalization import dct_matrix, pcen_constants
from kws.params import FrontEnd
from tests.support_learning import PARAMS

FRONT_END = FrontEnd(**PARAMS["front_end"])
MFCC = FRONT_END.model_copy(update={"kind": "mfcc"})


@pytest.fixture
def arrays(tmp_path) -> dict[str, list[str]]:
    write_tables(FRONT_END, tmp_path / "tables.h")
    found = re.findall(r"static const \w+ (\w+)\[(\d+)\] = \{([^}]*)\};", (tmp_path / "tables.h").read_text())
    read = {name: [value.strip() for value in values.split(",")] for name, _, values in found}
    assert {name: len(values) for name, values in read.items()} == {name: int(size) for name, size, _ in found}
    return read


def floats(values: list[str]) -> np.ndarray:
    assert all(value.endswith("f") for value in values)
    return np.array([np.float32(value[:-1]) for value in values])


def test_every_float_reads_back_as_it_was(arrays):
    table = tables(FRONT_END)
    np.testing.assert_array_equal(floats(arrays["kws_window"]), table.window)
    np.testing.assert_array_equal(floats(arrays["kws_log_polynomial"]), polynomial())
    np.testing.assert_array_equal(floats(arrays["kws_mel_weights"]), np.concatenate(table.mel))
    np.testing.assert_array_equal(floats(arrays["kws_split"]).view(np.complex64), table.split)


@pytest.mark.parametrize("index, length", [(0, 256), (1, 64), (2, 16)])
def test_twiddles_stand_three_by_three(arrays, index, length):
    written = floats(arrays[f"kws_twiddles_{length}"]).view(np.complex64).reshape(length // 4, 3)
    np.testing.assert_array_equal(written.T, tables(FRONT_END).twiddles[index])


def test_indices_fit_a_byte_and_bands_add_up(arrays):
    table = tables(FRONT_END)
    for name in ("kws_order", "kws_mel_first_bin", "kws_mel_bins"):
        assert all(0 <= int(value) <= 255 for value in arrays[name])
    assert list(map(int, arrays["kws_order"])) == table.order.tolist()
    assert list(map(int, arrays["kws_mel_first_bin"])) == table.first_bin.tolist()
    assert sum(map(int, arrays["kws_mel_bins"])) == len(arrays["kws_mel_weights"])


def test_the_same_parameters_give_the_same_bytes(tmp_path):
    for name, front_end in (("a", FRONT_END), ("b", FRONT_END), ("c", MFCC)):
        write_tables(front_end, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes() != (tmp_path / "c").read_bytes()


def test_pcens_tables_are_the_references(arrays):
    constants = pcen_constants(FRONT_END)
    assert list(map(int, arrays["kws_pcen_roots"])) == constants.roots.tolist()
    assert list(map(int, arrays["kws_pcen_compression"])) == constants.compression.tolist()


def test_only_the_chosen_kinds_tables_are_written(tmp_path, arrays):
    assert "kws_dct" not in arrays
    write_tables(MFCC, tmp_path / "mfcc.h")
    text = (tmp_path / "mfcc.h").read_text()
    assert "pcen_roots" not in text and f"kws_dct[{dct_matrix().size}]" in text
