"""What web pages without Python bring along."""

from __future__ import annotations

import os

import nbformat
import pytest

from snnlab.classroom.page import CoursePage
from snnlab.show import web


def page_of(*sources: str) -> str:
    cells = [nbformat.v4.new_markdown_cell(source) for source in sources]
    return CoursePage().from_notebook_node(nbformat.v4.new_notebook(cells=cells))[0]


def test_a_script_that_several_pieces_need_stands_once_in_the_head(monkeypatch):
    monkeypatch.setitem(web.SCRIPTS, "clock", lambda: "const clock = 1;")
    monkeypatch.setitem(web.SCRIPTS, "other", lambda: "const other = 1;")
    page = page_of('<p data-needs="clock">1</p>', '<p data-needs="clock">2</p>')
    assert page.count("const clock = 1;") == 1
    assert page.index("const clock = 1;") < page.index("</head>")
    assert "const other" not in page


def test_a_kernel_knows_that_it_makes_a_web_page():
    assert not web.for_web_pages()
    with web.making_web_pages():
        assert web.for_web_pages()
        with web.making_web_pages():
            pass
        assert web.for_web_pages()
    assert not web.for_web_pages()
    assert web.PAGES not in os.environ


def test_it_is_forgotten_after_an_error():
    with pytest.raises(RuntimeError), web.making_web_pages():
        raise RuntimeError
    assert not web.for_web_pages()
