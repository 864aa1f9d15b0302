"""What counts: points and feedback of each student, in nbgrader's gradebook and folders."""

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
"""Words of a text that may be an answer."""
STAGING = ".staging"
"""What nbgrader grades from: the very notebooks that were judged, each for a moment."""


Key = tuple[str, str, str]
"""Student, assignment, task."""


@dataclass(frozen=True)
class Score:
    """What the gradebook says about one task of one student."""

    student: str
    assignment: str
    task: str
    """`grade_id` of the cell that carries the points."""
    points: float
    maximum: float
    by_hand: float | None
    """Points that somebody gave by hand."""
    waiting: bool
    """Whether somebody has to read it."""
    comment: str

    @property
    def key(self) -> Key:
        """Which answer it is about."""
        return self.student, self.assignment, self.task

    @property
    def for_people(self) -> bool:
        """Whether it is read and marked by people."""
        return self.waiting or self.by_hand is not None


def scores(book: Gradebook, names: Collection[str]) -> list[Score]:
    """All that the gradebook says about some assignments; nothing about one it does not know."""
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
    """Points of each assignment of this course that the gradebook knows."""
    found = {each.name: float(each.max_score) for each in book.assignments}
    return {name: found[name] for name in ASSIGNMENTS if name in found}


def record(folder: Path, state: State, notebook: NotebookNode) -> State:
    """Bring verdicts to the gradebook, and see that they arrived; the page of feedback comes later.

    Args:
        folder: the course folder.
        state: with the verdicts on the notebook.
        notebook: as it was judged.

    Returns:
        The new state: these verdicts count, or it has a fault.
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
    """Put a notebook where nbgrader grades from, with the time at which it was handed in."""
    place = folder / STAGING / student / name
    write_whole(place / f"{name}.ipynb", notebook_bytes(notebook))
    time = places.submitted(folder, student, name).with_name(places.STAMP)
    if time.is_file():
        shutil.copy(time, place)


def fault_of_record(book: Gradebook, student: str, name: str, verdicts: Sequence[Verdict]) -> str:
    """What of these verdicts did not arrive in the gradebook; empty if all did."""
    for verdict in verdicts:
        try:
            grade = book.find_grade(check_id(verdict.task), name, name, student)
        except MissingEntry:
            return f"nbgrader did not take the points of {verdict.task}"
        if grade.auto_score != verdict.points:
            return f"nbgrader has {grade.auto_score} points for {verdict.task}"
    return ""


def answers_in(folder: Path, student: str, name: str) -> dict[str, str]:
    """By `grade_id` of the cells that carry points: the answer that they are given for."""
    notebook = read_notebook(places.autograded(folder, student, name))
    texts = {grade_id(cell): cell.source for cell in notebook.cells}
    carriers = map(grade_id, filter(has_points, notebook.cells))
    return {each: texts.get(answer_id(each), texts[each]) for each in carriers}


def text_elsewhere(notebook: NotebookNode, released: NotebookNode) -> str:
    """A remark, where an answer is missing and the student wrote some text elsewhere."""
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
    """Points by hand stand as long as the answer is the one that they were given for."""
    submission = book.find_submission(state.assignment, state.student)
    for grade in (grade for notebook in submission.notebooks for grade in notebook.grades):
        if grade.manual_score is not None and grade.name in state.read:
            grade.needs_manual_grade = state.given_for_another_text(grade.name)
    book.db.commit()


def withdraw(folder: Path, student: str, name: str) -> None:
    """Take the points and the feedback of an earlier notebook away."""
    with gradebook(folder) as book, contextlib.suppress(MissingEntry):
        book.remove_submission(name, student)
    for file in (places.autograded(folder, student, name), places.page(folder, student, name)):
        shutil.rmtree(file.parent, ignore_errors=True)
