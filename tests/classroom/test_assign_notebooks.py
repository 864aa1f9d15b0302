"""The notebooks of the assignments: releases are fresh, hold no solution, and can be solved."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from snnlab.classroom.assignments.catalogue import ASSIGNMENTS, assignment_of
from snnlab.classroom.assignments.course import find_course, release
from snnlab.classroom.assignments.grading.verdicts import cells_of, judged
from snnlab.classroom.assignments.notebooks.marks import grade_id
from snnlab.classroom.assignments.notebooks.reading import read_notebook
from snnlab.classroom.assignments.notebooks.restoring import missing_cells, restored, unanswered
from snnlab.classroom.assignments.walls.kernel import landlock_version

COURSE = Path(__file__).parents[2] / "notebooks" / "assignments"
MOST_LINES = 15


def source(name: str) -> NotebookNode:
    return read_notebook(COURSE / "source" / name / f"{name}.ipynb")


def released(name: str) -> NotebookNode:
    return read_notebook(COURSE / "release" / name / f"{name}.ipynb")


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A copy of the course folder without releases and grades."""
    shutil.copytree(COURSE / "source", tmp_path / "source")
    shutil.copy(COURSE / "nbgrader_config.py", tmp_path)
    return find_course(tmp_path)


def test_releases_are_what_the_sources_give_byte_for_byte(course: Path) -> None:
    *notebooks, archive = release(course)
    assert archive.suffix == ".zip"
    for file in notebooks:
        committed = COURSE / file.relative_to(course)
        stale = f"{committed} is stale; make it anew: snnlab assign release"
        assert committed.read_bytes() == file.read_bytes(), stale
    assert not (course / "gradebook.db").exists()
    names = {path.name for path in (COURSE / "release").iterdir() if path.is_dir()}
    assert names == set(ASSIGNMENTS) == {path.name for path in (COURSE / "source").iterdir()}


def solution_lines(notebook: NotebookNode) -> set[str]:
    """Lines that only a solution holds: regions in code, whole written answers."""
    lines: set[str] = set()
    for cell in notebook.cells:
        marks = cell.metadata.get("nbgrader", {})
        inside = bool(marks.get("solution") and marks.get("grade"))
        for line in cell.source.split("\n"):
            if "END SOLUTION" in line:
                inside = False
            elif inside and len(line.strip()) > 8:
                lines.add(line.strip())
            if "BEGIN SOLUTION" in line:
                inside = True
    return lines


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_a_release_holds_no_solution(name: str) -> None:
    secret = solution_lines(source(name))
    assert len(secret) >= 5
    text = "\n".join(cell.source for cell in released(name).cells)
    assert not [line for line in secret if line in text]
    for word in ("SOLUTION", "HIDDEN", ".grade("):
        assert word not in text


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_cells_are_short_and_marked(name: str) -> None:
    notebook = source(name)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        lines = [line for line in cell.source.split("\n") if not line.startswith("    ###")]
        assert cell.cell_type == "markdown" or len(lines) <= MOST_LINES, cell.source
        assert not cell.get("outputs")
    assert not missing_cells(notebook, ASSIGNMENTS[name])
    points = sum(cell.metadata.get("nbgrader", {}).get("points", 0) for cell in notebook.cells)
    assert points == 20
    for task in ASSIGNMENTS[name].tasks:
        check = next(cell for cell in notebook.cells if grade_id(cell) == task.check_id)
        assert check.metadata.nbgrader.points == task.points


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_a_release_is_not_answered_and_gains_nothing(name: str) -> None:
    notebook = released(name)
    assert unanswered(notebook)
    cells = cells_of(notebook, ASSIGNMENTS[name])
    assert all("YOUR CODE HERE" in cell.source for cell in cells if cell.answer)


@pytest.mark.slow
@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_the_solutions_have_all_points(name: str) -> None:
    notebook = restored(source(name), released(name))
    walled = landlock_version() > 0
    ((_, found),) = judged([("ada", notebook)], ASSIGNMENTS[name], "monday", walls=walled)
    assert [verdict.task for verdict in found if not verdict.diagnosis.passed] == []
    assert sum(verdict.points for verdict in found) == sum(
        t.points for t in ASSIGNMENTS[name].tasks
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", ["a1_neuron", "a2_noise", "a3_single_step_to_many"])
def test_the_source_runs_from_top_to_bottom(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As nbgrader alone would run it, hidden parts and all: every check gives its points."""
    from nbclient import NotebookClient

    monkeypatch.setenv("SNNLAB_COURSE_SEED", "monday")
    notebook = source(name)
    NotebookClient(notebook, timeout=600, kernel_name="python3").execute()
    for cell in notebook.cells:
        if grade_id(cell).startswith("check_"):
            assert float(cell.outputs[-1].data["text/plain"]) == cell.metadata.nbgrader.points


def test_restoring_puts_cells_back_and_keeps_answers() -> None:
    original = released("a1_neuron")
    notebook = released("a1_neuron")
    answer = "def charge(v, current, beta):\n    return 7"
    for cell in list(notebook.cells):
        if grade_id(cell) == "charge":
            copy = nbformat.v4.new_code_cell(cell.source)
            copy.metadata["nbgrader"] = dict(cell.metadata.nbgrader)
            cell.source = answer
            cell.metadata.nbgrader.points = 100
            cell.metadata.nbgrader.grade = True
            notebook.cells.append(copy)  # a copy of the stub: the worked-on cell counts
        elif grade_id(cell) == "check_fire":
            notebook.cells.remove(cell)
        elif grade_id(cell) == "check_reset":
            cell.source = "6"
            cell.metadata.nbgrader.solution = True
    notebook.cells.insert(3, nbformat.v4.new_markdown_cell("<b>mine</b>"))
    right = restored(notebook, original)
    by_id = {grade_id(cell): cell for cell in right.cells if grade_id(cell)}
    expected = {grade_id(cell): cell for cell in original.cells if grade_id(cell)}
    assert list(by_id) == list(expected)
    assert by_id["charge"].source == answer
    for name, cell in expected.items():
        assert by_id[name].metadata == cell.metadata
        if name != "charge":
            assert by_id[name].source == cell.source
    assert right.cells[3].source == "<b>mine</b>"
    assert len({cell.id for cell in right.cells}) == len(right.cells)


def test_metadata_that_an_editor_dropped_is_found_by_the_cell() -> None:
    notebook = released("a1_neuron")
    for cell in notebook.cells:
        cell.metadata.pop("nbgrader", None)
    right = restored(notebook, released("a1_neuron"))
    assert [grade_id(cell) for cell in right.cells] == [
        grade_id(cell) for cell in released("a1_neuron").cells
    ]


def test_cells_are_told_apart() -> None:
    notebook = released("a1_neuron")
    notebook.cells.append(nbformat.v4.new_code_cell("scale = 2"))
    cells = cells_of(notebook, ASSIGNMENTS["a1_neuron"], released("a1_neuron"))
    assert [cell.check for cell in cells if cell.check] == ["charge", "fire", "reset", "trace"]
    assert [cell.source for cell in cells if cell.own] == ["scale = 2"]
    assert {cell.seconds for cell in cells if not cell.own and not cell.answer} == {0.5}


def test_cells_without_marks_are_known_by_their_ids() -> None:
    notebook = released("a1_neuron")
    for cell in notebook.cells:
        cell.metadata = {}
    assert assignment_of(notebook) is ASSIGNMENTS["a1_neuron"]
    assert not missing_cells(restored(notebook, released("a1_neuron")), ASSIGNMENTS["a1_neuron"])
