"""Notebooks as web pages that need no network: their formulas are MathML, which browsers draw.

python -m nbconvert --execute --to snnlab.classroom.page.CoursePage notebooks/*.ipynb
"""

from __future__ import annotations

import importlib
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context
from nbconvert.exporters import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

_WITHOUT_SCRIPTS = """
{%- extends 'lab/index.html.j2' -%}
{%- block html_head_js_requirejs -%}{%- endblock -%}
{%- block html_head_js_mathjax -%}{%- endblock -%}
{%- block html_head_js_mermaidjs -%}{%- endblock -%}
{%- block html_head_css -%}
{{ super() }}
<style>
math mtd:nth-child(odd) { text-align: right }
math mtd:nth-child(even) { text-align: left }
</style>
{%- endblock -%}
"""
"""The page of nbconvert, less what it would fetch from other machines; rows of formulas aligned."""


class _Formulas(IPythonRenderer):
    """Markdown to HTML, formulas to MathML."""

    def inline_math(self, body: str) -> str:
        return _mathml(body, "inline")

    def block_math(self, body: str) -> str:
        return _mathml(body, "block")


class CoursePage(HTMLExporter):
    """A web page for a notebook. Everything that it shows is in the file itself."""

    export_from_notebook = "Course page"
    raw_template = _WITHOUT_SCRIPTS

    @pass_context
    def markdown2html(self, context: Context, source: str) -> str:
        """A Markdown cell as HTML."""
        cell: dict[str, Any] = context.get("cell", {})
        renderer = _Formulas(
            escape=False,
            attachments=cell.get("attachments", {}),
            embed_images=self.embed_images,
            anchor_link_text=self.anchor_link_text,
            exclude_anchor_links=self.exclude_anchor_links,
        )
        return str(MarkdownWithMath(renderer=renderer).render(source))


def _mathml(latex: str, display: str) -> str:
    """A formula as MathML."""
    convert = importlib.import_module("latex2mathml.converter").convert
    return str(convert(latex.strip(), display=display))
