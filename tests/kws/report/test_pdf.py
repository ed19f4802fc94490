"""A page to a PDF: the browser that is there, and one that fails."""

import sys

import pytest

from kws.errors import KwsError
from kws.report import pdf
from tests.support_browser import chromium


def test_a_page_becomes_a_pdf(tmp_path):
    (tmp_path / "page.html").write_text("<!doctype html><title>t</title><p>one page")
    pdf.print_pdf(chromium(), tmp_path / "page.html", tmp_path / "page.pdf")
    content = (tmp_path / "page.pdf").read_bytes()
    assert content.startswith(b"%PDF-") and b"%%EOF" in content[-64:]


def test_a_browser_that_fails_is_named_and_leaves_no_file(tmp_path):
    program = tmp_path / "chromium"
    program.write_text(f"#!{sys.executable}\nimport sys\nsys.exit('no display')\n")
    program.chmod(0o755)
    with pytest.raises(KwsError, match=r"no display.*by hand"):
        pdf.print_pdf(str(program), tmp_path / "page.html", tmp_path / "page.pdf")
    assert not (tmp_path / "page.pdf").exists()


def test_the_first_browser_on_the_path_is_taken(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert pdf.browser() is None
    for name in ("google-chrome", "chromium"):
        (tmp_path / name).write_text("")
        (tmp_path / name).chmod(0o755)
    assert pdf.browser() == str(tmp_path / "chromium")
