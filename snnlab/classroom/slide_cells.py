"""A notebook cut into slides by rules; tags on cells make exceptions.

A section begins a slide, and its further slides follow below. Prose is divided if it does not fit.
Code that draws is left out, as its picture is shown. A picture is the last thing on a slide; one
with controls has its own slide. Of an exercise the task is shown, of a quiz each answer at the next
key. `CONTRIBUTING.md` lists rules and tags.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from typing import Any, Final

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from snnlab.classroom.slide_text import CODE, GAP, LINES, Sized, packed, paragraphs, together
from snnlab.classroom.speaker_notes import SpeakerNotes

CODE_TAG: Final = "slide:code"
"""Show this code, though it draws."""
NO_CODE_TAG: Final = "slide:no-code"
"""Leave this code out, though it does not draw."""
SKIP_TAG: Final = "slide:skip"
"""Leave this cell out."""
TAGS: Final = (CODE_TAG, NO_CODE_TAG, SKIP_TAG)

WITHOUT_SLIDES: Final = ("check:", "hint:", "solution:")
"""Beginnings of tags of cells that only students who write an answer need."""
PICTURE: Final = 11.5
"""Height of a picture in lines of prose, at least."""
SMALL: Final = "small"
"""Tag of code and output with lines that are longer than `WIDE`."""
WIDE: Final = 76

_DRAWS = re.compile(r"\bshow\.|\blive\.|\bmany(?:_seeds\(|\.)|^(?:\w+_)?(?:guess|explorer)$", re.M)
"""Code that is left out, as it only draws or shows results of many seeds."""
_QUESTION = re.compile(
    r"^(\*\*\d+\.\*\* .+?)\s*<details>\s*<summary>[^<]*</summary>(.+?)</details>", re.M | re.S
)

_WIDGET = "application/vnd.jupyter.widget-view+json"

Slide = list[NotebookNode]


def cut_into_slides(notebook: NotebookNode, notes: SpeakerNotes | None = None) -> NotebookNode:
    """A notebook whose cells say which slide they are on, in the form that nbconvert reads.

    Args:
        notebook: with outputs, if its pictures are to be shown.
        notes: for the speaker; the notes of a section are put on its first slide.
    """
    cells: Slide = []
    slides = [
        (heading, number == 0, slide)
        for heading, section in _sections(notebook)
        for number, slide in enumerate(_arranged(section))
    ]
    for heading, first, slide in slides:
        if not _has_heading(slide[0]):
            above = f'<p class="running">{heading.lstrip("# ")}</p>'
            slide = [new_markdown_cell(above), *slide]
        _type(slide[0], "slide" if first else "subslide")
        cells += slide
        said = _notes(notes, heading) if first else ""
        if said:
            cells.append(new_markdown_cell(said))
            _type(cells[-1], "notes")
    for number, cell in enumerate(cells):
        cell.id = f"slide-{number}"
    return new_notebook(cells=cells, metadata=notebook.metadata)


def _notes(notes: SpeakerNotes | None, heading: str) -> str:
    if notes is None:
        return ""
    section = notes.sections.get(heading.removeprefix("## "))
    if section:
        return section.markdown
    return notes.opening if heading.startswith("# ") else ""


def _sections(notebook: NotebookNode) -> Iterator[tuple[str, Slide]]:
    """Headings of level 1 and 2, with the cells below; a cell with several is divided."""
    heading, cells = "", []
    for cell in _shown(notebook):
        if cell.cell_type != "markdown":
            cells.append(cell)
            continue
        for part in re.split(r"^(?=##? )", cell.source, flags=re.MULTILINE):
            if not part.strip():
                continue
            if re.match("##? ", part):
                if cells:
                    yield heading, cells
                heading, cells = part.splitlines()[0], []
            cells.append(new_markdown_cell(part, metadata=cell.metadata))
    if cells:
        yield heading, cells


def _shown(notebook: NotebookNode) -> Iterator[NotebookNode]:
    """The cells that become slides, without the first code cell, which only sets the preset."""
    setup = next((cell for cell in notebook.cells if cell.cell_type == "code"), None)
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        left_out = any(tag.startswith(WITHOUT_SLIDES) for tag in tags)
        if cell.source.strip() and not (cell is setup or left_out or SKIP_TAG in tags):
            yield cell


def _arranged(cells: Slide) -> Iterator[Slide]:
    """The slides of a section: filled with prose and code; a picture is the last on a slide."""
    run: list[Sized[NotebookNode]] = []
    for cell in cells:
        for piece in _pieces(cell):
            begins = piece.what.cell_type == "markdown" and piece.what.source.startswith("### ")
            if begins and not all(_has_heading(above.what) for above in run):
                yield from map(_slide, packed(run))
                run = []
            if piece.lines >= PICTURE and _draws(piece.what):
                yield from _with_picture(run, piece)
                run = []
            else:
                run.append(piece)
    yield from map(_slide, packed(run))


def _with_picture(
    before: list[Sized[NotebookNode]], picture: Sized[NotebookNode]
) -> Iterator[Slide]:
    """A slide with a picture below the lines before it; if these are many, the picture alone."""
    *slides, last = packed(before) or [[]]
    above = last if sum(piece.lines for piece in last) + picture.lines <= LINES else []
    for slide in slides if above else [*slides, last]:
        if slide:
            yield _slide(slide)
    yield _slide([*above, picture])


def _slide(pieces: list[Sized[NotebookNode]]) -> Slide:
    """Join neighbouring cells of prose; answers stay separate, as they appear on demand."""
    cells: Slide = []
    for prose, group in groupby((piece.what for piece in pieces), _is_prose):
        neighbours = list(group)
        if prose:
            neighbours = [new_markdown_cell(together([cell.source for cell in neighbours]))]
        cells += neighbours
    return cells


def _is_prose(cell: NotebookNode) -> bool:
    return cell.cell_type == "markdown" and not cell.metadata


def _pieces(cell: NotebookNode) -> Iterator[Sized[NotebookNode]]:
    """The pieces for slides that a cell gives."""
    tags = cell.metadata.get("tags", [])
    if cell.cell_type == "code":
        yield from _code_pieces(cell, tags)
    elif "quiz" in tags and _QUESTION.search(cell.source):
        yield from _quiz_pieces(cell.source)
    else:
        text = cell.source
        if "header" in tags:  # its table is for the speaker
            text = re.sub(r"^\|.*\n?", "", text, flags=re.MULTILINE)
        for part in paragraphs(text):
            yield Sized(new_markdown_cell(part.what), part.lines, part.leads)


def _quiz_pieces(quiz: str) -> Iterator[Sized[NotebookNode]]:
    """A slide with a question, and its answer, which appears at the next key."""
    heading, *_ = quiz.splitlines()
    for number, (question, answer) in enumerate(_QUESTION.findall(quiz)):
        title = f"{heading}\n\n" if number == 0 else f"### {heading.lstrip('# ')}\n\n"
        yield Sized(new_markdown_cell(title + question.strip()), 1, leads=True)
        folded = new_markdown_cell(answer.strip())
        _type(folded, "fragment")
        yield Sized(folded, LINES - 1)


def _code_pieces(cell: NotebookNode, tags: list[str]) -> Iterator[Sized[NotebookNode]]:
    """The code, unless it only draws; its text outputs; its pictures."""
    draws = bool(_DRAWS.search(cell.source))
    exercise = any(tag.startswith("exercise:") for tag in tags)
    shown = CODE_TAG in tags or not (draws or NO_CODE_TAG in tags)
    if exercise:
        shown = "def " in cell.source  # the answer to a question is just a letter
    outputs = [] if exercise else list(cell.outputs)
    if shown:
        rows = cell.source.splitlines()
        yield Sized(_code(cell.source, [], rows), CODE * len(rows) + 2 * GAP)
    written: list[Any] = []
    for output in [*outputs, None]:
        picture = output is not None and _is_picture(output)
        if output is not None and not picture:
            written.append(output)
            continue
        told = _rows(written)
        if told:
            heard = new_output("stream", name="stdout", text="\n".join(told))
            height = min(CODE * len(told) + 2 * GAP, LINES)
            yield Sized(_code("", [heard], told), height)
            written = []
        if picture:
            yield Sized(_code("", [output], []), LINES if _is_live(output) else PICTURE)


def _code(source: str, outputs: list[Any], rows: list[str]) -> NotebookNode:
    """A cell that shows only its code, or only its outputs."""
    tags = [SMALL] if max(map(len, rows), default=0) > WIDE else []
    cell = new_code_cell(source, outputs=outputs, metadata={"tags": tags})
    cell.metadata["transient"] = {"remove_source": not source}
    return cell


def _is_picture(output: Any) -> bool:
    kinds = output.get("data", {})
    return any(kind.startswith("image/") or kind == "text/html" for kind in kinds)


def _is_live(output: Any) -> bool:
    """Whether an output has controls, and so needs a slide of its own."""
    kinds = output.get("data", {})
    controls = re.search(r"<(?:script|input|canvas|button)\b", kinds.get("text/html", ""))
    return _WIDGET in kinds or bool(controls)


def _draws(cell: NotebookNode) -> bool:
    return any(_is_picture(output) for output in cell.get("outputs", []))


def _rows(outputs: list[Any]) -> list[str]:
    """The lines of text in outputs."""
    texts = [out.get("text") or out.get("data", {}).get("text/plain", "") for out in outputs]
    return [row for text in texts for row in text.splitlines()]


def _has_heading(cell: NotebookNode) -> bool:
    return cell.cell_type == "markdown" and bool(re.match("#{1,3} ", cell.source))


def _type(cell: NotebookNode, kind: str) -> None:
    cell.metadata["slideshow"] = {"slide_type": kind}
