"""Notebooks as web pages: formulas are drawn by the browser, nothing is fetched."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat

from snnlab.classroom.page import CoursePage, write_markdown_page

FOLDER = Path(__file__).resolve().parent.parent.parent / "notebooks"


def test_a_page_holds_everything_that_it_shows():
    """All notebooks in one page: most of the time goes into the frame around the cells."""
    notebooks = [nbformat.read(path, as_version=4) for path in sorted(FOLDER.glob("*.ipynb"))]
    cells = [cell for notebook in notebooks for cell in notebook.cells]
    page, _ = CoursePage().from_notebook_node(nbformat.v4.new_notebook(cells=cells))
    asked = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    outside = re.sub(r"```.*?```|`[^`]*`", "", asked, flags=re.DOTALL)
    formulas = re.findall(r"\$\$.+?\$\$|\$[^$]+?\$", outside, re.DOTALL)
    assert page.count("<math") == len(formulas) > 0
    shown = re.sub(r"<(script|style|pre).*?</\1>", "", page, flags=re.DOTALL)
    assert "$" not in re.sub(r"<[^>]*>", "", shown)
    assert "\\" not in re.sub(r"<[^>]*>", "", shown), "LaTeX that MathML has no name for"
    assert not re.search(r"<(script|link|img)[^>]*(src|href)=\"?https?:", page)
    assert "<mtext>&amp;" not in page


def test_rows_of_a_formula_become_rows_of_a_table():
    source = "$$\\begin{split} a &= b \\\\ c &= d \\end{split}$$"
    cell = nbformat.v4.new_markdown_cell(source)
    page, _ = CoursePage().from_notebook_node(nbformat.v4.new_notebook(cells=[cell]))
    assert page.count("<mtr") == 2


def test_the_index_leads_to_every_page_and_is_named(tmp_path):
    write_markdown_page(FOLDER / "README.md", tmp_path / "pages" / "index.html")
    page = (tmp_path / "pages" / "index.html").read_text(encoding="utf-8")
    links = re.findall(r'href="(\d\d_\w+)\.html"', page)
    assert links == sorted(path.stem for path in FOLDER.glob("*.ipynb"))
    assert "<title>The course</title>" in page
    assert 'lang="en"' in page
    assert 'charset="utf-8"' in page


def test_links_between_notebooks_become_links_between_pages():
    source = "# Here\n[next](01_a.ipynb) [index](README.md) [paper](https://arxiv.org/abs/1.ipynb)"
    cell = nbformat.v4.new_markdown_cell(source)
    page, _ = CoursePage().from_notebook_node(nbformat.v4.new_notebook(cells=[cell]))
    for address in ("01_a.html", "index.html", "https://arxiv.org/abs/1.ipynb"):
        assert f'href="{address}"' in page
    assert "<title>Here</title>" in page
