"""Every block of code and every command in README.md and docs/: real programs, options, keys, files, and values."""

import subprocess

import numpy as np
import pytest

from kws.board import zig
from kws.codegen.package import write_package
from kws.tflite.interpreter import reference_logits
from tests.conftest import REPOSITORY
from tests.support_commands import check, check_changes, check_section, check_variables
from tests.support_docs import PAGES, blocks, changes, commands, kind, links, sentences
from tests.support_tflite import Conv, Dense, Reshape, build

COMMANDS = [command for page in PAGES for command in commands(page)]
BLOCKS = [block for page in PAGES for block in blocks(page)]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: f"{command.place} {command.text}"[:60])
def test_the_command_works(command, tmp_path):
    check_variables(command.variables)
    check(command.words, tmp_path)


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.place)
def test_the_block_is_of_a_kind_that_is_checked(block, tmp_path):
    found = kind(block)
    assert found in ("commands", "params", "protocol", "python", "c"), f"{block.place} is {found}: tell what checks it"
    if found == "params":
        check_section(block.text, tmp_path)


@pytest.mark.parametrize("block", [one for one in BLOCKS if kind(one) == "c"], ids=lambda block: block.place)
def test_c_calls_a_compiled_model_with_the_flags_of_its_page(block, tmp_path):
    tflite = build((49, 40, 1), [Conv(8, (10, 8), (2, 2)), Reshape((4000,)), Dense(4)], 5)
    (tmp_path / "model.tflite").write_bytes(tflite)
    out = tmp_path / "out"
    write_package(tmp_path / "model.tflite", out)
    (out / "main.c").write_text(block.text + "\n")
    flags = next(text for text in sentences(REPOSITORY / "docs" / block.page) if text.startswith("-std=")).split()
    assert set(flags) <= set(zig.COMMON_FLAGS) and {"-O2", "-ffp-contract=off"} <= set(flags)
    sources = sorted(path.name for path in out.iterdir() if path.suffix in (".c", ".S"))
    program = zig.compile_and_link(out, sources, zig.HOST_FLAGS, "program")
    printed = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    silence = np.zeros((1, 49, 40), np.int8)
    assert [int(word) for word in printed.split()] == reference_logits(tflite, silence)[0].tolist()


@pytest.mark.parametrize("page", sorted({block.page for block in BLOCKS if kind(block) == "python"}))
def test_python_runs_and_its_tests_pass(page):
    names: dict = {}
    for block in BLOCKS:
        if block.page == page and kind(block) == "python":
            exec(compile(block.text, block.place, "exec"), names)
    tests = [value for name, value in names.items() if name.startswith("test_")]
    assert tests
    for test in tests:
        test()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_changes_within_sentences_are_accepted(page, tmp_path):
    for change in changes(page):
        assert check_changes([change], tmp_path)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in links(page):
        path, _, heading = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), f"{page.name} links to {target}"
        if heading:
            titles = [line.lstrip("# ").lower() for line in found.read_text().splitlines() if line.startswith("#")]
            assert heading in {title.replace(" ", "-").replace(",", "") for title in titles}, target


@pytest.mark.parametrize(
    "words",
    [
        "dvc exp run -S bitz=3",
        "dvc exp run -S bits=9",
        "dvc exp run -S bits=2,3",
        "dvc exp runn",
        "dvc repro training",
        "dvc plots show --opened",
        "make quik",
        "python -m kws trase",
        "python -m kws quick -S front_end.kind=fft",
        "python tools/nothing.py",
        "python -m pip install left-pad",
        "git chekout HEAD params.yaml",
        "dask worker tcp://a:1 --threads 2",
        "arduino-cli upload",
        "curl example.org",
    ],
)
def test_what_does_not_work_is_noticed(words, tmp_path):
    with pytest.raises(Exception):  # noqa: B017 - each parser has its own
        check(words.split(), tmp_path)


def test_there_is_something_to_check():
    assert len(COMMANDS) > 60 and {block.page for block in BLOCKS} >= {"README.md", "experiments.md"}
    assert (REPOSITORY / "docs").is_dir()
