"""The tables of a course folder, over all its assignments: grades, tasks, and what a class did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
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
from snnlab.classroom.assignments.grading.kept import Kept, everything_kept
from snnlab.classroom.assignments.grading.records import Score, maxima, scores
from snnlab.classroom.assignments.grading.written_table import EARLIER, write_table
from snnlab.classroom.assignments.spreadsheets import read_rows, write_rows

GRADES, TASKS = "grades.csv", "tasks.csv"


@dataclass(frozen=True)
class Grade:
    """One student's points in one assignment."""

    student: str
    name: str
    number: str
    """Of the platform."""
    assignment: str
    points: float
    """Points given so far."""
    maximum: float
    pending: float
    """Points of answers that somebody has to read."""
    late: str
    """By how much it was late; empty if it was not."""
    source: str
    """The file that counts, or what was handed in instead."""
    note: str = ""
    """What a reader of the points has to know."""


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
    """How often."""


def write_tables(folder: Path, waiting: Collection[tuple[str, str]] = ()) -> list[Grade]:
    """Write all tables from what counts.

    Args:
        folder: the course folder.
        waiting: student and assignment of points that would change and do not count yet.

    Returns:
        The grades, as in `grades.csv`.

    Raises:
        ValueError: a deadline cannot be read.
    """
    with gradebook(folder) as book:
        possible = maxima(book, ASSIGNMENTS)
        found = scores(book, possible)
    kept = {
        (k.student, k.assignment): k for name in ASSIGNMENTS for k in everything_kept(folder, name)
    }

    def known(student: str, name: str) -> Kept:
        return kept.get((student, name)) or Kept(student, name)

    write_table(folder, found, known)
    grades = grades_of(folder, possible, found, kept, waiting)
    write_rows(folder / GRADES, list(Grade.__annotations__), [vars(grade) for grade in grades])
    write_task_rows(folder, list(kept.values()))
    return grades


def grades_of(
    folder: Path,
    possible: Mapping[str, float],
    found: Sequence[Score],
    kept: Mapping[tuple[str, str], Kept],
    waiting: Collection[tuple[str, str]],
) -> list[Grade]:
    """A row for every student of the class list or of any download, in every assignment.

    Then one for each file of which it is not clear whose it is.
    """
    people, general, handins = read_students(folder), deadlines(folder), read_handins(folder)
    files: dict[tuple[str, str], list[HandIn]] = {}
    for entry in handins:
        files.setdefault((entry.student, entry.assignment), []).append(entry)
    by_notebook: dict[tuple[str, str], list[Score]] = {}
    for score in found:
        by_notebook.setdefault((score.student, score.assignment), []).append(score)
    everybody = {*people, *places.students(folder)} | {who for who, _ in (*files, *kept)} - {""}
    grades = []
    for name, student in product(possible, sorted(everybody)):
        person = people.get(student) or Student(student)
        file = places.submitted(folder, student, name)
        entries, own = files.get((student, name), []), by_notebook.get((student, name), [])
        taken = next((entry for entry in entries if entry.taken), None)
        there, known = file.is_file(), kept.get((student, name))
        others = entries if there else entries + files.get((student, ""), [])
        notes = notes_of(known, taken, others, there=there)
        if (student, name) in waiting:
            notes.append(WAITS)
        if known and known.page and not places.page(folder, student, name).is_file():
            notes.append(NO_PAGE)
        place = file.relative_to(folder).as_posix() if there else sources(others)
        grades.append(
            Grade(
                student,
                person.name,
                person.number,
                name,
                float(sum(score.points for score in own)),
                possible[name],
                float(sum(score.maximum for score in own if score.waiting)),
                lateness(taken.time if taken else "", due_for(name, general, person.due)),
                taken.source if taken else place,
                "; ".join(dict.fromkeys(filter(None, notes))),
            )
        )
    return grades + [
        Grade("", "", "", each.assignment, 0.0, 0.0, 0.0, "", each.source, each.note)
        for each in handins
        if not each.student
    ]


WAITS = "points would change: see `snnlab assign grade`"
NOTHING = "nothing was handed in"
NO_PAGE = "nbgrader could not write a page of feedback"


def sources(entries: Sequence[HandIn]) -> str:
    """The files that somebody handed in, for a cell of a table."""
    return ", ".join(entry.source for entry in entries)


def notes_of(
    kept: Kept | None, taken: HandIn | None, entries: Sequence[HandIn], *, there: bool
) -> list[str]:
    """What a reader of a grade has to know about the hand-in."""
    others = [
        f"{PurePosixPath(entry.source).name}: {entry.note}"
        for entry in entries
        if entry.note and not entry.taken
    ]
    if not there:
        return others or [NOTHING]
    notes = [taken.note, *others] if taken else others
    notes += [kept.remark] if kept else []
    if kept is None or not kept.counted:
        return [*notes, kept.fault if kept and kept.fault else "not graded yet"]
    if kept.fault:
        notes.append(kept.fault)
    if any(kept.given_for_another_text(task) for task in kept.read):
        notes.append(EARLIER)
    return notes


def write_task_rows(folder: Path, kept: Sequence[Kept]) -> None:
    """One row for each task of each notebook."""
    rows = [
        {
            "student": each.student,
            "assignment": each.assignment,
            "task": verdict.task,
            "points": f"{each.points.get(verdict.task, verdict.points):g}",
            "maximum": verdict.possible,
            "diagnosis": verdict.diagnosis.message,
        }
        for each in kept
        for verdict in each.verdicts
    ]
    fields = ["student", "assignment", "task", "points", "maximum", "diagnosis"]
    write_rows(folder / TASKS, fields, rows)


def summaries(folder: Path) -> list[TaskSummary]:
    """How the class did in each task of all assignments, from `tasks.csv`.

    Raises:
        ValueError: nothing was graded yet.
    """
    rows = read_rows(folder / TASKS)
    if not rows:
        raise ValueError(f"nothing is graded in {folder} yet; first: snnlab assign grade")
    groups: dict[tuple[str, str], list[dict[str, str]]] = {}
    for row in rows:
        groups.setdefault((row["assignment"], row["task"]), []).append(row)
    found = []
    for (assignment, task), group in groups.items():
        wrong = Counter(row["diagnosis"] for row in group if float(row["points"]) == 0)
        message, times = wrong.most_common(1)[0] if wrong else ("", 0)
        passed = len(group) - sum(wrong.values())
        found.append(TaskSummary(assignment, task, len(group), passed, message, times))
    return found
