"""Notebooks as slides: one self-contained file each, for a browser without internet.

`python -m nbconvert --execute --to snnlab.classroom.slides.CourseSlides notebooks/*.ipynb` writes
them, `python -m snnlab.classroom.slides build/slides` the page that lists those in a folder.
reveal.js shows them; its files come from a package for Sphinx.
"""

from __future__ import annotations

import re
import sys
from html import unescape
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from nbconvert.exporters import SlidesExporter
from nbconvert.preprocessors import Preprocessor
from nbformat import NotebookNode
from traitlets import default

from snnlab.classroom.page import CoursePage, write_page
from snnlab.classroom.slide_cells import cut_into_slides
from snnlab.classroom.speaker_notes import read_speaker_notes

_FRAME = """
{%- block notebook_css -%}
{{ super() }}
<style>{{ resources.slides_css }}</style>
{%- endblock -%}
{%- block body_header -%}
<body class="jp-Notebook" data-jp-theme-light="true" data-jp-theme-name="JupyterLab Light">
<main class="reveal"><div class="slides">
{%- endblock -%}
{%- block body_footer -%}
</div></main>
</body>
{%- endblock -%}
"""


class _Cut(Preprocessor):
    """Cuts a notebook with outputs into slides."""

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        source = resources.get("metadata", {})
        folder = Path(source.get("path", ""), "lecture", "notes")
        file = folder / f"{source.get('name', '')}.md"
        notes = read_speaker_notes(file) if file.is_file() else None
        return cut_into_slides(nb, notes), resources


class CourseSlides(CoursePage, SlidesExporter):
    """The slides of a notebook in a single self-contained file.

    Notes for the speaker come from `lecture/notes/NAME.md` beside the notebook, if it exists.
    """

    export_from_notebook = "Course slides"
    raw_template = CoursePage.raw_template + _FRAME

    @default("file_extension")
    def _file_extension_default(self) -> str:
        return ".html"

    @default("preprocessors")
    def _preprocessors_default(self) -> list[type[Preprocessor]]:
        return [_Cut]

    def from_notebook_node(  # type: ignore[override]  # as HTMLExporter does
        self, nb: NotebookNode, resources: dict[str, Any] | None = None, **options: Any
    ) -> tuple[str, dict[str, Any]]:
        """The slides of a notebook, and reveal.js with them."""
        style = "\n".join([_reveal("dist/reveal.css"), _own("slides.css")])
        given = {**(resources or {}), "slides_css": style}
        page, given = super().from_notebook_node(nb, given, **options)
        scripts = [
            f"<script>\n{_reveal('dist/reveal.js')}\n</script>",
            f"<script>\n{_reveal('plugin/notes/notes.js')}\n</script>",
            f'<script type="module">\n{_own("slides.js")}\n</script>',
        ]
        slides, end, rest = page.rpartition("</body>")
        return "\n".join([slides, *scripts, end + rest]), given


def _reveal(name: str) -> str:
    """The path of a file of reveal.js, found without importing the package that contains it.

    Raises:
        ModuleNotFoundError: the package is not installed.
    """
    found = find_spec("sphinx_revealjs")
    if found is None or found.origin is None:
        raise ModuleNotFoundError(
            "slides need reveal.js, which the package sphinx-revealjs brings: "
            "pip install sphinx-revealjs (make env installs it, too)"
        )
    folder = Path(found.origin).parent / "_static" / "revealjs"
    text = (folder / name).read_text(encoding="utf-8")
    # controls of the slides, not those of a picture
    return text.replace(".reveal .controls", ".reveal>.controls") if name.endswith(".css") else text


def _own(name: str) -> str:
    return (files("snnlab.classroom") / name).read_text(encoding="utf-8")


def write_index(folder: Path) -> None:
    """Write a page that lists the slides in a folder.

    Raises:
        FileNotFoundError: there are no slides in it.
    """
    rows = []
    for file in sorted(folder.glob("*.html")):
        if file.name != "index.html":
            title = re.search(r"<title>(.*?)</title>", file.read_text(encoding="utf-8"))
            number = f"{file.stem[:2]} " if file.stem[:2].isdigit() else ""
            rows.append(f"- [{number}{unescape(title[1]) if title else file.stem}]({file.name})")
    if not rows:
        raise FileNotFoundError(f"there are no slides in {folder}")
    write_page(_INDEX + "\n".join(rows) + "\n", folder / "index.html")


_INDEX = """# Slides of the course

Right and left go from section to section, down and up through a section, space and the keys of a
clicker through all. **S** opens the notes of the speaker in a window of their own, **O** shows all
slides, **G** goes to one, **F** fills the screen, **?** lists the keys. Inside a picture with
controls the arrow keys move the picture; Escape gives them back to the slides.

"""


if __name__ == "__main__":
    write_index(Path(sys.argv[1]))
