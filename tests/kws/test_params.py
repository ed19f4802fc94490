"""params.yaml: each refusal names the key, the value and the way back; the file that is there is accepted."""

import re

import pytest

from kws.errors import ParamsError
from kws.params import load_params
from kws.yaml_files import dump
from tests.conftest import REPOSITORY
from tests.support_learning import PARAMS, changed

REFUSED = {  # change: (key, what the message says of it)
    "bits too wide": ({"bits": 9}, "bits", "is 9: input should be less than or equal to 8"),
    "bits too narrow": ({"bits": 1}, "bits", "is 1: input should be greater than or equal to 2"),
    "bits a word": ({"bits": "eight"}, "bits", "is 'eight': input should be a valid integer"),
    "bits between": ({"bits": 3.5}, "bits", "is 3.5: input should be a valid integer"),
    "nothing": ({"bits": None}, "bits", "is None: input should be a valid integer"),
    "unknown key": ({"train": {"epoch": 3}}, "train.epoch", r"is not a key that anything reads \(its value is 3\)"),
    "unknown section": ({"tests": 1}, "tests", r"is not a key that anything reads \(its value is 1\); .*spelling"),
    "boolean words": ({"data": {"words": [True]}}, "data.words.0", "is True: input should be a valid string"),
    "numbers as words": ({"data": {"words": [7]}}, "data.words.0", "is 7: input should be a valid string"),
    "no words": ({"data": {"words": []}}, "data.words", r"is \[\]: tuple should have at least 1 item"),
    "a word twice": ({"data": {"words": ["up", "up"]}}, "data", "words holds the same word twice"),
    "a path as word": ({"data": {"words": ["../up"]}}, "data.words.0", r"is '\.\./up': string should match"),
    "a class's name": ({"data": {"words": ["_silence_"]}}, "data.words.0", "is '_silence_': string should match"),
    "unknown source": ({"data": {"source": "radio"}}, "data.source", "is 'radio': input should be 'synthetic'"),
    "folder without root": ({"data": {"source": "folder"}}, "data", "source is folder but root is null; set root"),
    "shares": ({"train": {"silence_share": 0.6}}, "train", "silence_share and unknown_share together must leave"),
    "negative share": ({"train": {"unknown_share": -0.1}}, "train.unknown_share", "is -0.1: .*greater than or equal"),
    "no rate": ({"train": {"learning_rate": 0}}, "train.learning_rate", "is 0: input should be greater than 0"),
    "endless rate": ({"train": {"learning_rate": float("inf")}}, "train.learning_rate", "is inf: .*finite number"),
    "no number": ({"qat_sweep": {"temperature": float("nan")}}, "qat_sweep.temperature", "is nan: .*finite number"),
    "a width": ({"qat_sweep": {"weight_bits": [8, 9]}}, "qat_sweep.weight_bits.1", "is 9: .*less than or equal to 8"),
    "all removed": ({"prune_sweep": {"structured_amounts": [1.0]}}, "prune_sweep.structured_amounts.0", "is 1.0: .*1"),
    "narrow band": ({"front_end": {"low_hz": 7000.0}}, "front_end", "high_hz 7600.0 must lie at least 1000 Hz above"),
    "high band": ({"front_end": {"high_hz": 9000.0}}, "front_end.high_hz", "is 9000.0: .*less than or equal to 8000"),
    "timed": ({"mcu_benchmark": {"clips": 1}}, "mcu_benchmark", r"must be at most clips \(1\)"),
    "board": ({"flash": {"board": "esp32"}}, "flash.board", "is 'esp32': input should be 'emulator'"),
    "a board without a port": ({"flash": {"board": "any"}}, "flash", "board is any but port is null: set port to"),
    "a wide minifloat": ({"ptq_sweep": {"minifloat": [[4, 4]]}}, "ptq_sweep.minifloat.0", "at most 8 bits: a sign"),
    "a minifloat of one number": ({"qat_sweep": {"minifloat": [3]}}, "qat_sweep.minifloat.0", "valid tuple"),
    "a float that is none": ({"qat_sweep": {"minifloat": [[1, 2]]}}, "qat_sweep.minifloat.0.0", "is 1: .*equal to 2"),
    "granularity": (
        {"qat_sweep": {"granularity": "row"}},
        "qat_sweep.granularity",
        "is 'row': input should be 'channel'",
    ),
    "asymmetry in QAT": ({"qat_sweep": {"weight_symmetry": "symmetric"}}, "qat_sweep.weight_symmetry", "not a key"),
    "baud": ({"flash": {"baud": 1234}}, "flash.baud", "is 1234: input should be 9600"),
    "a section that is none": ({"model": "tiny_conv"}, "model", "is 'tiny_conv': input should be a valid dictionary"),
    "a patience of no epochs": (
        {"train": {"patience_epochs": 0}},
        "train.patience_epochs",
        "greater than or equal to 1",
    ),
    "a boolean for a count": ({"train": {"epochs": True}}, "train.epochs", "integer"),
    "a range upside down": ({"augmentation": {"gain_db": [4.0, -6.0]}}, "augmentation.gain_db", "lowest first"),
}


def refusal(tmp_path, text: str) -> str:
    (tmp_path / "params.yaml").write_text(text)
    with pytest.raises(ParamsError) as caught:
        load_params(tmp_path / "params.yaml")
    return str(caught.value)


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_names_key_value_and_the_way_back(tmp_path, name):
    change, key, told = REFUSED[name]
    message = refusal(tmp_path, dump(changed(**change)))
    assert re.search(f"params.yaml: `{re.escape(key)}`:? .*?{told}|params.yaml: `{re.escape(key)}`:? {told}", message)
    assert message.count("`git checkout HEAD params.yaml` undoes it") == 1 and "`dvc repro`" in message
    assert "\n" not in message


def test_one_cause_is_told_once_and_two_are_both_told(tmp_path):
    message = refusal(tmp_path, dump(changed(data={"words": [True, False]}, bits=9)))
    assert message.count("`data.words.0`") == message.count("`data.words.1`") == message.count("`bits`") == 1
    assert "at least 1 item" not in message


def test_missing_keys_are_named(tmp_path):
    without = {name: value for name, value in PARAMS.items() if name != "bits"}
    without["train"] = {name: value for name, value in PARAMS["train"].items() if name != "epochs"}
    message = refusal(tmp_path, dump(without))
    assert "`bits` is missing" in message and "`train.epochs` is missing" in message


@pytest.mark.parametrize("text", ["", "just a word", "- a\n- list\n"])
def test_a_file_that_is_no_section_is_refused(tmp_path, text):
    assert "`the file`" in refusal(tmp_path, text)


@pytest.mark.parametrize("text", ["bits: [8", "a: b: c", "bits: 8\nbits: 3\n", "\tbits: 8"])
def test_what_is_not_yaml_is_refused(tmp_path, text):
    message = refusal(tmp_path, text)
    assert "params.yaml is not YAML: " in message and "git checkout" in message and "\n" not in message


def test_bytes_that_are_no_text_are_refused(tmp_path):
    (tmp_path / "params.yaml").write_bytes(b"bits: 8 # \xe9\n")
    with pytest.raises(ParamsError, match=r"params\.yaml is not YAML"):
        load_params(tmp_path / "params.yaml")


def test_a_missing_file_says_where_to_run(tmp_path):
    with pytest.raises(ParamsError, match="is missing: run in the repository's root"):
        load_params(tmp_path / "params.yaml")


def test_yes_and_no_are_words_with_quotes_or_without(tmp_path):
    text = dump(PARAMS)
    (tmp_path / "params.yaml").write_text(text)
    assert load_params(tmp_path / "params.yaml").data.words == ("yes", "no")
    quoted = text.replace("- yes", '- "yes"').replace("- no", "- 'no'")
    assert "'no'" in quoted
    (tmp_path / "params.yaml").write_text(quoted)
    assert load_params(tmp_path / "params.yaml").data.words == ("yes", "no")


def test_what_was_read_cannot_be_changed(tmp_path):
    (tmp_path / "params.yaml").write_text(dump(PARAMS))
    params = load_params(tmp_path / "params.yaml")
    with pytest.raises(ValueError, match="frozen"):
        params.bits = 3
    assert isinstance(params.qat_sweep.weight_bits, tuple)


def test_the_repositorys_file_is_accepted():
    assert 2 <= load_params(REPOSITORY / "params.yaml").bits <= 8
