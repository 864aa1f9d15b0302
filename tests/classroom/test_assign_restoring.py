"""What students wrote beside an answer reaches its reader, and all else stays where it is."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output, new_raw_cell

from snnlab.classroom.assignments.catalogue import ASSIGNMENTS, assignment_of
from snnlab.classroom.assignments.notebooks.marks import grade_id
from snnlab.classroom.assignments.notebooks.reading import read_notebook
from snnlab.classroom.assignments.notebooks.restoring import restored, unanswered

RELEASE = Path(__file__).parents[2] / "notebooks" / "assignments" / "release"
SAID = "The rate is 0.3, since what comes in leaves as spikes."
PHOTO = base64.b64encode(b"\x89PNG and so on").decode()
Change = Callable[[NotebookNode, int], None]


def released(name: str = "a1_neuron") -> NotebookNode:
    return read_notebook(RELEASE / name / f"{name}.ipynb")


def place_of(notebook: NotebookNode, name: str) -> int:
    return next(i for i, cell in enumerate(notebook.cells) if grade_id(cell) == name)


def answer(change: Change, task: str = "derive", name: str = "a2_noise") -> NotebookNode:
    """The cell that a reader gets for a task, after a student changed the notebook."""
    notebook = released(name)
    change(notebook, place_of(notebook, task))
    right = restored(notebook, released(name))
    nbformat.validate(right)
    marks = [grade_id(cell) for cell in right.cells if grade_id(cell)]
    assert marks == [grade_id(cell) for cell in released(name).cells if grade_id(cell)]
    return right.cells[place_of(right, task)]


def below(*cells: NotebookNode, stub: str | None = None) -> Change:
    """New cells below the stub, which stays as it is or holds another text."""

    def change(notebook: NotebookNode, place: int) -> None:
        if stub is not None:
            notebook.cells[place].source = stub
        notebook.cells[place + 1 : place + 1] = cells

    return change


def above(notebook: NotebookNode, place: int) -> None:
    notebook.cells.insert(place, new_markdown_cell(SAID))


def instead(notebook: NotebookNode, place: int) -> None:
    """The stub was deleted, and a new cell written."""
    notebook.cells[place] = new_markdown_cell(SAID)


def into_the_question(notebook: NotebookNode, place: int) -> None:
    question = notebook.cells[place - 1]
    question.source = question.source.replace("(1 point),", f"(1 point),\n   {SAID}", 1)


def without_any_marks(notebook: NotebookNode, place: int) -> None:
    """An editor dropped metadata and ids."""
    notebook.cells[place].source = SAID
    for cell in notebook.cells:
        cell.metadata = {}
        cell.pop("id", None)


def as_kind(kind: str) -> Change:
    """The cell of the answer was turned into one of another kind."""

    def change(notebook: NotebookNode, place: int) -> None:
        new = {"raw": new_raw_cell, "code": new_code_cell}[kind](SAID)
        new.metadata = notebook.cells[place].metadata
        notebook.cells[place] = new

    return change


@pytest.mark.sample(2)
@pytest.mark.parametrize(
    "change",
    [
        below(new_markdown_cell(SAID)),
        below(new_markdown_cell(SAID), stub=""),
        below(new_markdown_cell(SAID), stub="  \n"),
        below(new_raw_cell(SAID)),
        below(new_code_cell(SAID)),
        above,
        instead,
        into_the_question,
        without_any_marks,
        as_kind("raw"),
        as_kind("code"),
    ],
)
def test_an_answer_beside_its_cell_reaches_the_reader(change: Change) -> None:
    cell = answer(change)
    assert SAID in cell.source
    assert cell.cell_type == "markdown"
    assert "YOUR ANSWER" not in cell.source


@pytest.mark.parametrize(("name", "task"), [("a1_neuron", "explain"), ("a4_race", "conclusion")])
def test_this_holds_at_the_end_of_a_notebook_too(name: str, task: str) -> None:
    assert SAID in answer(below(new_markdown_cell(SAID)), task, name).source
    assert SAID in answer(instead, task, name).source


def test_several_cells_are_joined_in_order_and_marked() -> None:
    cell = answer(below(new_markdown_cell("two"), new_markdown_cell("three"), stub="one"))
    words = [word for word in cell.source.split() if word in ("one", "two", "three")]
    assert words == ["one", "two", "three"]
    assert cell.source.count("from a cell beside this answer") == 2


def test_both_halves_of_a_cell_that_was_split_are_read() -> None:
    def split(notebook: NotebookNode, place: int) -> None:
        notebook.cells[place].source = "first half"
        half = new_markdown_cell("second half", metadata=dict(notebook.cells[place].metadata))
        notebook.cells.insert(place + 1, half)

    source = answer(split).source
    assert source.index("first half") < source.index("second half")


def test_the_same_text_twice_is_read_once() -> None:
    def copied(notebook: NotebookNode, place: int) -> None:
        notebook.cells[place].source = SAID
        notebook.cells.insert(place + 1, new_markdown_cell(SAID))

    assert answer(copied).source.count(SAID) == 1


def test_pictures_come_along_and_keep_apart() -> None:
    first, second = (base64.b64encode(b"\x89PNG" + name).decode() for name in (b"1", b"2"))
    cells = [
        new_markdown_cell("![a](attachment:image.png)", attachments={"image.png": {"image/png": p}})
        for p in (first, second)
    ]
    cell = answer(below(*cells))
    assert [next(iter(forms.values())) for forms in cell.attachments.values()] == [first, second]
    for name in cell.attachments:
        assert f"(attachment:{name})" in cell.source


def test_a_remark_elsewhere_stays_where_it_is() -> None:
    def remark(notebook: NotebookNode, place: int) -> None:
        notebook.cells[place].source = SAID
        notebook.cells.insert(0, new_markdown_cell("My name is Ada."))
        notebook.cells.insert(place + 4, new_markdown_cell("This took me an hour."))

    assert answer(remark).source == SAID


def test_code_beside_a_written_answer_stays_code() -> None:
    notebook = released()
    notebook.cells.append(new_code_cell("def charge(v, current, beta):\n    return 7"))
    right = restored(notebook, released())
    assert right.cells[-1].cell_type == "code"
    assert unanswered(right) == ["explain"]


def test_an_experiment_in_several_cells_is_read_with_all_its_outputs() -> None:
    table = {"text/plain": "road accuracy", "text/html": "<table></table>"}
    code = [
        new_code_cell(text, outputs=outputs)
        for text, outputs in {
            "results = {}": [new_output("stream", text="seconds: 250")],
            "table(results)": [new_output("execute_result", table)],
        }.items()
    ]
    cell = answer(below(*code), "experiment", "a4_race")
    assert cell.source.index("results = {}") < cell.source.index("table(results)")
    assert [output.text for output in cell.outputs] == ["seconds: 250", "road accuracy"]
    kept = answer(below(*code, stub="seeds = 3"), "experiment", "a4_race")
    assert kept.source.startswith("seeds = 3")
    assert "table(results)" in kept.source


def test_a_stub_that_comes_back_does_not_hide_the_function() -> None:
    """The cell of a task lost its mark, its id and its place."""
    notebook = released()
    del notebook.cells[place_of(notebook, "charge")]
    notebook.cells.insert(0, new_code_cell("def charge(v, current, beta):\n    return 7"))
    right = restored(notebook, released())
    assert right.cells[0].source.endswith("return 7")
    assert right.cells[place_of(right, "charge")].source == ""
    stub = right.cells[place_of(right, "fire")].source
    assert "NotImplementedError" in stub


def test_what_an_editor_left_of_a_notebook_is_put_in_order() -> None:
    notebook = released()
    for cell in notebook.cells:
        cell.metadata = {}
        cell.pop("id", None)
    notebook.cells.insert(0, new_code_cell("import numpy as np"))
    assert assignment_of(notebook) is ASSIGNMENTS["a1_neuron"]
    right = restored(notebook, released())
    names = [grade_id(cell) for cell in released().cells if grade_id(cell)]
    assert [grade_id(cell) for cell in right.cells if grade_id(cell)] == names


def test_a_line_of_the_stub_left_above_an_answer_is_no_empty_answer() -> None:
    notebook = released()
    assert unanswered(notebook) == ["explain"]
    notebook.cells[place_of(notebook, "explain")].source = f"YOUR ANSWER HERE\n\n{SAID}"
    assert unanswered(notebook) == []
