"""The tables of a course folder: grades, tasks, written answers, students."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook

from snnlab.classroom.assignments.course import Graded, feedback_again, gradebook
from snnlab.classroom.assignments.spreadsheets import read_rows, write_rows

GRADES, TASKS, WRITTEN, STUDENTS = "grades.csv", "tasks.csv", "written.csv", "students.csv"
WRITTEN_FIELDS = ["student", "assignment", "task", "maximum", "points", "comment", "answer"]


@dataclass(frozen=True)
class Grade:
    """One student's points in one assignment."""

    student: str
    name: str
    assignment: str
    points: float
    """Points given so far."""
    maximum: float
    pending: float
    """Points of answers that nobody has read yet."""
    note: str = ""
    """Why there are no points, if something went wrong."""


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


def names_of_students(folder: Path) -> dict[str, str]:
    """Names by id, as they were collected."""
    return {row["student"]: row["name"] for row in read_rows(folder / STUDENTS)}


def remember_students(folder: Path, names: Mapping[str, str]) -> None:
    """Add names by id to the table of students."""
    known = names_of_students(folder) | dict(names)
    rows = [{"student": id, "name": known[id]} for id in sorted(known)]
    write_rows(folder / STUDENTS, ["student", "name"], rows)


def write_tables(folder: Path, graded: Graded) -> list[Grade]:
    """Bring in the points given by hand, and write all tables.

    Args:
        folder: the course folder.
        graded: what grading found.

    Returns:
        The grades, as in `grades.csv`.

    Raises:
        ValueError: a row of `written.csv` has points that are no number or out of range.
    """
    assignments = sorted({name for _, name in [*graded.results, *graded.unreadable]})
    given = read_rows(folder / WRITTEN)
    with gradebook(folder) as book:
        changed = enter_points(book, given, assignments)
        write_rows(folder / WRITTEN, WRITTEN_FIELDS, written_rows(book, folder, assignments))
        grades = grades_of(book, graded, names_of_students(folder))
    for name in changed:
        feedback_again(folder, name)
    write_rows(folder / GRADES, list(Grade.__annotations__), [vars(grade) for grade in grades])
    write_task_rows(folder, graded)
    return grades


def enter_points(
    book: Gradebook, rows: Sequence[dict[str, str]], assignments: Sequence[str]
) -> list[str]:
    """Put points and comments of `written.csv` into the gradebook; the assignments changed."""
    changed = set()
    for row in rows:
        student, name, task = row["student"], row["assignment"], row["task"]
        if name not in assignments or not (row["points"].strip() or row["comment"].strip()):
            continue
        where = (task, name, name, student)  # the notebook has the name of the assignment
        if row["points"].strip():
            grade = book.find_grade(*where)
            grade.manual_score = points_of(row, float(grade.max_score))
            grade.needs_manual_grade = False
        book.find_comment(*where).manual_comment = row["comment"].strip() or None
        changed.add(name)
    book.db.commit()
    return sorted(changed)


def points_of(row: dict[str, str], maximum: float) -> float:
    """The points in a row of `written.csv`."""
    try:
        points = float(row["points"].replace(",", "."))
    except ValueError:
        points = -1.0
    if not 0 <= points <= maximum:
        raise ValueError(
            f"{WRITTEN}: points of {row['student']} for {row['assignment']} {row['task']} must be "
            f"0 to {maximum:g}, got {row['points']!r}"
        )
    return points


def written_rows(book: Gradebook, folder: Path, assignments: Sequence[str]) -> list[dict[str, Any]]:
    """One row for each answer that is graded by hand, with what was given so far."""
    from snnlab.classroom.assignments.catalogue import grade_id
    from snnlab.classroom.assignments.submission import read_notebook

    rows = []
    for submission in (s for name in assignments for s in book.assignment_submissions(name)):
        student, name = submission.student.id, submission.assignment.name
        file = folder / "autograded" / student / name / f"{name}.ipynb"
        if not file.is_file():
            continue
        answers = {grade_id(cell): cell.source for cell in read_notebook(file).cells}
        for grade in submission.notebooks[0].grades:
            if grade.auto_score is not None and grade.manual_score is None:
                continue
            comment = book.find_comment(grade.name, name, name, student).comment
            values = [student, name, grade.name, f"{grade.max_score:g}"]
            points = "" if grade.manual_score is None else f"{grade.manual_score:g}"
            values += [points, comment or "", answers.get(grade.name, "")[:5000]]
            rows.append(dict(zip(WRITTEN_FIELDS, values, strict=True)))
    return sorted(rows, key=lambda row: (row["assignment"], row["task"], row["student"]))


def grades_of(book: Gradebook, graded: Graded, names: Mapping[str, str]) -> list[Grade]:
    """All grades, those of notebooks that could not be read too."""
    grades = []
    without = dict(graded.unreadable)
    for (student, name), found in graded.results.items():
        entries = [s for s in book.assignment_submissions(name) if s.student.id == student]
        if not entries:
            without[student, name] = "nbgrader could not convert this notebook"
            continue
        rows = entries[0].notebooks[0].grades
        waiting = [grade for grade in rows if grade.needs_manual_grade]
        pending = sum(float(grade.max_score) for grade in waiting)
        maximum = sum(float(grade.max_score) for grade in rows)
        note = "" if found else "no tasks"
        score = float(entries[0].score)
        grades.append(Grade(student, names.get(student, ""), name, score, maximum, pending, note))
    for (student, name), note in without.items():
        maximum = float(book.find_assignment(name).max_score)
        grades.append(Grade(student, names.get(student, ""), name, 0.0, maximum, 0.0, note))
    return sorted(grades, key=lambda grade: (grade.assignment, grade.student))


def write_task_rows(folder: Path, graded: Graded) -> None:
    """One row for each task of each notebook."""
    rows = [
        {
            "student": student,
            "assignment": name,
            "task": verdict.task,
            "points": f"{verdict.points:g}",
            "maximum": verdict.possible,
            "diagnosis": verdict.diagnosis.message,
        }
        for (student, name), found in sorted(graded.results.items())
        for verdict in found
    ]
    write_rows(folder / TASKS, list(rows[0]) if rows else ["student"], rows)


def summaries(folder: Path) -> list[TaskSummary]:
    """How the class did in each task, from `tasks.csv`.

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
