"""The table `written.csv` of answers that are marked by hand, and its way into the gradebook.

Several markers may fill in copies of it. Whatever they typed is never lost.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from nbgrader.api import Gradebook

from snnlab.classroom.assignments import places
from snnlab.classroom.assignments.catalogue import ASSIGNMENTS
from snnlab.classroom.assignments.collecting.students import read_students
from snnlab.classroom.assignments.course import gradebook
from snnlab.classroom.assignments.grading.records import Key, Score, scores, settle_marks
from snnlab.classroom.assignments.grading.state import State, load_state, save_state
from snnlab.classroom.assignments.notebooks.marks import answer_id, grade_id, has_points
from snnlab.classroom.assignments.notebooks.reading import read_notebook
from snnlab.classroom.assignments.spreadsheets import digest, read_rows, write_rows

WRITTEN = "written.csv"
WHICH = ("student", "assignment", "task")
FIELDS = (*WHICH, "maximum", "points", "given", "comment", "said", "note", "answer")
"""Columns of `written.csv`. `given` and `said` are points and comment that count when the table is
written. They show whether a marker has changed a cell, or whether the copy is merely old."""
MOST_OF_AN_ANSWER = 5000
"""Characters of an answer in the table."""
EARLIER = "points were given for an earlier text"
WITHDRAWN = "withdraw"
"""A word in place of points that takes them back; the answer is then to be marked again."""


class MarksError(ValueError):
    """Rows of tables that cannot be entered; the message has one line for each."""

    @property
    def lines(self) -> list[str]:
        """What is wrong, row by row."""
        return str(self).splitlines()


@dataclass(frozen=True)
class Row:
    """One row of a marker's table, as it was typed."""

    file: str
    number: int
    """Number of the row in a spreadsheet; the first is 2."""
    key: Key
    points: str
    comment: str
    given: str | None
    """Points that counted when the table was written; None if the table has no such column."""
    said: str | None
    """The comment that counted then; None like `given`."""

    def __str__(self) -> str:
        return f"{self.file}, row {self.number} ({', '.join(self.key)})"


@dataclass(frozen=True)
class Mark:
    """What one row changes about an answer: its points or its comment."""

    row: Row
    key: Key
    """The key in the gradebook."""
    field: Literal["points", "comment"]
    value: float | str | None
    """None if the points are taken back."""


def write_table(
    folder: Path, found: Sequence[Score], states: Mapping[tuple[str, str], State]
) -> None:
    """Write `written.csv`: all answers to be marked by hand, and all rows of the present table.

    Points and comments that are not entered yet are kept. If the table changes, the old one is
    copied to `backups/`.

    Args:
        folder: the course folder.
        found: scores from the gradebook.
        states: of the hand-ins, by student and assignment.
    """
    old = read_rows(folder / WRITTEN)
    typed = {tuple(row.get(name, "") for name in WHICH): row for row in old}
    rows = dict(typed)
    for score in found:
        before = typed.get(score.key)
        if score.for_people or before:
            hand_in = score.student, score.assignment
            now = row_of(score, states.get(hand_in) or State(*hand_in))
            rows[score.key] = (before or {}) | now | dict(unentered(before or now, score))
    ordered = sorted(rows.items(), key=lambda item: (item[0][1], item[0][2], item[0][0]))
    extra = [name for name in (old[0] if old else ()) if name not in FIELDS]
    write_rows(folder / WRITTEN, [*FIELDS, *extra], [row for _, row in ordered], backup=True)


def row_of(score: Score, state: State) -> dict[str, str]:
    """The row of an answer, from the gradebook."""
    points = "" if score.by_hand is None else f"{score.by_hand:g}"
    note = EARLIER if points and state.given_for_another_text(score.task) else ""
    answer = state.answers.get(score.task, "")
    if len(answer) > MOST_OF_AN_ANSWER:
        answer = answer[:MOST_OF_AN_ANSWER] + " [... the rest is in autograded/]"
    counts = (f"{score.maximum:g}", points, points, score.comment, score.comment)
    return dict(zip(FIELDS, (*score.key, *counts, note, answer), strict=True))


def unentered(typed: Mapping[str, str], score: Score) -> Iterator[tuple[str, str]]:
    """Cells of a row that a marker typed and that are not in the gradebook yet."""
    points, given, comment, said = (
        typed.get(name, "").strip() for name in ("points", "given", "comment", "said")
    )
    if points and points != given and number_in(points) != score.by_hand:
        yield "points", points
    if comment not in (said, score.comment):
        yield "comment", comment


def checked_marks(folder: Path, files: Sequence[Path] = ()) -> list[Mark]:
    """The changes in tables, checked before any is entered.

    Args:
        folder: the course folder.
        files: markers' tables, beside `written.csv` of the course.

    Raises:
        MarksError: see `marks_of`.
        FileNotFoundError: there is no such table.
    """
    for file in files:
        if not file.is_file():
            raise FileNotFoundError(f"there is no table {str(file)!r}")
    own = folder / WRITTEN  # what was typed there counts as well
    others = [file for file in files if file.resolve() != own.resolve()]
    names = Counter([WRITTEN, *(file.name for file in others)])
    rows = rows_of(own, WRITTEN)
    for file in others:
        rows += rows_of(file, file.name if names[file.name] == 1 else str(file))
    with gradebook(folder) as book:
        known = {score.key: score for score in scores(book, ASSIGNMENTS)}
    people = places.students(folder) | set(read_students(folder))

    def may_come(key: Key) -> bool:
        return key[0] in people and key[2] in tasks_of(folder, key[1])

    return marks_of(rows, known, may_come)


def rows_of(file: Path, label: str) -> list[Row]:
    """The rows of a table; `label` is its name in messages.

    Raises:
        MarksError: columns are missing.
    """
    rows = []
    for number, cells in enumerate(read_rows(file), 2):
        if missing := [name for name in (*WHICH, "points") if name not in cells]:
            raise MarksError(
                f"{label} has no column {', '.join(map(repr, missing))}; its columns are "
                f"{', '.join(cells)}"
            )
        typed = {name: cell.strip() for name, cell in cells.items()}
        key = (typed["student"], typed["assignment"], typed["task"])
        comment, given, said = typed.get("comment", ""), typed.get("given"), typed.get("said")
        rows.append(Row(label, number, key, typed["points"], comment, given, said))
    return rows


def tasks_of(folder: Path, name: str) -> set[str]:
    """The cells with points of a released assignment; none if it was not released."""
    file = places.released(folder, name)
    cells = read_notebook(file).cells if file.is_file() else ()
    return set(map(grade_id, filter(has_points, cells)))


def marks_of(
    rows: Sequence[Row], known: Mapping[Key, Score], may_come: Callable[[Key], bool]
) -> list[Mark]:
    """The changes that tables make to the gradebook, each row compared with the present entries.

    Args:
        rows: of one table or of several.
        known: the tasks of the gradebook.
        may_come: says whether an answer that is missing in the gradebook may come later, since
            student and task exist; its row then waits.

    Raises:
        MarksError: a row is unknown, has points out of range or a cleared mark, or two rows
            contradict each other.
    """
    faults: list[str] = []
    marks: dict[tuple[Key, str], Mark] = {}
    for row in rows:
        key = same_student(row.key, known)
        if key not in known:
            if (row.points or row.comment) and not may_come(key):
                faults.append(f"{row}: there is no such answer in this course")
            continue
        try:
            changes = list(changes_in(row, known[key]))
        except ValueError as error:
            faults.append(f"{row}: {error}")
            continue
        for mark in changes:
            other = marks.setdefault((key, mark.field), mark)
            if other.value != mark.value:
                faults.append(f"{row}: {typed_in(mark)}, but {other.row} has {typed_in(other)}")
    if faults:
        raise MarksError("\n".join(faults))
    return list(marks.values())


def typed_in(mark: Mark) -> str:
    """The content of a row in words."""
    return f"{mark.row.points} points" if mark.field == "points" else f"comment {mark.value!r}"


def same_student(key: Key, known: Mapping[Key, Score]) -> Key:
    """The key in the gradebook for one in a table: spreadsheets turn an id like 007 into 7."""
    if key in known or not key[0].isdigit():
        return key
    alike = [each for each in known if each[1:] == key[1:] and each[0].lstrip("0") == key[0]]
    return alike[0] if len(alike) == 1 else key


def changes_in(row: Row, now: Score) -> Iterator[Mark]:
    """The changes that a row makes.

    Raises:
        ValueError: its points or its comment cannot be entered.
    """
    lost = row.file == WRITTEN and not now.comment  # with an earlier gradebook
    if row.comment != now.comment and (lost or row.comment != (row.said or "")):
        if not lost and row.said is not None and row.said != now.comment:
            raise ValueError(
                f"it says {row.comment!r}, but since this table was written the comment became "
                f"{now.comment!r}; compare, and write it into a new {WRITTEN}"
            )
        yield Mark(row, now.key, "comment", row.comment)
    before = None if row.given is None else number_in(row.given)
    if not row.points:
        if before is not None and before == now.by_hand:
            raise ValueError(
                f"its {before:g} points are gone; write 0 if that is meant, or '{WITHDRAWN}' if "
                "it is to be read again"
            )
        return
    points = None if row.points.lower() == WITHDRAWN else points_in(row.points, now.maximum)
    compared = row.given is not None and now.by_hand is not None
    if points == now.by_hand or (compared and points == before):
        return
    if compared and before != now.by_hand:
        raise ValueError(
            f"it has {row.points}, but since this table was written {now.by_hand:g} points were "
            f"given; compare, and write the points into a new {WRITTEN}"
        )
    yield Mark(row, now.key, "points", points)


def points_in(text: str, maximum: float) -> float:
    """Points as they were typed.

    Raises:
        ValueError: they are no number or out of range.
    """
    points = number_in(text)
    if points is None or not 0 <= points <= maximum:
        raise ValueError(f"points must be 0 to {maximum:g}, got {text!r}")
    return points


def number_in(text: str) -> float | None:
    """A number in the notation of any spreadsheet; None if it is none."""
    try:
        number = float(text.replace("\u2009", "").replace(",", "."))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def enter_marks(folder: Path, marks: Sequence[Mark]) -> None:
    """Enter points and comments into the gradebook; feedback is written later."""
    with gradebook(folder) as book:
        for mark in marks:
            enter_mark(folder, book, mark)
        book.db.commit()
        for score in scores(book, ASSIGNMENTS):  # nbgrader's own autograde asks for all again
            if score.waiting and score.by_hand is not None:
                settle_marks(book, load_state(folder, score.assignment, score.student))


def enter_mark(folder: Path, book: Gradebook, mark: Mark) -> None:
    """Enter one change into the gradebook."""
    student, name, task = mark.key
    where = (name, name, student)  # the notebook has the name of the assignment
    state = save_state(folder, load_state(folder, name, student), page="")
    if mark.field == "comment":  # comments on code stand at the answer
        book.find_comment(answer_id(task), *where).manual_comment = mark.value or None
        return
    grade = book.find_grade(task, *where)
    grade.manual_score = mark.value
    given = mark.row.given
    if given is None or number_in(given) != mark.value:
        text = digest(state.answers.get(task, ""))
        state = save_state(folder, state, read={**state.read, task: text})
    # Else these are old points that came back with a new notebook.
    waits = mark.value is None and grade.auto_score is None
    grade.needs_manual_grade = waits or state.given_for_another_text(task)
