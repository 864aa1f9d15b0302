"""A notebook as a student handed it in: read it and put it in order."""

from __future__ import annotations

import base64
import copy
import re
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from snnlab.classroom.assignments.catalogue import Assignment, grade_id

MOST_BYTES = 50 << 20
"""Largest notebook that is read."""
KEPT_OUTPUT = 20_000
"""Characters of output that are kept in a cell that is graded by hand."""
PICTURES = {"image/png": b"\x89PNG", "image/jpeg": b"\xff\xd8\xff"}
"""Kinds of pictures that are kept, and how each begins."""
TAG = re.compile(r"<(?=[A-Za-z/!?])")
SCRIPT = re.compile(r"(javascript|vbscript):", re.IGNORECASE)
MOST_PICTURES = 8
MOST_IN_A_PICTURE = 4 << 20
"""Characters of base64."""


class UnreadableNotebook(ValueError):
    """A file that is no notebook; the message says why."""


def read_notebook(file: Path) -> NotebookNode:
    """Read a notebook of any version as version 4.

    Raises:
        UnreadableNotebook: too large, damaged, or no notebook at all.
    """
    try:
        if file.stat().st_size > MOST_BYTES:
            raise UnreadableNotebook(f"{file.name} is larger than {MOST_BYTES >> 20} MB")
        return parse_notebook(file.read_bytes(), file.name)
    except OSError as error:
        raise UnreadableNotebook(f"{file.name} cannot be read: {error.strerror}") from error


def parse_notebook(data: bytes, name: str) -> NotebookNode:
    """A notebook from its text; see `read_notebook`."""
    try:
        notebook = nbformat.reads(data.decode("utf-8-sig"), as_version=4)
        for cell in notebook.cells:
            if not (isinstance(cell.source, str) and isinstance(cell.metadata, dict)):
                raise ValueError("a cell has no text")
            cell.cell_type  # noqa: B018 (each cell must have one)
        return notebook
    except RecursionError:
        raise UnreadableNotebook(f"{name} is nested too deeply") from None
    except Exception as error:
        text = " ".join(str(error).split())[:150]
        raise UnreadableNotebook(f"{name} is not a notebook: {text}") from error


def restored(submitted: NotebookNode, released: NotebookNode) -> NotebookNode:
    """The submitted notebook with all locked cells as they were released.

    Cells of the assignment get their metadata back, missing ones return to their place. Of
    copies of an answer the last one that was worked on counts; others stay as ordinary cells.
    Outputs go, but for text and pictures of code that is graded by hand.

    Args:
        submitted: what the student handed in.
        released: the notebook of `release/`.

    Returns:
        A new notebook; both arguments stay as they are.
    """
    originals = {grade_id(cell): cell for cell in released.cells if grade_id(cell)}
    cells = [plain(cell) for cell in submitted.cells]
    chosen = answers_that_count(submitted.cells, originals)
    for place, name in chosen.items():
        cells[place] = put_right(submitted.cells[place], originals[name])
    put_missing_back(cells, originals)
    number_cells(cells)
    result = copy.deepcopy(released)
    result.cells = cells
    return result


def answers_that_count(
    cells: list[NotebookNode], originals: dict[str, NotebookNode]
) -> dict[int, str]:
    """Place and `grade_id` of the one cell that stands for each cell of the assignment."""
    by_cell_id = {original.get("id"): name for name, original in originals.items()}
    found: dict[str, list[int]] = {}
    for place, cell in enumerate(cells):
        name = grade_id(cell) or by_cell_id.get(cell.get("id"), "")
        if name in originals:
            found.setdefault(name, []).append(place)
    chosen = {}
    for name, places in found.items():
        stub = originals[name].source.strip()
        worked_on = [place for place in places if cells[place].source.strip() != stub]
        chosen[(worked_on or places)[-1]] = name
    return chosen


def plain(cell: NotebookNode) -> NotebookNode:
    """A cell of the student's own: no marks, no outputs."""
    if cell.cell_type == "code":
        return nbformat.v4.new_code_cell(cell.source)
    return nbformat.v4.new_markdown_cell(without_tags(cell.source))


def without_tags(text: str) -> str:
    """Text in which no browser finds a tag or a script; in Markdown and TeX it means the same."""
    return SCRIPT.sub(r"\1 :", TAG.sub("< ", text))


def put_right(cell: NotebookNode, original: NotebookNode) -> NotebookNode:
    """A cell of the assignment: the student's text if it may be changed, all else as released."""
    right = copy.deepcopy(original)
    marks = original.metadata.nbgrader
    if marks.solution:
        code = right.cell_type == "code"
        right.source = cell.source if code else without_tags(cell.source)
    if right.cell_type == "code":
        by_hand = marks.solution and marks.grade
        right.outputs = kept_outputs(cell) if by_hand else []
        right.execution_count = None
    elif marks.solution and pictures_in(cell):
        right.attachments = pictures_in(cell)
    return right


def pictures_in(cell: NotebookNode) -> dict[str, dict[str, str]]:
    """The pictures that a student put into a written answer, such as a photo of a derivation."""
    kept: dict[str, dict[str, str]] = {}
    attached = cell.get("attachments", {})
    for name, forms in attached.items() if isinstance(attached, dict) else ():
        for kind, start in PICTURES.items():
            data = forms.get(kind) if isinstance(forms, dict) else None
            if is_picture(data, start) and len(kept) < MOST_PICTURES:
                kept[str(name)] = {kind: str(data)}
    return kept


def is_picture(data: Any, start: bytes) -> bool:
    """Whether this is a picture in base64, and nothing that would end up as part of a page."""
    if not isinstance(data, str) or len(data) > MOST_IN_A_PICTURE:
        return False
    try:
        return base64.b64decode("".join(data.split()), validate=True).startswith(start)
    except ValueError:
        return False


def kept_outputs(cell: NotebookNode) -> list[NotebookNode]:
    """Printed text and PNG pictures of a cell, cut to a length."""
    kept, room = [], KEPT_OUTPUT
    for output in cell.get("outputs", [])[:100]:
        text, data = output.get("text", ""), output.get("data", {})
        if output.get("output_type") == "stream" and isinstance(text, str) and room > 0:
            kept.append(nbformat.v4.new_output("stream", name="stdout", text=text[:room]))
            room -= len(text)
        elif isinstance(data, dict) and is_picture(data.get("image/png"), PICTURES["image/png"]):
            picture = {"image/png": data["image/png"]}
            kept.append(nbformat.v4.new_output("display_data", picture))
    return kept


def put_missing_back(cells: list[NotebookNode], originals: dict[str, NotebookNode]) -> None:
    """Insert the cells of the assignment that are not there, each after the one before it."""
    place = -1
    for name, original in originals.items():
        here = next((i for i, cell in enumerate(cells) if grade_id(cell) == name), None)
        if here is None:
            place += 1
            cells.insert(place, copy.deepcopy(original))
        else:
            place = here


def number_cells(cells: list[NotebookNode]) -> None:
    """Give every cell an id of its own, the same each time."""
    for place, cell in enumerate(cells):
        cell["id"] = f"cell-{place:03}"


def unanswered(notebook: NotebookNode) -> list[str]:
    """The written answers that still hold what was released."""
    stubs = ("YOUR ANSWER HERE", "YOUR CODE HERE")
    return [
        grade_id(cell)
        for cell in notebook.cells
        if cell.metadata.get("nbgrader", {}).get("solution")
        and cell.metadata.nbgrader.get("grade")
        and (not cell.source.strip() or any(stub in cell.source for stub in stubs))
    ]


def missing_cells(notebook: NotebookNode, assignment: Assignment) -> list[str]:
    """The cells of tasks and checks that are not there."""
    there = {grade_id(cell) for cell in notebook.cells}
    return [name for name in assignment.cells if name not in there]
