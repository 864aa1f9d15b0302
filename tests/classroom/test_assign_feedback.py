"""Feedback pages: what anybody wrote can be read, and no browser runs, fetches or follows it."""

from __future__ import annotations

import base64
import shutil
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from nbconvert import HTMLExporter
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output, new_raw_cell
from nbgrader.converters import GenerateFeedback

from snnlab.classroom.assignments.course import course_directory, find_course
from snnlab.classroom.assignments.notebooks.marks import grade_id
from snnlab.classroom.assignments.notebooks.reading import read_notebook
from snnlab.classroom.assignments.notebooks.restoring import restored

COURSE = find_course(Path(__file__).parents[2] / "notebooks" / "assignments")
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"
    "AAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PAGE_ITSELF = "https://cdnjs.cloudflare.com/ajax/libs/mathjax/"
"""What nbgrader's page fetches by itself."""

SVG = base64.b64encode(b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>").decode()
VECTORS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[z](javascript:alert(1))",
    "[z](jav&#x61;script:alert(1))",
    "[z](jav&Tab;ascript:alert(1))",
    "[z](&#14;javascript:alert(1))",
    "[z](JaVaScRiPt&colon;alert(1))",
    "[z](%6Aavascript:alert(1))",
    "[z](vbscript:msgbox(1))",
    "[z](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[z](file:///etc/passwd)",
    "[z](//other.example/x)",
    "<javascript:alert(1)>",
    "<data:text/html,<script>alert(1)</script>>",
    '[z][q]\n\n[q]: javascript:alert(1) "title"',
    '[z](http://ok.example "x\\" onmouseover=\\"alert(1)")',
    "![z](http://other.example/calls-home.png)",
    "![z](javascript:alert(1))",
    f"![z](data:image/svg+xml;base64,{SVG})",
    '![z" onerror="alert(1)](attachment:x.png)',
    "![z](attachment:missing.png)",
    '```html\n<script>alert(1)</script>\n```\n\n```"><script>alert(1)</script>\nx\n```',
    '```mermaid\ngraph TD; A["<img src=x onerror=alert(1)>"]; click A "javascript:alert(1)"\n```',
    "$\\href{javascript:alert(1)}{z}$ $$\\require{html}\\style{x}{<img src=x onerror=alert(1)>}$$",
    "<svg onload=alert(1)><a xlink:href='javascript:alert(1)'>z</a></svg>",
    "<iframe srcdoc='&lt;script&gt;alert(1)&lt;/script&gt;'></iframe><base href='javascript:/'>",
    "<style>@import 'http://other.example/x.css'</style><link rel=stylesheet href=http://o.example>",
    "<form action=http://other.example><input name=q><button formaction=javascript:alert(1)>z",
    "\u202e<scr\u0000ipt>alert(1)</script>\uff1cscript\uff1ealert(1)\uff1c/script\uff1e",
    "&lt;script&gt;alert(1)&lt;/script&gt; &lt;img src=x onerror=alert(1)&gt;",
    "a <!-- --!> <img src=x onerror=alert(1)> --> <![CDATA[<img src=x onerror=alert(1)>]]>",
    "| a |\n|---|\n| <math><mi//xlink:href='data:x,<script>alert(1)</script>'> |",
    "# <details open ontoggle=alert(1)> {#x onclick=alert(1)}",
]


def page_of(notebook: NotebookNode) -> str:
    """The feedback page that nbgrader makes with the settings of the course folder."""
    directory = course_directory(COURSE, "a1_neuron")
    converter = GenerateFeedback(directory, config=directory.config)
    for cell in notebook.cells:
        if grade_id(cell):
            cell.metadata.nbgrader["score"] = 1.0  # as nbgrader's GetGrades does
    course = {"notebook": "a1_neuron", "score": 1, "max_score": 2, "late_penalty": 0}
    exporter = HTMLExporter(config=converter.config)
    page, _ = exporter.from_notebook_node(notebook, {"nbgrader": course})
    return str(page)


def released() -> NotebookNode:
    return read_notebook(COURSE / "release" / "a1_neuron" / "a1_neuron.ipynb")


def with_texts(texts: list[str]) -> NotebookNode:
    """A notebook with texts in each place into which a student or a marker can write."""
    notebook = released()
    answer = next(cell for cell in notebook.cells if grade_id(cell) == "explain")
    answer.source = "\n\n".join(texts)
    answer.attachments = {text: {"image/png": PIXEL} for text in [*texts, "x.png"]}
    for text in texts:
        code = new_code_cell(f"# {text}")
        error = new_output("error", ename=text, evalue=text, traceback=[text])
        shown = new_output("display_data", {"text/html": text, "image/svg+xml": text})
        code.outputs = [new_output("stream", text=text), error, shown]
        notebook.cells[3:3] = [new_markdown_cell(text), new_raw_cell(text), code]
    right = restored(notebook, released())
    for cell in right.cells:
        if grade_id(cell):
            cell.metadata.nbgrader["comment"] = "\n\n".join(texts)
        if grade_id(cell).startswith("check_"):
            cell.outputs = [new_output("display_data", {"text/html": text}) for text in texts]
            cell.outputs += [new_output("error", ename="x", evalue="x", traceback=texts)]
    return right


def live_things(page: str) -> list[str]:
    """What a page holds beyond text: scripts, links, pictures from elsewhere, handlers."""
    found = []
    for tag in BeautifulSoup(page, "html.parser").find_all(True):
        link = str(tag.get("href", ""))
        if tag.name == "img" and not str(tag.get("src")).startswith("data:image/png;base64,"):
            found.append(str(tag)[:200])
        if link and not link.startswith(("#", "http://ok.example")):
            found.append(str(tag)[:200])
        if tag.name in {"script", "style", "svg", "iframe", "base", "form", "link", "math", "meta"}:
            found.append(str(tag)[:200])
        found += [f"{tag.name} {name}" for name in tag.attrs if name.startswith(("on", "xlink"))]
        found += ["a link in a formula"] if tag.name == "p" and "\\href" in tag.text else []
        found += [f"{tag.name} mermaid" for name in tag.get("class", []) if name == "mermaid"]
    return found


def test_what_is_written_on_a_page_does_nothing() -> None:
    allowed = live_things(page_of(released()))
    found = live_things(page_of(with_texts(VECTORS)))
    clicked = 'href="http://other.example/calls-home.png"'  # a link in place of a picture
    assert [thing for thing in found if thing not in allowed and clicked not in thing] == []


@pytest.mark.slow
def test_in_a_real_browser_nothing_runs_and_nothing_is_fetched(tmp_path: Path) -> None:
    playwright = pytest.importorskip("playwright.sync_api")
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.skip(f"none of {', '.join(BROWSERS)} is installed")
    file = tmp_path / "feedback.html"
    file.write_text(page_of(with_texts(VECTORS)), encoding="utf-8", errors="replace")
    fetched: list[str] = []
    said: list[str] = []
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        page = chromium.new_page()
        page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
        page.route(
            lambda url: url.startswith("http"),
            lambda route: (fetched.append(route.request.url), route.abort()),
        )
        page.goto(file.as_uri())
        page.wait_for_timeout(500)
        links = page.evaluate("Array.from(document.links, link => [link.protocol, link.hash])")
        handlers = page.evaluate(
            "Array.from(document.all).flatMap(node => Array.from(node.attributes))"
            ".filter(attribute => attribute.name.startsWith('on')).length"
        )
        chromium.close()
    assert said == []
    assert handlers == 0
    assert fetched
    assert [url for url in fetched if not url.startswith(PAGE_ITSELF)] == []
    assert len(links) > 30
    for scheme, hash in links:  # a link to a file is one within the page itself
        assert scheme in ("http:", "https:", "mailto:") or (scheme == "file:" and hash)


def shown(text: str, **attached: Any) -> BeautifulSoup:
    """The page of a notebook with this answer."""
    notebook = released()
    answer = next(cell for cell in notebook.cells if grade_id(cell) == "explain")
    answer.source, answer.attachments = text, attached.get("attachments", {})
    return BeautifulSoup(page_of(restored(notebook, released())), "html.parser")


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    "text",
    [
        "![photo](attachment:my%20photo.png)",
        "![photo](<attachment:my photo.png>)",
        '<img src="attachment:my photo.png" width="300"/>',
        f"![photo](data:image/png;base64,{PIXEL})",
    ],
)
def test_a_photo_is_seen_however_it_is_written(text: str) -> None:
    page = shown(text, attachments={"my photo.png": {"image/png": PIXEL}})
    assert [image["src"] for image in page.find_all("img")] == [f"data:image/png;base64,{PIXEL}"]


def test_a_forged_photo_is_not_kept() -> None:
    forged = {"image/png": '"><script>alert(1)</script>'}
    notebook = released()
    answer = next(cell for cell in notebook.cells if grade_id(cell) == "explain")
    right = {"image/png": PIXEL}
    answer.attachments = {"a.png": right, "b.png": forged, "c": "no mapping"}
    kept = next(c for c in restored(notebook, released()).cells if grade_id(c) == "explain")
    assert kept.attachments == {"a.png": right}


def test_a_text_is_shown_as_it_was_meant() -> None:
    page = shown(
        "**Bold**, if a<b and $a<b$ & `x<y`, [link](https://ok.example), &lt;, 1 &middot; 2"
    )
    text = page.get_text()
    for words in ("Bold, if a<b and $a<b$ & x<y, link, <, 1 · 2",):
        assert words in text
    assert page.find("a", href="https://ok.example")
