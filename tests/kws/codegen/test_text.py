"""Pieces of C text: the rows of a table as textwrap would fill them."""

import textwrap

import numpy as np
import pytest

from kws.codegen.text import COLUMNS, INDENT, table


@pytest.mark.parametrize("seed", range(60))
def test_a_table_is_filled_as_by_textwrap(seed: int):
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, 400))
    values = [
        rng.integers(-128, 128, count).astype(np.int8),
        tuple(rng.integers(-(2**31), 2**31, count).tolist()),
        (rng.normal(size=count) * 10.0 ** float(rng.integers(-9, 9))).tolist(),
    ][seed % 3]
    words = [value.hex() if isinstance(value, float) else str(int(value)) for value in values]
    body = textwrap.fill(", ".join(words), COLUMNS, initial_indent=INDENT, subsequent_indent=INDENT)
    assert table("int8_t", "name", values) == f"static const int8_t name[{count}] = {{\n{body},\n}};\n"
