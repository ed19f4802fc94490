"""Tables come back as they were written; damaged ones are refused with their name."""

import numpy as np
import pytest

from kws.errors import ArtifactError
from kws.tables import read_table, write_table


def test_bytes_of_a_table(tmp_path):
    path = tmp_path / "plots" / "a.csv"
    rows = [{"method": "ptq", "amount": 0.1, "fine_tuned": False, "seed": 3, "latency_us": None}]
    write_table(path, ["method", "amount", "fine_tuned", "seed", "latency_us"], rows)
    assert path.read_bytes() == b"method,amount,fine_tuned,seed,latency_us\nptq,0.1,false,3,\n"
    assert read_table(path) == rows


@pytest.mark.parametrize("value", [0.1 + 0.2, 1e-300, 0.0, -7, True, False, None, 'say "yes", no', 2**60])
def test_a_cell_survives(tmp_path, value):
    write_table(tmp_path / "a.csv", ["x", "y"], [{"x": value, "y": 1}])
    read = read_table(tmp_path / "a.csv")[0]["x"]
    assert read == value and type(read) is type(value)


def test_numpy_scalars_become_plain_numbers(tmp_path):
    write_table(tmp_path / "a.csv", ["x", "y", "z"], [{"x": np.float64(0.5), "y": np.int64(4), "z": np.bool_(True)}])
    assert (tmp_path / "a.csv").read_text() == "x,y,z\n0.5,4,true\n"


def test_a_word_that_looks_like_a_number_stays_text(tmp_path):
    row = {"actual": "7", "predicted": "true", "tflite_sha256": "1e5", "count": 7}
    write_table(tmp_path / "a.csv", list(row), [row])
    assert read_table(tmp_path / "a.csv") == [row]


def test_a_row_that_does_not_fit_leaves_the_old_table(tmp_path):
    path = tmp_path / "a.csv"
    write_table(path, ["x"], [{"x": 1}])
    for bad in ({"y": 1}, {"x": 1, "y": 2}, {"x": float("nan")}, {"x": float("inf")}, {"x": [1]}):
        with pytest.raises(ArtifactError, match=r"a\.csv"):
            write_table(path, ["x"], [bad])
    assert read_table(path) == [{"x": 1}]
    assert [child.name for child in tmp_path.iterdir()] == ["a.csv"]


def test_damaged_tables_are_refused(tmp_path):
    path = tmp_path / "a.csv"
    with pytest.raises(ArtifactError, match=r"a\.csv is missing: run `dvc repro`"):
        read_table(path)
    for content in (b"", b"x,y\n1\n", b"x\n\xff\n", b'x,y\n"1,2\n'):
        path.write_bytes(content)
        with pytest.raises(ArtifactError, match=r"a\.csv"):
            read_table(path)
    path.write_text("x\n1\n")
    with pytest.raises(ArtifactError, match="seed"):
        read_table(path, ["x", "seed"])
