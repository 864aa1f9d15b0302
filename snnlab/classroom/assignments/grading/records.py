"""Recorded points and feedback of each student, in nbgrader's gradebook and folders."""

from __future__ import annotations

import contextlib
import glob
import shutil
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters import Autograde

from snnlab.classroom.assignments import places
from snnlab.classroom.assignments.catalogue import ASSIGNMENTS
from snnlab.classroom.assignments.course import (
    CourseError,
    convert,
    course_directory,
    gradebook,
    released_notebook,
)
from snnlab.classroom.assignments.grading.state import State, save_state
from snnlab.classroom.assignments.grading.verdicts import Verdict
from snnlab.classroom.assignments.nbgrader_cells import grading_steps
from snnlab.classroom.assignments.notebooks.marks import answer_id, check_id, grade_id, has_points
from snnlab.classroom.assignments.notebooks.reading import notebook_bytes, read_notebook
from snnlab.classroom.assignments.notebooks.restoring import unanswered
from snnlab.classroom.assignments.spreadsheets import write_whole

FEWEST_WORDS = 4
"""Words that a text has at least if it may be an answer."""
STAGING = ".staging"
"""Folder from which nbgrader grades; it briefly holds each notebook exactly as it was judged."""


Key = tuple[str, str, str]
"""Student, assignment, task."""


@dataclass(frozen=True)
class Score:
    """The entry of the gradebook for one task of one student."""

    student: str
    assignment: str
    task: str
    """`grade_id` of the cell that carries the points."""
    points: float
    maximum: float
    by_hand: float | None
    """Points that were given by hand."""
    waiting: bool
    """Whether it is still to be marked by hand."""
    comment: str

    @property
    def key(self) -> Key:
        """Student, assignment and task."""
        return self.student, self.assignment, self.task

    @property
    def for_people(self) -> bool:
        """Whether it is marked by hand."""
        return self.waiting or self.by_hand is not None


def scores(book: Gradebook, names: Collection[str]) -> list[Score]:
    """All scores of some assignments in the gradebook; none for an unknown assignment."""
    found = []
    known = [each for each in book.assignments if each.name in names]
    for submission in (each for assignment in known for each in assignment.submissions):
        for notebook in submission.notebooks:
            comments = {each.name: each.manual_comment or "" for each in notebook.comments}
            found += [
                Score(
                    student=submission.student.id,
                    assignment=submission.assignment.name,
                    task=grade.name,
                    points=float(grade.score),
                    maximum=float(grade.max_score),
                    by_hand=grade.manual_score,
                    waiting=bool(grade.needs_manual_grade),
                    comment=comments.get(answer_id(grade.name), ""),
                )
                for grade in notebook.grades
            ]
    return found


def maxima(book: Gradebook) -> dict[str, float]:
    """Maximum of points of each assignment in the gradebook."""
    found = {each.name: float(each.max_score) for each in book.assignments}
    return {name: found[name] for name in ASSIGNMENTS if name in found}


def record(folder: Path, state: State, notebook: NotebookNode) -> State:
    """Record verdicts in the gradebook, and verify them there; feedback is written later.

    Args:
        folder: the course folder.
        state: with the verdicts on the notebook.
        notebook: as it was judged.

    Returns:
        The new state: its verdicts count, or it has a fault.
    """
    student, name = state.student, state.assignment
    stage(folder, student, name, notebook)
    results = {(student, name): list(state.verdicts)}
    directory = course_directory(folder, name, glob.escape(student))
    directory.submitted_directory = STAGING
    try:
        convert(Autograde, directory, autograde_preprocessors=grading_steps(results))
        with gradebook(folder) as book:
            fault = fault_of_record(book, student, name, state.verdicts)
    except CourseError as error:
        fault = f"nbgrader could not grade this notebook: {error}"
    shutil.rmtree(folder / STAGING / student, ignore_errors=True)
    if fault:
        withdraw(folder, student, name)
        return save_state(folder, state, fault=fault, counted="", points={}, answers={})
    state = save_state(
        folder,
        state,
        points={verdict.task: verdict.points for verdict in state.verdicts},
        answers=answers_in(folder, student, name),
        remark=text_elsewhere(notebook, read_notebook(released_notebook(folder, name))),
        fault="",
        counted="",
    )
    with gradebook(folder) as book:
        settle_marks(book, state)
    return save_state(folder, state, counted=state.key, page="")


def stage(folder: Path, student: str, name: str, notebook: NotebookNode) -> None:
    """Put a notebook into the staging folder, with the time at which it was handed in."""
    place = folder / STAGING / student / name
    write_whole(place / f"{name}.ipynb", notebook_bytes(notebook))
    time = places.submitted(folder, student, name).with_name(places.STAMP)
    if time.is_file():
        shutil.copy(time, place)


def fault_of_record(book: Gradebook, student: str, name: str, verdicts: Sequence[Verdict]) -> str:
    """Which of these verdicts the gradebook does not have; empty if it has all."""
    for verdict in verdicts:
        try:
            grade = book.find_grade(check_id(verdict.task), name, name, student)
        except MissingEntry:
            return f"nbgrader did not take the points of {verdict.task}"
        if grade.auto_score != verdict.points:
            return f"nbgrader has {grade.auto_score} points for {verdict.task}"
    return ""


def answers_in(folder: Path, student: str, name: str) -> dict[str, str]:
    """The answer for which a cell gives points, by the `grade_id` of the cell."""
    notebook = read_notebook(places.autograded(folder, student, name))
    texts = {grade_id(cell): cell.source for cell in notebook.cells}
    carriers = map(grade_id, filter(has_points, notebook.cells))
    return {each: texts.get(answer_id(each), texts[each]) for each in carriers}


def text_elsewhere(notebook: NotebookNode, released: NotebookNode) -> str:
    """A remark if an answer is missing while the student wrote some text elsewhere."""
    left = unanswered(notebook)
    given = {cell.source for cell in released.cells}
    own = [
        cell.source
        for cell in notebook.cells
        if cell.cell_type != "code" and not grade_id(cell) and cell.source not in given
    ]
    if not left or not any(len(text.split()) >= FEWEST_WORDS for text in own):
        return ""
    return f"{', '.join(left)} not answered in its place, but there is text elsewhere: please look"


def settle_marks(book: Gradebook, state: State) -> None:
    """Let an answer be marked again if it is not the one for which points were given by hand."""
    submission = book.find_submission(state.assignment, state.student)
    for grade in (grade for notebook in submission.notebooks for grade in notebook.grades):
        if grade.manual_score is not None and grade.name in state.read:
            grade.needs_manual_grade = state.given_for_another_text(grade.name)
    book.db.commit()


def withdraw(folder: Path, student: str, name: str) -> None:
    """Remove points and feedback of an earlier notebook."""
    with gradebook(folder) as book, contextlib.suppress(MissingEntry):
        book.remove_submission(name, student)
    for file in (places.autograded(folder, student, name), places.page(folder, student, name)):
        shutil.rmtree(file.parent, ignore_errors=True)
