"""Grade a class: judge changed notebooks, show changes of points, record them, write tables.

After any interruption the same command continues where it stopped: each verdict is saved at once,
and the state of each notebook says which verdicts are recorded.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from snnlab.classroom.assignments import places
from snnlab.classroom.assignments.catalogue import assignment_named, names_of
from snnlab.classroom.assignments.collecting.lateness import deadlines, extensions_checked
from snnlab.classroom.assignments.collecting.students import read_handins, read_students
from snnlab.classroom.assignments.course import enter_assignment, gradebook, released_notebook
from snnlab.classroom.assignments.grading.grades import Grade, write_tables
from snnlab.classroom.assignments.grading.pages import UNSHOWN, Progress, write_pages
from snnlab.classroom.assignments.grading.records import STAGING, record, scores, withdraw
from snnlab.classroom.assignments.grading.state import State, checks_digest, save_state, state_of
from snnlab.classroom.assignments.grading.verdicts import judged
from snnlab.classroom.assignments.grading.written import Mark, checked_marks, enter_marks
from snnlab.classroom.assignments.notebooks.marks import check_id
from snnlab.classroom.assignments.notebooks.reading import (
    UnreadableNotebook,
    parse_notebook,
    read_notebook,
)
from snnlab.classroom.assignments.notebooks.restoring import restored
from snnlab.classroom.assignments.spreadsheets import digest


@dataclass(frozen=True)
class Change:
    """A task whose new points differ from those that count so far."""

    student: str
    assignment: str
    task: str
    before: float
    after: float
    why: str


@dataclass(frozen=True)
class Graded:
    """The result of grading."""

    grades: list[Grade]
    """All rows of `grades.csv`."""
    judged: int
    """Number of notebooks whose code ran; the others had not changed."""
    changes: list[Change]
    """Points that changed, or would change if confirmed."""
    held: bool
    """Whether these changes wait for confirmation."""
    nobodys: list[str]
    """Files with an unclear owner; `handins.csv` says why."""


def grade(
    folder: Path,
    names: Sequence[str] = (),
    *,
    seed: str,
    workers: int = 2,
    student: str = "",
    walls: bool = True,
    agree: Callable[[list[Change]], bool] = lambda changes: True,
    progress: Progress = UNSHOWN,
) -> Graded:
    """Grade what was handed in, and write tables and feedback.

    Args:
        folder: the course folder.
        names: assignments; none: all that somebody handed in.
        seed: the course seed.
        workers: processes at once.
        student: one student's id; empty: all.
        walls: whether to refuse to run code where the kernel cannot confine it.
        agree: called with the points that would change; returns whether they shall count.
        progress: shows the progress.

    Raises:
        MarksError: `written.csv` holds rows that cannot be taken; nothing is graded then.
        ValueError: nobody handed anything in, or there is no such student.
        NoWalls: the kernel cannot confine the code.
    """
    student = student_named(folder, student)
    chosen = [name for name in names_of(names) if places.all_submitted(folder, name, student)]
    if not chosen:
        who = f" by {student!r}" if student else ""
        raise ValueError(
            f"nothing is handed in{who} below {folder / 'submitted'}; first: snnlab assign collect"
        )
    checked(folder)
    count, changes = 0, list[Change]()
    for name in chosen:
        released = released_notebook(folder, name)
        checks = checks_digest(released.read_bytes(), seed)
        original = read_notebook(released)
        files = places.all_submitted(folder, name, student)
        files = [file for file in files if not is_judged(folder, file, checks)]
        found = judged(
            unjudged(folder, files, checks, original),
            assignment_named(name),
            seed,
            workers=workers,
            walls=walls,
            released=original,
        )
        for state, verdicts in progress(found, total=len(files), desc=f"judging {name}"):
            save_state(folder, state, verdicts=tuple(verdicts))
            count += 1
        changes += changes_of(folder, name, student)
    held = bool(changes) and not agree(changes)
    waiting = {(change.student, change.assignment) for change in changes} if held else set()
    for name in chosen:
        let_count(folder, name, student, waiting, progress)
    enter_marks(folder, checked_marks(folder))
    write_pages(folder, workers, progress)
    grades = write_tables(folder, waiting)
    nobodys = [entry.source for entry in read_handins(folder) if not entry.student]
    return Graded(grades, count, changes, held, nobodys)


def enter(
    folder: Path, files: Sequence[Path] = (), *, workers: int = 2, progress: Progress = UNSHOWN
) -> tuple[int, list[Grade]]:
    """Enter points and comments given by hand; nothing is graded again.

    Args:
        folder: the course folder.
        files: markers' tables; none: `written.csv` of the course.
        workers: processes at once, for the pages of feedback.
        progress: shows the progress of these pages.

    Returns:
        How many answers changed, and all rows of `grades.csv`.

    Raises:
        MarksError: a row cannot be taken; nothing is entered then.
    """
    marks = checked(folder, files)
    enter_marks(folder, marks)
    grades = write_tables(folder)
    write_pages(folder, workers, progress)
    return len({mark.key for mark in marks}), grades


def checked(folder: Path, files: Sequence[Path] = ()) -> list[Mark]:
    """Check all tables before anything is entered; return the marks in them."""
    extensions_checked(read_students(folder).values())
    deadlines(folder)
    return checked_marks(folder, files)


def student_named(folder: Path, text: str) -> str:
    """The id of the student with this id, name or number; the text itself, if there is none."""
    found = [p.student for p in read_students(folder).values() if text in (p.name, p.number)]
    return found[0] if text and len(found) == 1 else text


def is_judged(folder: Path, file: Path, checks: str) -> bool:
    """Whether exactly these bytes were judged by these checks, or found to be no notebook."""
    known = state_of(folder, file)
    judged_so = known.notebook == digest(file.read_bytes()) and known.checks == checks
    return judged_so and bool(known.verdicts or known.fault)


def unjudged(
    folder: Path, files: Sequence[Path], checks: str, original: NotebookNode
) -> Iterator[tuple[State, NotebookNode]]:
    """Notebooks to judge, restored; a file that is no notebook gets a fault in its state."""
    for file in files:
        data = file.read_bytes()
        new: dict[str, Any] = {"notebook": digest(data), "checks": checks, "remark": ""}
        known = replace(state_of(folder, file), **new, verdicts=(), fault="")
        try:
            yield known, restored(parse_notebook(data, file.name), original)
        except UnreadableNotebook as error:
            save_state(folder, known, fault=str(error))


def changes_of(folder: Path, name: str, student: str) -> Iterator[Change]:
    """Changes for students whose points count already."""
    with gradebook(folder) as book:
        by_hand = {(s.student, s.task): s.by_hand for s in scores(book, [name]) if s.for_people}
    for file in places.all_submitted(folder, name, student):
        state = state_of(folder, file)
        if not state.counted or state.counts:
            continue
        same = state.counted.split("-")[0] == state.notebook
        why = state.fault or ("the checks changed" if same else "handed in again")
        after = {verdict.task: verdict.points for verdict in state.verdicts}
        for task, before in state.points.items():
            now, given = after.get(task, 0.0), by_hand.get((state.student, check_id(task)))
            if now == before:
                continue
            if given is None:
                yield Change(state.student, name, task, before, now, why)
            else:
                words = f"{why}; {given:g} given by hand stay, {now:g} without: to be read again"
                yield Change(state.student, name, task, given, given, words)


def let_count(
    folder: Path, name: str, student: str, waiting: set[tuple[str, str]], progress: Progress
) -> None:
    """Record verdicts in the gradebook, except those that wait for confirmation."""
    known = [state_of(folder, file) for file in places.all_submitted(folder, name, student)]
    known = [state for state in known if not state.counts and (state.student, name) not in waiting]
    if not known:
        return
    enter_assignment(folder, name)
    original = read_notebook(released_notebook(folder, name))
    for state in progress(known, total=len(known), desc=f"writing {name}"):
        file = places.submitted(folder, state.student, name)
        data = file.read_bytes()
        if digest(data) != state.notebook:
            continue  # handed in anew meanwhile: left to the next grading
        if state.fault and not state.verdicts:
            withdraw(folder, state.student, name)
            save_state(folder, state, counted=state.key, points={}, answers={})
        else:
            record(folder, state, restored(parse_notebook(data, file.name), original))
    shutil.rmtree(folder / STAGING, ignore_errors=True)
