"""Notebooks as web pages that need no internet: their formulas are MathML, which browsers draw.

To stretch roots, brackets and sums, browsers need a font for mathematics, which few machines have.
So each page includes one, `formulas.woff`, a part of STIX Two Math.

`python -m nbconvert --execute --to snnlab.classroom.page.CoursePage notebooks/*.ipynb` writes them,
`python -m snnlab.classroom.page notebooks/README.md index.html` the page that lists them.
"""

from __future__ import annotations

import re
import sys
from base64 import b64encode
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import nbformat
from jinja2 import pass_context
from jinja2.runtime import Context
from latex2mathml.converter import convert
from nbconvert.exporters import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode

from snnlab.show.films.idea import example_idea
from snnlab.show.on_page import PAGE_STYLE
from snnlab.show.web import making_web_pages, with_scripts

FILM: Final = "<!-- film of the idea -->"
"""A comment in Markdown in whose place a web page shows the film."""

_WITHOUT_SCRIPTS = """
{%- extends 'lab/index.html.j2' -%}
{%- block html_head_js_requirejs -%}{%- endblock -%}
{%- block html_head_js_mathjax -%}{%- endblock -%}
{%- block html_head_js_mermaidjs -%}{%- endblock -%}
{%- block html_head_css -%}
{{ super() }}
<style>
@font-face { font-family: "formulas"; src: url(data:font/woff;base64,{{ resources.formulas }}) }
math { font-family: "formulas", math; font-size: 115% }
math mtext { font-family: inherit }
math[display="block"] { overflow-x: auto; overflow-y: hidden; padding: 0.2em 0 }
math mtd:nth-child(odd) { text-align: right }
math mtd:nth-child(even) { text-align: left }
{{ resources.page_style }}
</style>
{%- endblock -%}
"""
"""The template of nbconvert without anything that is loaded from the internet, with aligned rows of
formulas, and pictures that are readable on a phone."""


class _Markdown(IPythonRenderer):
    """Markdown to HTML: formulas as MathML, links to notebooks as links to their pages.

    A link to a file without a page, such as the guide to the assignments, becomes text.
    """

    def inline_math(self, body: str) -> str:
        return _mathml(body, "inline")

    def block_math(self, body: str) -> str:
        return _mathml(body, "block")

    def link(self, text: str, url: str, title: str | None = None) -> str:
        if not re.match(r"#|\w+:", url):
            url = re.sub(r"\.ipynb$", ".html", _INDEX.sub(r"\1index.html", url))
            if not url.endswith(".html"):
                return text
        return str(super().link(text, url, title))


_INDEX = re.compile(r"^(|\.\./|lecture/)README\.md$")
"""Links to the index of the course and to that of the pages for lecturers."""


class CoursePage(HTMLExporter):
    """A web page of a notebook, in a single self-contained file."""

    export_from_notebook = "Course page"
    raw_template = _WITHOUT_SCRIPTS

    def from_notebook_node(  # type: ignore[override]  # as HTMLExporter does
        self, nb: NotebookNode, resources: dict[str, Any] | None = None, **options: Any
    ) -> tuple[str, dict[str, Any]]:
        """The page of a notebook; its title is the first heading."""
        titled = nbformat.from_dict(nb)
        heading = re.search(r"^# (.+)$", "\n".join(cell.source for cell in nb.cells), re.M)
        if heading:
            titled.metadata["title"] = heading[1]
        given = {**(resources or {}), "formulas": _font(), "page_style": PAGE_STYLE}
        with making_web_pages():
            page, given = super().from_notebook_node(titled, given, **options)
        return with_scripts(page), given

    @pass_context
    def markdown2html(self, context: Context, source: str) -> str:
        """A Markdown cell as HTML."""
        cell: dict[str, Any] = context.get("cell", {})
        renderer = _Markdown(
            escape=False,
            attachments=cell.get("attachments", {}),
            embed_images=self.embed_images,
            anchor_link_text=self.anchor_link_text,
            exclude_anchor_links=self.exclude_anchor_links,
        )
        return str(MarkdownWithMath(renderer=renderer).render(source))


@cache
def _font() -> str:
    """The font of the formulas in base64."""
    return b64encode((files("snnlab.classroom") / "formulas.woff").read_bytes()).decode()


def _mathml(latex: str, display: str) -> str:
    """A formula as MathML."""
    drawn = str(convert(latex.strip(), display=display))
    return drawn.replace('"negativethinmathspace"', '"-0.167em"')  # browsers accept lengths only


def write_markdown_page(source: Path, target: Path) -> None:
    """Write a Markdown file as a page in the style of the notebooks.

    The film of the idea is put in place of `FILM`.

    Raises:
        FileNotFoundError: no such source.

    Example:
        >>> write_markdown_page(Path("notebooks/README.md"), Path("index.html"))
    """
    write_page(source.read_text(encoding="utf-8"), target)


def write_page(markdown: str, target: Path) -> None:
    """Write a text as such a page."""
    cell = nbformat.v4.new_markdown_cell(markdown)
    page, _ = CoursePage().from_notebook_node(nbformat.v4.new_notebook(cells=[cell]))
    if FILM in page:
        page = page.replace(FILM, example_idea().html(), 1)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    write_markdown_page(*map(Path, sys.argv[1:]))
