"""Restore a handed-in notebook to the form of the assignment, with the student's answers."""

from __future__ import annotations

import ast
import base64
import copy
import re
import textwrap
from collections import defaultdict
from typing import Any
from urllib.parse import quote

import nbformat
from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode

from snnlab.classroom.assignments.catalogue import Assignment
from snnlab.classroom.assignments.notebooks.marks import by_hand, grade_id, is_answer

MOST_OUTPUT = 20_000
"""Characters of output that are kept in a cell that is graded by hand."""
PICTURES = {"image/png": b"\x89PNG", "image/jpeg": b"\xff\xd8\xff"}
"""Kinds of pictures that are kept, with their first bytes."""
TEXT_STUB, *CODE_STUB = "YOUR ANSWER HERE", "# YOUR CODE HERE", "raise NotImplementedError()"
"""Text that nbgrader puts in place of a solution."""
MOVED = {
    "markdown": "*(from a cell beside this answer)*",
    "code": "# (from a cell beside this answer)",
}
"""The line above text that `restored` has moved into an answer, by kind of cell."""
MOST_PICTURES = 8
MOST_IN_A_PICTURE = 4 << 20
"""Characters of a picture in base64."""


def restored(submitted: NotebookNode, released: NotebookNode) -> NotebookNode:
    """The submitted notebook with all locked cells restored to their released form.

    Cells of the assignment get their metadata back, and missing ones are inserted again. If there
    are copies of an answer, the last changed one counts. The student's own cells beside an answer
    that is graded by hand are merged into it; other cells stay. Outputs are removed, except text
    and pictures of code that is graded by hand.

    Args:
        submitted: the student's notebook.
        released: the notebook of `release/`.

    Returns:
        A new notebook; the arguments are not changed.
    """
    originals = released.cells
    places = known_cells(submitted.cells, originals)
    cells: list[Numbered] = [(places.get(i), cell) for i, cell in enumerate(submitted.cells)]
    put_missing_back(cells, originals)
    join_answers(cells, originals)
    result = copy.deepcopy(released)
    result.cells = [
        as_own(cell) if number is None else put_right(cell, originals[number])
        for number, cell in cells
    ]
    for place, cell in enumerate(result.cells):
        cell["id"] = f"cell-{place:03}"  # unique, and the same each time
    return result


def known_cells(cells: list[NotebookNode], originals: list[NotebookNode]) -> dict[int, int]:
    """The released cell of each cell: index in `cells` to index in `originals`.

    A cell is recognised by its mark or its id, or, if an editor has dropped both, by its text.
    """
    marks = {grade_id(cell): n for n, cell in enumerate(originals) if grade_id(cell)}
    ids = {cell.id: n for n, cell in enumerate(originals) if cell.get("id")}
    texts = {cell.source.strip(): n for n, cell in enumerate(originals) if not is_answer(cell)}
    found: dict[int, list[int]] = defaultdict(list)
    by_text: dict[int, list[int]] = {}
    for place, cell in enumerate(cells):
        number = marks.get(grade_id(cell), ids.get(cell.get("id")))
        if number is not None:
            found[number].append(place)
        elif (number := texts.get(cell.source.strip())) is not None:
            by_text.setdefault(number, [place])
    found = by_text | found
    chosen = {}
    for number, places in found.items():
        stub = originals[number].source.strip()
        texts_here = {place: cells[place].source.strip() for place in places}
        worked_on = [p for p, text in texts_here.items() if answer_in(text) and text != stub]
        chosen[(worked_on or places)[-1]] = number
    return chosen


def answer_in(source: str) -> str:
    """The student's text in a cell: without the released lines."""
    lines = [line for line in source.split("\n") if line.strip() not in (TEXT_STUB, *CODE_STUB)]
    return "\n".join(lines).strip()


def is_filled(notebook: NotebookNode) -> bool:
    """Whether some answer is filled in; also True if there is no cell for an answer."""
    answers = [cell.source for cell in notebook.cells if is_answer(cell)]
    return not answers or not all(map(untouched, answers))


def untouched(source: str) -> bool:
    """Whether an answer is unchanged: empty, or ending with the template of nbgrader."""
    lines = [line.strip() for line in source.split("\n") if line.strip()]
    return lines in ([], [TEXT_STUB]) or lines[-2:] == CODE_STUB


Numbered = tuple[int | None, NotebookNode]
"""The index of the released cell that a cell stands for, or None, and the cell."""


def put_missing_back(cells: list[Numbered], originals: list[NotebookNode]) -> None:
    """Insert missing marked cells, each after its predecessor in the released notebook.

    If one of the student's own cells defines the function of a missing cell, that cell is inserted
    empty, since its template would replace the function.
    """
    own = "\n".join(cell.source for number, cell in cells if number is None)
    place = -1
    for number, original in enumerate(originals):
        here = next((i for i, (known, _) in enumerate(cells) if known == number), None)
        if here is not None:
            place = here
        elif grade_id(original):
            back = copy.deepcopy(original)
            if re.search(rf"^(def {grade_id(original)}\b|{grade_id(original)} *=)", own, re.M):
                back.source = ""
            place += 1
            cells.insert(place, (number, back))


def join_answers(cells: list[Numbered], originals: list[NotebookNode]) -> None:
    """Merge the student's own cells beside an answer that is graded by hand into the answer.

    These are the cells above and below, up to the next released cell. Cells of another kind (code
    or text) are merged only if the answer itself is empty.
    """
    for number, original in enumerate(originals):
        if not by_hand(original):
            continue
        place = next(i for i, (known, _) in enumerate(cells) if known == number)
        answer = cells[place][1]
        empty = not answer_in(answer.source)
        first, end = place, place + 1
        while first > 0 and cells[first - 1][0] is None:
            first -= 1
        while end < len(cells) and cells[end][0] is None:
            end += 1
        moved = [
            i
            for i in range(first, end)
            if i != place and belongs(cells[i][1], answer, original.cell_type, empty)
        ]
        parts = [cells[i][1] for i in sorted([*moved, *([] if empty else [place])])]
        if empty and first > 0:
            parts = [*added_to(*cells[first - 1], originals), *parts]
        if len(parts) > (not empty):
            cells[place] = (number, joined(parts, answer, original.cell_type))
            for i in reversed(moved):
                del cells[i]


def belongs(cell: NotebookNode, answer: NotebookNode, kind: str, empty: bool) -> bool:
    """Whether a student's own cell beside an answer belongs to it."""
    text = answer_in(cell.source)
    if not text or text in answer.source:
        return False
    if kind == "markdown" and cell.cell_type == "code":
        return empty and not is_code(cell.source)
    return empty or cell.cell_type in (kind, "raw")


def added_to(
    number: int | None, cell: NotebookNode, originals: list[NotebookNode]
) -> list[NotebookNode]:
    """A cell with the lines that a student wrote into a question; an empty list without any."""
    if number is None or cell.cell_type != "markdown":
        return []
    asked = {line.strip() for line in originals[number].source.split("\n")}
    lines = [line for line in cell.source.split("\n") if line.strip() not in asked]
    return [nbformat.v4.new_markdown_cell("\n".join(lines))] if lines else []


def joined(parts: list[NotebookNode], answer: NotebookNode, kind: str) -> NotebookNode:
    """One cell that holds the texts, pictures and outputs of several, in order."""
    result = copy.deepcopy(answer)
    result.outputs = [output for part in parts for output in part.get("outputs", [])]
    texts, result.attachments = [], {}
    for number, part in enumerate(parts, 1):
        text = part.source
        for name, forms in pictures_in(part).items():
            new = f"{number}-{name}" if name in result.attachments else name
            result.attachments[new] = forms
            for written in {name, quote(name)}:  # both spellings of editors in a link
                text = text.replace(f"attachment:{written}", f"attachment:{quote(new)}")
        if kind == "code" and part.cell_type == "markdown":
            text = textwrap.indent(text, "# ", lambda line: True)
        texts.append(text if part is answer else f"{MOVED[kind]}\n\n{text}")
    result.source = "\n\n".join(texts)
    return result


def is_code(text: str) -> bool:
    """Whether a text is Python code rather than prose."""
    try:
        body = ast.parse(TransformerManager().transform_cell(text)).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return any(not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant)) for s in body)


def as_own(cell: NotebookNode) -> NotebookNode:
    """A cell of the student's own: no marks, no outputs."""
    if cell.cell_type == "code":
        return nbformat.v4.new_code_cell(cell.source)
    pictures = {"attachments": pictures_in(cell)} if pictures_in(cell) else {}
    return nbformat.v4.new_markdown_cell(cell.source, **pictures)


def put_right(cell: NotebookNode, original: NotebookNode) -> NotebookNode:
    """A cell of the assignment: the released one, with the student's text if that is allowed."""
    right = copy.deepcopy(original)
    if is_answer(original) or not grade_id(original):
        right.source = cell.source
    if right.cell_type == "code":
        right.outputs = kept_outputs(cell) if by_hand(original) else []
        right.execution_count = None
    elif pictures_in(cell):
        right.attachments = pictures_in(cell)
    return right


def pictures_in(cell: NotebookNode) -> dict[str, dict[str, str]]:
    """The pictures that a student put into a written answer, such as a photo of a derivation."""
    pictures: dict[str, dict[str, str]] = {}
    attached = cell.get("attachments", {})
    for name, forms in attached.items() if isinstance(attached, dict) else ():
        for kind, start in PICTURES.items():
            data = forms.get(kind) if isinstance(forms, dict) else None
            if is_picture(data, start) and len(pictures) < MOST_PICTURES:
                pictures[str(name)] = {kind: str(data)}
    return pictures


def is_picture(data: Any, start: bytes) -> bool:
    """Whether this is really a picture in base64, and no HTML for the page of feedback."""
    if not isinstance(data, str) or len(data) > MOST_IN_A_PICTURE:
        return False
    try:
        return base64.b64decode("".join(data.split()), validate=True).startswith(start)
    except ValueError:
        return False


def kept_outputs(cell: NotebookNode) -> list[NotebookNode]:
    """Text and PNG pictures of a cell, cut to a length."""
    outputs, room = [], MOST_OUTPUT
    for output in cell.get("outputs", [])[:100]:
        data = output.get("data", {}) if isinstance(output.get("data"), dict) else {}
        if is_picture(data.get("image/png"), PICTURES["image/png"]):
            picture = {"image/png": data["image/png"]}
            outputs.append(nbformat.v4.new_output("display_data", picture))
            continue
        text = output.get("text") or data.get("text/plain")  # printed, or shown as a table
        if isinstance(text, str) and room > 0:
            outputs.append(nbformat.v4.new_output("stream", name="stdout", text=text[:room]))
            room -= len(text)
    return outputs


def unanswered(notebook: NotebookNode) -> list[str]:
    """Answers to be marked by hand that are still unchanged."""
    return [
        grade_id(cell) for cell in notebook.cells if by_hand(cell) and not answer_in(cell.source)
    ]


def missing_cells(notebook: NotebookNode, assignment: Assignment) -> list[str]:
    """The missing cells of tasks and checks."""
    there = {grade_id(cell) for cell in notebook.cells}
    return [name for name in assignment.cells if name not in there]
