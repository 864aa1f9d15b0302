"""The tables of a course folder over all assignments: grades, tasks, and a summary of the class."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import product
from pathlib import Path, PurePosixPath

from snnlab.classroom.assignments import places
from snnlab.classroom.assignments.catalogue import ASSIGNMENTS
from snnlab.classroom.assignments.collecting.lateness import deadlines, due_for, lateness
from snnlab.classroom.assignments.collecting.students import (
    HandIn,
    Student,
    read_handins,
    read_students,
)
from snnlab.classroom.assignments.course import gradebook
from snnlab.classroom.assignments.grading.records import Score, maxima, scores
from snnlab.classroom.assignments.grading.state import State, states_of
from snnlab.classroom.assignments.grading.written import EARLIER, write_table
from snnlab.classroom.assignments.spreadsheets import read_rows, write_rows

GRADES, TASKS = "grades.csv", "tasks.csv"


@dataclass(frozen=True)
class Grade:
    """One student's points in one assignment."""

    student: str
    name: str
    number: str
    """Number on the platform."""
    assignment: str
    points: float
    """Points given so far."""
    maximum: float
    pending: float
    """Points of answers that are still to be marked by hand."""
    late: str
    """By how much it was late; empty if it was not."""
    source: str
    """The file that counts, or files that were handed in but do not count."""
    note: str = ""
    """Remarks on the points."""


@dataclass(frozen=True)
class TaskSummary:
    """How a class did in one task."""

    assignment: str
    task: str
    handed_in: int
    passed: int
    most_frequent: str
    """The diagnosis given most often to wrong answers; empty if there were none."""
    times: int
    """How often this diagnosis was given."""


def write_tables(folder: Path, waiting: Collection[tuple[str, str]] = ()) -> list[Grade]:
    """Write all tables from the recorded points.

    Args:
        folder: the course folder.
        waiting: (student, assignment) of changes that wait for confirmation.

    Returns:
        The grades, as in `grades.csv`.

    Raises:
        ValueError: a deadline cannot be read.
    """
    with gradebook(folder) as book:
        possible = maxima(book)
        found = scores(book, possible)
    states = {(s.student, s.assignment): s for name in ASSIGNMENTS for s in states_of(folder, name)}
    write_table(folder, found, states)
    grades = grades_of(folder, possible, found, states, waiting)
    write_rows(folder / GRADES, [each.name for each in fields(Grade)], map(vars, grades))
    write_task_rows(folder, states.values())
    return grades


def grades_of(
    folder: Path,
    possible: Mapping[str, float],
    found: Sequence[Score],
    states: Mapping[tuple[str, str], State],
    waiting: Collection[tuple[str, str]],
) -> list[Grade]:
    """A row for every student of the class list or of any download, in every assignment.

    After these, a row for each file with an unclear owner.
    """
    people, general, handins = read_students(folder), deadlines(folder), read_handins(folder)
    files: dict[tuple[str, str], list[HandIn]] = defaultdict(list)
    for entry in handins:
        files[entry.student, entry.assignment].append(entry)
    of_notebook: dict[tuple[str, str], list[Score]] = defaultdict(list)
    for score in found:
        of_notebook[score.student, score.assignment].append(score)
    everybody = {*people, *places.students(folder)} | {who for who, _ in (*files, *states)} - {""}
    grades = []
    for name, student in product(possible, sorted(everybody)):
        person = people.get(student) or Student(student)
        file = places.submitted(folder, student, name)
        entries, own = files.get((student, name), []), of_notebook[student, name]
        taken = next((entry for entry in entries if entry.taken), None)
        state = states.get((student, name))
        others = entries if file.is_file() else entries + files.get((student, ""), [])
        notes = notes_of(state, taken, others, there=file.is_file())
        if (student, name) in waiting:
            notes.append("points would change: see `snnlab assign grade`")
        if state and state.page and not places.page(folder, student, name).is_file():
            notes.append("nbgrader could not write a page of feedback")
        source = ", ".join(entry.source for entry in others)
        if taken or file.is_file():
            source = taken.source if taken else file.relative_to(folder).as_posix()
        grades.append(
            Grade(
                student,
                person.name,
                person.number,
                name,
                points=float(sum(score.points for score in own)),
                maximum=possible[name],
                pending=float(sum(score.maximum for score in own if score.waiting)),
                late=lateness(taken.time if taken else "", due_for(name, general, person.due)),
                source=source,
                note="; ".join(dict.fromkeys(filter(None, notes))),
            )
        )
    return grades + [
        Grade("", "", "", each.assignment, 0.0, 0.0, 0.0, "", each.source, each.note)
        for each in handins
        if not each.student
    ]


def notes_of(
    state: State | None, taken: HandIn | None, entries: Sequence[HandIn], *, there: bool
) -> list[str]:
    """Remarks on a hand-in for the table of grades."""
    others = [
        f"{PurePosixPath(entry.source).name}: {entry.note}"
        for entry in entries
        if entry.note and not entry.taken
    ]
    if not there:
        return others or ["nothing was handed in"]
    notes = [taken.note, *others] if taken else others
    notes += [state.remark] if state else []
    if state is None or not state.counted:
        return [*notes, state.fault if state and state.fault else "not graded yet"]
    if state.fault:
        notes.append(state.fault)
    if any(state.given_for_another_text(task) for task in state.read):
        notes.append(EARLIER)
    return notes


def write_task_rows(folder: Path, states: Iterable[State]) -> None:
    """One row for each task of each notebook."""
    rows = [
        (
            *(each.student, each.assignment, verdict.task),
            f"{each.points.get(verdict.task, verdict.points):g}",
            *(verdict.possible, verdict.diagnosis.message),
        )
        for each in states
        for verdict in each.verdicts
    ]
    columns = ("student", "assignment", "task", "points", "maximum", "diagnosis")
    write_rows(folder / TASKS, columns, [dict(zip(columns, row, strict=True)) for row in rows])


def summaries(folder: Path) -> list[TaskSummary]:
    """How the class did in each task of all assignments, from `tasks.csv`.

    Raises:
        ValueError: nothing was graded yet.
    """
    rows = read_rows(folder / TASKS)
    if not rows:
        raise ValueError(f"nothing is graded in {folder} yet; first: snnlab assign grade")
    groups: dict[tuple[str, str], list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        groups[row["assignment"], row["task"]].append(row)
    found = []
    for (assignment, task), group in groups.items():
        wrong = Counter(row["diagnosis"] for row in group if float(row["points"]) == 0)
        message, times = wrong.most_common(1)[0] if wrong else ("", 0)
        passed = len(group) - sum(wrong.values())
        found.append(TaskSummary(assignment, task, len(group), passed, message, times))
    return found
