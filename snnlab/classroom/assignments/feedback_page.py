"""Text of students and markers on a page, made harmless, so that no browser runs any of it."""

from __future__ import annotations

import re
from html import escape, unescape
from typing import Any
from urllib.parse import unquote

import bleach
from jinja2 import pass_context
from jinja2.runtime import Context
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

PAGE = {
    "sanitize_html": True,
    "filters": {"markdown2html": "snnlab.classroom.assignments.feedback_page.markdown_to_html"},
}
"""Settings of nbconvert's HTMLExporter for feedback pages and for formgrader."""
TAGS = {"a", "blockquote", "br", "code", "dd", "del", "div", "dl", "dt", "em", "hr", "img"}
TAGS |= {"input", "li", "ol", "p", "pre", "span", "strong", "ul", *(f"h{n}" for n in range(1, 7))}
TAGS |= {"table", "tbody", "td", "th", "thead", "tr"}
HARMLESS = {
    ("a", "href"): re.compile(r"(https?://|mailto:|#)", re.IGNORECASE),
    ("a", "title"): re.compile(""),
    ("img", "src"): re.compile(r"data:image/(png|jpeg);base64,[A-Za-z0-9+/=\s]*$"),
    ("img", "alt"): re.compile(""),
    ("input", "type"): re.compile(r"checkbox$"),  # of a list of tasks; it cannot be ticked
    ("input", "disabled"): re.compile(""),
    ("input", "checked"): re.compile(""),
    ("div", "class"): re.compile(r"highlight$"),
    ("span", "class"): re.compile(r"[a-z]{1,2}[0-9]?$"),  # colours of code
}
"""The attributes that are kept, and the form that each must have."""
SIZED = re.compile(r"""<img\b[^>]*?\bsrc=["'](attachment:[^"']+)["'][^>]*>""", re.IGNORECASE)
"""An attached picture in an HTML tag, by which students choose its size."""


def is_harmless(tag: str, name: str, value: str) -> bool:
    """Whether an attribute may be kept on a page."""
    allowed = HARMLESS.get((tag, name))
    return allowed is not None and allowed.match(value) is not None


class AsText(IPythonRenderer):
    """Markdown to HTML. Tags are shown as text, pictures from elsewhere as links."""

    def text(self, text: str) -> str:
        """Text in which HTML entities such as `&lt;` are resolved, as usual in Markdown."""
        return escape(unescape(text), quote=False)

    def block_mermaidjs(self, code: str) -> str:
        """Show the source of a Mermaid drawing: the drawing itself could contain links and tags."""
        return f"<pre><code>{escape(code)}</code></pre>\n"

    def image(self, text: str, url: str, title: str | None = None) -> str:
        """An attached picture; any other picture becomes a link, so that nothing is fetched."""
        if is_harmless("img", "src", url):
            return str(super().image(text, url, title))
        name = unquote(url.removeprefix("attachment:"))
        if url.startswith("attachment:") and name in self.attachments:
            return str(super().image(text, f"attachment:{name}", title))
        return str(self.link(text or url, url, title))


@pass_context
def markdown_to_html(context: Context, text: str) -> str:
    """Replaces nbconvert's filter of this name: Markdown to harmless HTML.

    Args:
        context: of the template; its `cell` has the attached pictures.
        text: Markdown from any author.
    """
    attached: dict[str, Any] = context.get("cell", {}).get("attachments", {})
    renderer = AsText(escape=True, attachments=attached, exclude_anchor_links=True)
    page = MarkdownWithMath(renderer=renderer).render(SIZED.sub(r"![](<\1>)", text))
    clean = bleach.clean(
        page, tags=TAGS, attributes=is_harmless, protocols=["http", "https", "mailto", "data"]
    )
    return clean.replace("\\href", "\\text")  # MathJax would make links of formulas
