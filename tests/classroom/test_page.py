"""Notebooks as web pages: formulas are drawn by the browser, nothing is fetched."""

from __future__ import annotations

import re
from html import unescape
from importlib.resources import files
from pathlib import Path

import nbformat
import pytest
from fontTools.ttLib import TTFont

from snnlab.classroom import page as page_module
from snnlab.classroom.page import CoursePage, write_markdown_page
from snnlab.show.films import idea

FOLDER = Path(__file__).resolve().parent.parent.parent / "notebooks"


@pytest.mark.slow
def test_a_page_holds_everything_that_it_shows():
    """All notebooks in one page, as most of the time goes into the frame around the cells."""
    asked, cells = {}, []
    for path in sorted(FOLDER.glob("*.ipynb")):
        own = nbformat.read(path, as_version=4).cells
        asked[path.stem] = "\n\n".join(c.source for c in own if c.cell_type == "markdown")
        cells += [nbformat.v4.new_markdown_cell(f"BEGIN {path.stem}"), *own]
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number}"  # two notebooks may use one id
    page, _ = CoursePage().from_notebook_node(nbformat.v4.new_notebook(cells=cells))
    assert not re.search(r"<(script|link|img)[^>]*(src|href)=\"?https?:", page)
    parts = re.split(
        r"BEGIN (\d\d_\w+|capstone)", re.sub(r"<title>.*?</title>", "", page, flags=re.DOTALL)
    )
    pages = dict(zip(parts[1::2], parts[2::2], strict=True))
    assert list(pages) == list(asked)
    for name, part in pages.items():
        outside = re.sub(r"```.*?```|`[^`]*`", "", asked[name], flags=re.DOTALL)
        formulas = re.findall(r"\$\$.+?\$\$|\$[^$]+?\$", outside, re.DOTALL)
        assert part.count("<math") == len(formulas) > 0, name
        shown = re.sub(r"<(script|style|pre).*?</\1>", "", part, flags=re.DOTALL)
        text = re.sub(r"<[^>]*>", "", shown)
        assert "$" not in text, name
        assert "\\" not in text, f"{name}: LaTeX that MathML has no name for"
        assert "<mtext>&amp;" not in part, name


def test_rows_of_a_formula_become_rows_of_a_table():
    source = "$$\\begin{split} a &= b \\\\ c &= d \\end{split}$$"
    cell = nbformat.v4.new_markdown_cell(source)
    page, _ = CoursePage().from_notebook_node(nbformat.v4.new_notebook(cells=[cell]))
    assert page.count("<mtr") == 2


def test_the_index_leads_to_every_page_and_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(page_module, "example_idea", idea)  # without its network
    write_markdown_page(FOLDER / "README.md", tmp_path / "pages" / "index.html")
    page = (tmp_path / "pages" / "index.html").read_text(encoding="utf-8")
    links = re.findall(r'href="(\d\d_\w+|capstone)\.html"', page)
    assert links == sorted(path.stem for path in FOLDER.glob("*.ipynb"))
    assert "<title>The course</title>" in page
    assert page.count("mountFilm(place, {") == 1
    assert page.index("mountFilm(place, {") < page.index("00_quickstart.html")
    assert 'lang="en"' in page
    assert 'charset="utf-8"' in page


def test_links_between_notebooks_become_links_between_pages():
    source = "# Here\n[next](01_a.ipynb) [index](README.md) [paper](https://arxiv.org/abs/1.ipynb)"
    cell = nbformat.v4.new_markdown_cell(source)
    page, _ = CoursePage().from_notebook_node(nbformat.v4.new_notebook(cells=[cell]))
    for address in ("01_a.html", "index.html", "https://arxiv.org/abs/1.ipynb"):
        assert f'href="{address}"' in page
    assert "<title>Here</title>" in page


@pytest.mark.slow
def test_the_font_that_pages_bring_can_draw_every_formula():
    """Roots, brackets and sums are stretched with its table MATH."""
    with TTFont(files("snnlab.classroom") / "formulas.woff") as font:
        assert "MATH" in font
        known = set(font.getBestCmap())
    cells = [c for p in FOLDER.glob("*.ipynb") for c in nbformat.read(p, as_version=4).cells]
    texts = [nbformat.v4.new_markdown_cell(c.source) for c in cells if c.cell_type == "markdown"]
    page, _ = CoursePage().from_notebook_node(nbformat.v4.new_notebook(cells=texts))
    assert page.count("url(data:font/woff;base64,") == 1
    formulas = "".join(re.findall(r"<math.*?</math>", page, re.DOTALL))
    used = {ord(sign) for sign in unescape(re.sub(r"<[^>]*>", "", formulas)) if not sign.isspace()}
    assert len(used) > 50
    assert not {chr(sign) for sign in used - known}
    assert "mathspace" not in formulas, "browsers know lengths only"
