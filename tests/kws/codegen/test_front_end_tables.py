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
    text = (tmp_path / "tables.h").read_text()
    found = re.findall(r"static const (\w+) (\w+)\[(\d+)\] = \{(.*?)\};", text, re.DOTALL)
    read = {name: [value.strip(" {}\n") for value in values.split(",")] for _, name, _, values in found}
    for kind, name, size, _ in found:
        assert len(read[name]) == int(size) * (2 if kind == "complex_t" else 1)
    return read


def floats(values: list[str]) -> np.ndarray:
    assert all(value.endswith("f") for value in values)
    return np.array([np.float32(value[:-1]) for value in values])


def test_every_float_reads_back_as_it_was(arrays):
    table = tables(FRONT_END)
    np.testing.assert_array_equal(floats(arrays["kws_mel_slope"]), table.segments.slope)
    np.testing.assert_array_equal(floats(arrays["kws_mel_last"]), table.segments.last)
    np.testing.assert_array_equal(floats(arrays["kws_split"]).view(np.complex64), table.split[:65])
    written = floats(arrays["kws_twiddles"]).view(np.complex64).reshape(32, 7)
    np.testing.assert_array_equal(written.T, table.twiddles[0])


def test_integers_are_those_of_the_reference(arrays):
    table = tables(FRONT_END)
    assert list(map(int, arrays["kws_log_polynomial"])) == polynomial().tolist()
    assert list(map(int, arrays["kws_mel_bins"])) == table.segments.bins.tolist()
    assert list(map(int, arrays["kws_window"])) == table.window[:256].tolist()


def test_what_is_left_out_is_a_mirror_image():
    """What the header does not hold, the firmware takes from what it does."""
    table = tables(FRONT_END)
    np.testing.assert_array_equal(table.window, table.window[::-1])
    np.testing.assert_array_equal(table.twiddles[1], table.twiddles[0][:, ::8])
    mirrored = table.split[127:63:-1]
    np.testing.assert_array_equal(mirrored.real, -table.split[1:65].imag)
    np.testing.assert_array_equal(mirrored.imag, -table.split[1:65].real)


def test_bands_without_a_bin_are_named(tmp_path):
    write_tables(FRONT_END.model_copy(update={"low_hz": 0.0, "high_hz": 1000.0}), tmp_path / "tables.h")
    text = (tmp_path / "tables.h").read_text()
    assert "#define KWS_MEL_LONE 1" in text and "kws_mel_lone[2] = {\n  0, 1};" in text


def test_the_same_parameters_give_the_same_bytes(tmp_path):
    for name, front_end in (("a", FRONT_END), ("b", FRONT_END), ("c", MFCC)):
        write_tables(front_end, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes() != (tmp_path / "c").read_bytes()


def test_pcens_tables_are_the_references(arrays):
    constants = pcen_constants(FRONT_END)
    for name in ("roots", "logs", "bend"):
        assert list(map(int, arrays[f"kws_pcen_{name}"])) == getattr(constants, name).tolist()


def test_only_the_chosen_kinds_tables_are_written(tmp_path, arrays):
    assert "kws_dct" not in arrays
    write_tables(MFCC, tmp_path / "mfcc.h")
    text = (tmp_path / "mfcc.h").read_text()
    assert "pcen_roots" not in text and f"kws_dct[{dct_matrix().size}]" in text
