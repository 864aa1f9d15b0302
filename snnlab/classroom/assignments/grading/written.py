"""Points by hand: from `written.csv`, or several markers' copies of it, into the gradebook."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nbgrader.api import Gradebook

from snnlab.classroom.assignments import places
from snnlab.classroom.assignments.catalogue import ASSIGNMENTS
from snnlab.classroom.assignments.collecting.students import read_students
from snnlab.classroom.assignments.course import gradebook
from snnlab.classroom.assignments.grading.kept import keep, recall
from snnlab.classroom.assignments.grading.records import Score, scores, settle_marks
from snnlab.classroom.assignments.grading.written_table import (
    WHICH,
    WRITTEN,
    Key,
    key_of,
    number_in,
)
from snnlab.classroom.assignments.notebooks.marks import answer_id, grade_id, has_points
from snnlab.classroom.assignments.notebooks.reading import read_notebook
from snnlab.classroom.assignments.spreadsheets import digest, read_rows

WITHDRAWN = "withdraw"
"""Typed in place of points: they are taken back, and the answer waits to be read again."""


class MarksError(ValueError):
    """Rows of tables that cannot be taken; the message has one line for each."""

    @property
    def lines(self) -> list[str]:
        """What is wrong, row by row."""
        return str(self).splitlines()


@dataclass(frozen=True)
class Row:
    """One row of a marker's table, as it was typed."""

    file: str
    number: int
    """As a spreadsheet counts, 2 for the first."""
    key: Key
    points: str
    given: str | None
    """Points that counted when the table was written; None: a table without this column."""
    comment: str
    said: str | None
    """The comment that counted then, as `given`."""

    def __str__(self) -> str:
        return f"{self.file}, row {self.number} ({', '.join(self.key)})"


@dataclass(frozen=True)
class Mark:
    """What one row changes."""

    row: Row
    key: Key
    """As the gradebook has it."""
    points: float | None
    """None: taken back."""
    comment: str | None
    """None: it stays as it is."""
    points_change: bool


def rows_of(file: Path, label: str) -> list[Row]:
    """The rows of a table; `label` is how messages call it.

    Raises:
        MarksError: columns are missing.
    """
    found = read_rows(file)
    missing = [name for name in (*WHICH, "points") if found]
    missing = [name for name in missing if name not in found[0]]
    if missing:
        raise MarksError(
            f"{label} has no column {', '.join(map(repr, missing))}; its columns are "
            f"{', '.join(found[0])}"
        )
    return [
        Row(
            label,
            number,
            (row["student"].strip(), row["assignment"].strip(), row["task"].strip()),
            row["points"].strip(),
            row["given"].strip() if "given" in row else None,
            row.get("comment", "").strip(),
            row["said"].strip() if "said" in row else None,
        )
        for number, row in enumerate(found, 2)
    ]


def marks_of(
    rows: Sequence[Row], known: Mapping[Key, Score], may_come: Callable[[Key], bool]
) -> list[Mark]:
    """What tables change in the gradebook: each row is compared with what counted before.

    Args:
        rows: of one table or of several.
        known: the tasks of the gradebook.
        may_come: whether an answer that the gradebook does not have may be there some day, since
            student and task exist; its row waits.

    Raises:
        MarksError: a row is unknown, has points out of range or a cleared mark, or two rows
            contradict each other.
    """
    faults: list[str] = []
    marks: dict[Key, Mark] = {}
    for row in rows:
        key = same_student(row.key, known)
        if key not in known:
            if (row.points or row.comment) and not may_come(key):
                faults.append(f"{row}: there is no such answer in this course")
            continue
        try:
            mark = mark_of(row, known[key])
        except ValueError as error:
            faults.append(f"{row}: {error}")
            continue
        if mark is None:
            continue
        if (other := marks.get(key)) is None:
            marks[key] = mark
        elif what := contradiction(other, mark):
            faults.append(f"{row}: {what.format(mark)}, but {other.row} has {what.format(other)}")
        else:
            marks[key] = both(other, mark)
    if faults:
        raise MarksError("\n".join(faults))
    return list(marks.values())


def same_student(key: Key, known: Mapping[Key, Score]) -> Key:
    """The key as the gradebook has it: spreadsheets drop the zeros of an id like 007."""
    if key in known or not key[0].isdigit():
        return key
    alike = [each for each in known if each[1:] == key[1:] and each[0].lstrip("0") == key[0]]
    return alike[0] if len(alike) == 1 else key


def mark_of(row: Row, now: Score) -> Mark | None:
    """What a row changes; None: nothing.

    Raises:
        ValueError: it has no points, or points that cannot be.
    """
    comment = comment_in(row, now)
    key = key_of(now)
    unchanged = None if comment is None else Mark(row, key, None, comment, False)
    before = None if row.given is None else number_in(row.given)
    if not row.points:
        if before is not None and before == now.by_hand:
            raise ValueError(
                f"its {before:g} points are gone; write 0 if that is meant, or '{WITHDRAWN}' if "
                "it is to be read again"
            )
        return unchanged
    points = None if row.points.lower() == WITHDRAWN else points_in(row.points, now.maximum)
    if points == now.by_hand or (row.given is not None and points == before and known_now(now)):
        return unchanged
    if row.given is not None and known_now(now) and before != now.by_hand:
        raise ValueError(
            f"it has {row.points}, but since this table was written {now.by_hand:g} points were "
            "given; compare, and write the points into a new written.csv"
        )
    return Mark(row, key, points, comment, True)


def comment_in(row: Row, now: Score) -> str | None:
    """The comment that a row gives; None: it does not change the one that counts.

    Raises:
        ValueError: since the table was written another one was given.
    """
    lost = row.file == WRITTEN and row.comment and not now.comment  # with an earlier gradebook
    if not lost and row.comment in (now.comment, row.said or ""):
        return None
    if lost:
        return row.comment
    if row.said is not None and row.said != now.comment:
        raise ValueError(
            f"it says {row.comment!r}, but since this table was written the comment became "
            f"{now.comment!r}; compare, and write it into a new written.csv"
        )
    return row.comment


def known_now(now: Score) -> bool:
    """Whether somebody has given points."""
    return now.by_hand is not None


def points_in(text: str, maximum: float) -> float:
    """Points as they were typed.

    Raises:
        ValueError: they are no number or out of range.
    """
    points = number_in(text)
    if points is None or not 0 <= points <= maximum:
        raise ValueError(f"points must be 0 to {maximum:g}, got {text!r}")
    return points


def contradiction(one: Mark, other: Mark) -> str:
    """What two rows about one answer do not agree on, as a form of words; empty: they do."""
    if one.points_change and other.points_change and one.points != other.points:
        return "{0.row.points} points"
    if None not in (one.comment, other.comment) and one.comment != other.comment:
        return "comment {0.comment!r}"
    return ""


def both(one: Mark, other: Mark) -> Mark:
    """What two rows about one answer change together."""
    first, second = (one, other) if one.points_change else (other, one)
    comment = second.comment if first.comment is None else first.comment
    return replace(first, comment=comment)


def checked_marks(folder: Path, files: Sequence[Path] = ()) -> list[Mark]:
    """The changes that tables hold, before anything is done with them.

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
        known = {key_of(score): score for score in scores(book, ASSIGNMENTS)}
    people = places.students(folder) | set(read_students(folder))

    def may_come(key: Key) -> bool:
        return key[0] in people and key[2] in tasks_of(folder, key[1])

    return marks_of(rows, known, may_come)


def tasks_of(folder: Path, name: str) -> set[str]:
    """The cells of a released assignment that carry points; none, if there is no such thing."""
    file = places.released(folder, name)
    cells = read_notebook(file).cells if file.is_file() else ()
    return set(map(grade_id, filter(has_points, cells)))


def enter_marks(folder: Path, marks: Sequence[Mark]) -> None:
    """Bring points and comments to the gradebook; the pages of feedback come later."""
    with gradebook(folder) as book:
        for mark in marks:
            enter_mark(folder, book, mark)
        book.db.commit()
        for score in scores(book, ASSIGNMENTS):  # nbgrader's own autograde asks for all again
            if score.waiting and score.by_hand is not None:
                settle_marks(book, recall(folder, score.assignment, score.student))


def enter_mark(folder: Path, book: Gradebook, mark: Mark) -> None:
    """Bring one row to the gradebook."""
    student, name, task = mark.key
    where = (name, name, student)  # the notebook has the name of the assignment
    kept = keep(folder, recall(folder, name, student), page="")
    if mark.comment is not None:
        # Comments on code stand at the answer.
        book.find_comment(answer_id(task), *where).manual_comment = mark.comment or None
    if not mark.points_change:
        return
    grade = book.find_grade(task, *where)
    grade.manual_score = mark.points
    unchanged = mark.row.given is not None and number_in(mark.row.given) == mark.points
    if not unchanged:  # else these are old points that came back with a new notebook
        text = digest(kept.answers.get(task, ""))
        kept = keep(folder, kept, read={**kept.read, task: text})
    waits = mark.points is None and grade.auto_score is None
    grade.needs_manual_grade = waits or kept.given_for_another_text(task)
