"""The estimate's tables: sums, the course project's way of counting, every width."""

import json

import pytest

from kws.estimate import cost, footprint
from kws.estimate_table import COLUMNS, layer_rows, width_figures
from kws.tables import write_table
from tests.support_learning import float_model


@pytest.fixture(scope="module")
def rows():
    return layer_rows(float_model())


def test_layers_sum_to_the_whole(rows):
    counts = cost(float_model())
    assert [row["layer"] for row in rows] == ["conv", "dense", "softmax"]
    for key in ("parameters", "macs", "flops"):
        assert sum(row[key] for row in rows) == getattr(counts, key)
    assert max(row["live_bytes"] for row in rows) == 4000 + 4 * 58 * 23  # the frame of the convolution
    assert [row["activation_bytes"] for row in rows] == [4000, 4, 4]
    assert [row["output"] for row in rows] == ["25 x 20 x 8", "4", "4"]


def test_the_course_projects_custom_gives_the_course_projects_figures(rows):
    theirs = [row["flops_bias_once_a_channel"] for row in rows]
    assert theirs == [640_008, 32_004, 12] and sum(theirs) == 672_024
    assert [row["flops"] for row in rows] == [648_000, 32_004, 0]


def test_every_width_has_its_bytes():
    figures = width_figures(float_model(), "pcen")
    assert list(figures) == [f"w{bits}" for bits in range(2, 9)]
    assert figures["w8"]["weight_bytes"] == 16_640 and figures["w3"]["weight_bytes"] == 6_240
    assert (
        figures["w3"]["flash_bytes"] == footprint(float_model(), 3, "pcen").flash_bytes < figures["w8"]["flash_bytes"]
    )
    assert figures["w3"]["ram_bytes"] == figures["w8"]["ram_bytes"] + 16_640
    json.dumps(figures)


def test_rows_are_a_table(rows, tmp_path):
    write_table(tmp_path / "estimate.csv", COLUMNS, rows)
    assert (tmp_path / "estimate.csv").read_text().splitlines()[1].startswith("conv,conv,25 x 20 x 8,648,320000,")
