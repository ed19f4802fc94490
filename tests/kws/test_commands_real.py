"""`python -m kws real`: overrides as DVC writes them, and refused ones."""

import pytest

from kws.__main__ import main
from kws.commands.real import overrides_of
from kws.errors import ParamsError


def test_overrides_nest_and_have_types():
    given = ["model.name=ds_cnn", "train.epochs=3", "train.seeds=1", "qat_sweep.weight_bits=[3, 8]", "flash.port=null"]
    assert overrides_of(given) == {
        "model": {"name": "ds_cnn"},
        "train": {"epochs": 3, "seeds": 1},
        "qat_sweep": {"weight_bits": [3, 8]},
        "flash": {"port": None},
    }


@pytest.mark.parametrize("change", ["epochs", "=3", ""])
def test_no_key_or_no_value(change):
    with pytest.raises(ParamsError, match="write KEY=VALUE"):
        overrides_of([change])


@pytest.mark.parametrize(
    "arguments, message",
    [(["-S", "train.epochs=3"], "add --name"), (["--name", "../elsewhere"], "small letters, digits")],
)
def test_the_default_results_are_safe(arguments, message, capsys):
    assert main(["real", *arguments]) == 1
    assert message in capsys.readouterr().err
