"""How large the functions of the Cortex-M4's kernels become, against the assembler."""

import io

import pytest
from elftools.elf.elffile import ELFFile

from kws.board import zig
from kws.codegen.cortex_m4.assembly import Function, add_constant, source_text
from kws.codegen.cortex_m4.convolution import convolution
from kws.codegen.cortex_m4.depthwise import Planes, depthwise
from kws.codegen.cortex_m4.frames import frame_shape
from kws.codegen.cortex_m4.pointwise import Pointwise, pointwise

FRAMES = [
    ((10, 8), (2, 2), 1, (25, 20), 8),
    ((10, 8), (2, 2), 1, (25, 20), 7),
    ((10, 4), (2, 4), 1, (25, 10), 64),
    ((1, 1), (1, 1), 64, (25, 10), 64),
    ((1, 1), (1, 1), 12, (25, 20), 12),
    ((3, 3), (1, 1), 4, (10, 9), 5),
    ((3, 3), (1, 2), 1, (4, 2), 1),
]
DETAILS = [{}, {"exact_negative": True}, {"rectified_at": -90, "pad_top": 2}]
SHAPES = [frame_shape(*sizes, **details) for sizes in FRAMES for details in DETAILS]
PLANES = [Planes(*sizes) for sizes in ((5, 25, 64), (10, 25, 64), (2, 2, 4), (2, 1, 4), (3, 8, 12))]
PRODUCTS = [Pointwise(words, 1, wide, odd) for words in (2, 20, 32, 96) for wide in (False, True) for odd in (0, 1)]
FUNCTIONS = [
    *(convolution(shape, filters) for shape in SHAPES for filters in shape.functions),
    *map(depthwise, PLANES),
    *map(pointwise, PRODUCTS),
]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_code_is_as_large_as_estimated_within_a_tenth(tmp_path, function):
    (tmp_path / "k.S").write_text(source_text([function], ""))
    flags = (*zig.BOARD_FLAGS[:3], "-c")
    linked = ELFFile(io.BytesIO(zig.compile_and_link(tmp_path, ["k.S"], flags, "k.o").read_bytes()))
    size = linked.get_section_by_name(".text.kws_m4")["sh_size"]
    assert function.code_bytes == pytest.approx(size, rel=0.1)


def test_comments_labels_and_directives_take_no_bytes():
    code = Function("f", "A comment.")
    code("movs r0, #1", ".balign 4", "add.w r0, r0, r1")
    code.label("here")
    code.note("nothing")
    assert code.code_bytes == 6


def test_additions_take_as_many_instructions_as_they_need():
    assert add_constant("r1", "r0", 4_095) == ["addw r1, r0, #4095"]
    assert add_constant("r1", "r0", 4_097) == ["add r1, r0, #4096", "addw r1, r1, #1"]
