"""Kernels by name: those that the cost table prints are those that the generated C calls and the firmware has."""

import re
from pathlib import Path

from kws.codegen import generate
from kws.codegen.cortex_m4.names import ASSEMBLY, DSP, PORTABLE
from kws.codegen.package import cost_text, portable_text
from tests.conftest import REPOSITORY
from tests.support_tflite import Conv, Dense, Depthwise, Mean, Reshape, build
from tests.support_tflite_operators import MaxPool

SOURCES = REPOSITORY / "firmware" / "src"
FRAMED = [Conv(6, (5, 4), (2, 2)), Depthwise((3, 3)), Conv(5, (1, 1)), MaxPool((2, 2)), Mean(), Reshape((5,)), Dense(3)]
DENSE_OF = {"framed": "no dense layer", "wide": "operator 2 FULLY_CONNECTED"}  # whose sums are long enough
WIDE = [Conv(16, (10, 4), (2, 2)), Reshape((800,)), Dense(4)]


def calls(model_c: str) -> list[str]:
    """What invoke() calls on a Cortex-M4, layer by layer."""
    invoke = re.sub(r"#else.*?#endif", "#endif", model_c[model_c.index("static void invoke(") :], flags=re.DOTALL)
    return re.findall(r"\b(kws_\w+)\(&layer_\d+,", invoke)


def test_the_table_names_what_the_generated_c_calls(tmp_path: Path):
    for name, shape, layers in (("framed", (20, 10, 1), FRAMED), ("wide", (20, 10, 1), WIDE)):
        (generated,) = generate([(name, build(shape, layers, 1))], tmp_path / name)
        called = calls((tmp_path / name / f"model_{name}.c").read_text())
        assert [layer.kernel for layer in generated.layers] == called
        assert all(f"{layer.kernel}, {layer.made_of}" in cost_text(generated) for layer in generated.layers)
        for layer in generated.layers:
            assert (layer.made_of == ASSEMBLY) == ("_m4_" in layer.kernel or layer.title.startswith(DENSE_OF[name]))


def test_the_shapes_that_the_docs_name_have_a_kernel(tmp_path: Path):
    """docs/bring_your_own.md: an even stride times channels, 448 weights a filter."""
    for channels, filters, expected in ((48, 8, ASSEMBLY), (50, 8, DSP), (3, 8, DSP), (2, 8, ASSEMBLY)):
        tflite = build((6, 6, channels), [Conv(filters, (3, 3)), Mean(), Reshape((filters,)), Dense(3)], 1)
        (generated,) = generate([("one", tflite)], tmp_path / f"of_{channels}")
        assert generated.layers[0].made_of == expected, channels


def test_a_sentence_names_the_layers_in_portable_c(tmp_path: Path):
    (framed,) = generate([("framed", build((20, 10, 1), FRAMED, 1))], tmp_path / "framed")
    portable = [layer for layer in framed.layers if layer.made_of == PORTABLE]
    assert [layer.kernel for layer in portable] == ["kws_depthwise_conv_2d", "kws_max_pool_2d"]
    assert portable_text(framed) == (
        "In portable C on the Cortex-M4: operator 1 DEPTHWISE_CONV_2D (kws_depthwise_conv_2d), "
        "operator 3 MAX_POOL_2D (kws_max_pool_2d)."
    )
    (wide,) = generate([("wide", build((20, 10, 1), WIDE, 1))], tmp_path / "wide")
    assert portable_text(wide) == "In portable C on the Cortex-M4: no layer."


def test_kernels_with_dsp_instructions_have_them_in_their_sources(tmp_path: Path):
    """And those that are called portable have none."""
    (generated,) = generate([("framed", build((20, 10, 1), FRAMED, 1))], tmp_path)
    assert {layer.made_of for layer in generated.layers} == {ASSEMBLY, DSP, PORTABLE}
    for layer in generated.layers:
        if layer.made_of != ASSEMBLY:
            (source,) = (
                text for path in SOURCES.glob("kernels_*.c") if f"void {layer.kernel}(" in (text := path.read_text())
            )
            assert ("kernels_dot.h" in source) == (layer.made_of == DSP), layer.kernel
    dense = (SOURCES / "kernels_dense.c").read_text()
    assert "layer->inputs >= 16" in dense and "kws_m4_dot4" in dense
