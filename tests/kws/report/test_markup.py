"""HTML in small pieces: what enters is escaped, numbers stand to the right, pictures lie inside."""

import base64
import re

import pytest

from kws.errors import ArtifactError
from kws.report.markup import Markup, Numbered, data_address, element, escaped, with_pictures_inside

PNG = b"\x89PNG\r\n\x1a\n..."


def test_text_is_escaped_once_and_markup_never():
    assert escaped('a < b & "c"') == "a &lt; b &amp; &quot;c&quot;"
    assert element("p", "1 < 2", Markup("<b>bold</b>"), class_="x") == '<p class="x">1 &lt; 2<b>bold</b></p>'
    assert element("a", "x", href='"><script>') == '<a href="&quot;&gt;&lt;script&gt;">x</a>'


def test_tables_and_figures_are_numbered_apart(tmp_path):
    (tmp_path / "a.png").write_bytes(PNG)
    numbered = Numbered()
    texts = [numbered.table("first", ["a"], {"": [["x"]]}), numbered.figure(tmp_path / "a.png", "seen", "alt <"),
             numbered.table("second", ["a"], {"": [["x"]]})]  # fmt: skip
    assert [re.findall(r"(?:Table|Figure) \d", text) for text in texts] == [["Table 1"], ["Figure 1"], ["Table 2"]]
    assert 'alt="alt &lt;"' in texts[1]


def test_columns_of_numbers_stand_to_the_right_and_groups_have_headings():
    rows = [["w8", "95.3% ± 0.6", "+0.0 [-0.1, +0.1]", "fine"], ["w7", "", "-0.2 [-0.4, -0.0]", "5 bad"]]
    text = Numbered().table("bits", ["width", "PTQ", "less", "note"], {"one": rows, "two": rows})
    assert re.findall(r'<th class="(\w+)" scope|<td class="(\w+)"', text)[:3] == [
        ("", "number"),
        ("", "number"),
        ("", "text"),
    ]
    assert text.count('class="group"') == 2 and text.count("<tbody>") == 2
    assert 'class="group"' not in Numbered().table("bits", ["w", "p", "l", "n"], {"one": rows})


@pytest.mark.parametrize("groups", [{}, {"a": []}, {"a": [["x", "y"]]}])
def test_a_table_without_rows_or_with_odd_ones_is_refused(groups):
    with pytest.raises(ArtifactError, match=r"'bits'.*dvc repro"):
        Numbered().table("bits", ["a"], groups)


def test_pictures_lie_inside(tmp_path):
    (tmp_path / "a.png").write_bytes(PNG)
    address = data_address(tmp_path / "a.png")
    assert base64.b64decode(address.removeprefix("data:image/png;base64,")) == PNG
    with pytest.raises(ArtifactError, match=r"b\.svg is missing: `dvc repro`"):
        data_address(tmp_path / "b.svg")
    with pytest.raises(ArtifactError, match="neither PNG nor SVG"):
        data_address(tmp_path / "a.txt")


def test_a_page_takes_its_pictures_in_and_keeps_the_rest(tmp_path):
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "a.png").write_bytes(PNG)
    script = "<script>const text = '<img src=\"${address}\">';</script>"
    (tmp_path / "index.html").write_text(f'{script}<img src="static/a.png">')
    text = with_pictures_inside(tmp_path / "index.html")
    assert text == f'{script}<img src="{data_address(tmp_path / "static" / "a.png")}">'
