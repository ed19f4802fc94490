"""Models too large for the board: refused by the estimate, with figures and what would do."""

import pytest

from kws.capacity import benchmark_footprint, estimate_text, refuse_misfit
from kws.errors import ParamsError
from kws.estimate import footprint
from tests.support_learning import float_model, params

MANY = [f"word{number}" for number in range(30)]


def test_the_usual_model_fits_at_every_width():
    for bits in range(2, 9):
        refuse_misfit(params(bits=bits))


def test_the_estimate_is_told_with_what_is_left():
    text = estimate_text(params(bits=8))
    footprint_of = footprint(float_model(), 8, "pcen")
    for part in ("tiny_conv, 2 words, 8-bit weights, estimated", "16,652 parameters, 336,000 MACs, 680,004 FLOPs"):
        assert part in text
    assert f"flash: {footprint_of.flash_bytes:,} of 983,040 bytes, {983_040 - footprint_of.flash_bytes:,} left" in text
    assert f"RAM: {footprint_of.ram_bytes:,} of 262,144 bytes" in text


def test_too_little_flash_names_both_figures_and_the_keys():
    too_large = params(model={"filters": 64}, data={"words": MANY})
    with pytest.raises(
        ParamsError,
        match=r"`model.filters` 64, 30 `data.words` .* needs 1,0\d\d,\d{3} bytes of flash \(the nRF52840 has 983,040",
    ):
        refuse_misfit(too_large)


def test_too_little_ram_for_unpacked_weights_names_the_width_that_fits():
    narrow = params(bits=3, model={"filters": 48}, data={"words": MANY[:8]})
    with pytest.raises(ParamsError, match=r"needs 3\d\d,\d{3} bytes of RAM .* or bits: 8\."):
        refuse_misfit(narrow)


def test_a_benchmark_image_that_is_too_large_is_told_apart():
    amounts = [step / 16 for step in range(16)]
    full = params(model={"filters": 64}, prune_sweep={"structured_amounts": amounts})
    with pytest.raises(
        ParamsError, match=r"fits the board alone, but .* 32 pruned models .* or larger prune_sweep.structured_amounts"
    ):
        refuse_misfit(full)


def test_the_benchmark_image_carries_each_amount_twice_and_one_arena():
    amounts = {"structured_amounts": [0.0, 0.5], "unstructured_amounts": [0.5]}
    chosen = params(prune_sweep=amounts)
    alone, half = footprint(float_model(), 8, "pcen"), footprint(float_model(filters=4), 8, "pcen")
    found = benchmark_footprint(chosen)
    assert found.ram_bytes == alone.ram_bytes
    assert alone.flash_bytes + 2 * 16_640 + 2 * 8_320 < found.flash_bytes < 3 * alone.flash_bytes + 2 * half.flash_bytes


def test_the_benchmark_image_has_room_to_unpack_the_sparse_models():
    amounts = {"structured_amounts": [0.0], "unstructured_amounts": [0.5, 0.9, 0.95]}
    without, two = (benchmark_footprint(params(prune_sweep=amounts, convert={"sparse_from": at})) for at in (1.0, 0.9))
    assert two.ram_bytes - without.ram_bytes == 16_640
    weights = 16_640 * (0.1 + 0.05 + 2 / 8)
    assert weights < two.flash_bytes - without.flash_bytes < weights + 4000
