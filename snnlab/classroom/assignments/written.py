"""Points by hand: from `written.csv`, or several markers' copies of it, into the gradebook."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nbgrader.api import Gradebook

from snnlab.classroom.assignments.catalogue import grade_id
from snnlab.classroom.assignments.course import gradebook
from snnlab.classroom.assignments.kept import Kept, keep, recall
from snnlab.classroom.assignments.notebook_files import read_notebook
from snnlab.classroom.assignments.records import Score, scores
from snnlab.classroom.assignments.spreadsheets import digest, read_rows, write_rows, write_whole
from snnlab.classroom.assignments.students import read_students

WRITTEN = "written.csv"
WHICH = ("student", "assignment", "task")
FIELDS = (*WHICH, "maximum", "points", "given", "comment", "note", "answer")
"""Columns of `written.csv`. `given` holds the points that count so far: by it a cell that was
changed in one copy of the table is told from one that is old."""
WITHDRAWN = "withdraw"
"""Typed in place of points: they are taken back, and the answer waits to be read again."""
MOST_OF_AN_ANSWER = 5000
"""Characters of an answer in the table."""
EARLIER = "points were given for an earlier text"

Key = tuple[str, str, str]
"""Student, assignment, task."""


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

    def __str__(self) -> str:
        return f"{self.file}, row {self.number} ({', '.join(self.key)})"


@dataclass(frozen=True)
class Mark:
    """What one row changes."""

    row: Row
    points: float | None
    """None: taken back."""
    comment: str
    """Empty: the comment stays as it is."""
    points_change: bool


def rows_of(file: Path) -> list[Row]:
    """The rows of a marker's table.

    Raises:
        MarksError: columns are missing.
    """
    found = read_rows(file)
    missing = [name for name in (*WHICH, "points") if found]
    missing = [name for name in missing if name not in found[0]]
    if missing:
        raise MarksError(
            f"{file.name} has no column {', '.join(map(repr, missing))}; its columns are "
            f"{', '.join(found[0])}"
        )
    return [
        Row(
            file.name,
            number,
            (row["student"].strip(), row["assignment"].strip(), row["task"].strip()),
            row["points"].strip(),
            row["given"].strip() if "given" in row else None,
            row.get("comment", "").strip(),
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
        if key in marks and contradict(marks[key], mark):
            faults.append(f"{row}: {said(mark)}, but {marks[key].row} has {said(marks[key])}")
        elif key not in marks or mark.points_change:
            marks[key] = mark
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
    comment = row.comment if row.comment != now.comment else ""
    before = None if row.given is None else number_in(row.given)
    if not row.points:
        if before is not None and before == now.by_hand:
            raise ValueError(
                f"its {before:g} points are gone; write 0 if that is meant, or '{WITHDRAWN}' if "
                "it is to be read again"
            )
        return Mark(row, None, comment, False) if comment else None
    points = None if row.points.lower() == WITHDRAWN else points_in(row.points, now.maximum)
    if points == now.by_hand or (row.given is not None and points == before and known_now(now)):
        return Mark(row, points, comment, False) if comment else None
    if row.given is not None and known_now(now) and before != now.by_hand:
        raise ValueError(
            f"it has {row.points}, but since this table was written {now.by_hand:g} points were "
            "given; compare, and write the points into a new written.csv"
        )
    return Mark(row, points, comment, True)


def known_now(now: Score) -> bool:
    """Whether somebody has given points."""
    return now.by_hand is not None


def number_in(text: str) -> float | None:
    """A number as any spreadsheet writes it, or None."""
    try:
        number = float(text.replace("\u2009", "").replace(",", "."))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def points_in(text: str, maximum: float) -> float:
    """Points as they were typed.

    Raises:
        ValueError: they are no number or out of range.
    """
    points = number_in(text)
    if points is None or not 0 <= points <= maximum:
        raise ValueError(f"points must be 0 to {maximum:g}, got {text!r}")
    return points


def contradict(one: Mark, other: Mark) -> bool:
    """Whether two rows about one answer cannot both hold."""
    points = one.points_change and other.points_change and one.points != other.points
    return points or bool(one.comment and other.comment and one.comment != other.comment)


def said(mark: Mark) -> str:
    """A row's points or comment, for people."""
    return f"{mark.row.points} points" if mark.points_change else f"comment {mark.comment!r}"


def checked_marks(folder: Path, names: Sequence[str], files: Sequence[Path] = ()) -> list[Mark]:
    """The changes that tables hold, before anything is done with them.

    Args:
        folder: the course folder.
        names: assignments that the gradebook may know.
        files: markers' tables; none: `written.csv` of the course.

    Raises:
        MarksError: see `marks_of`.
        FileNotFoundError: there is no such table.
    """
    for file in files:
        if not file.is_file():
            raise FileNotFoundError(f"there is no table {str(file)!r}")
    rows = [row for file in files or [folder / WRITTEN] for row in rows_of(file)]
    with gradebook(folder) as book:
        known = {key_of(score): score for score in scores(book, names)}
    people = {path.name for path in folder.glob("submitted/*")} | set(read_students(folder))

    def may_come(key: Key) -> bool:
        return key[0] in people and key[2] in tasks_of(folder, key[1])

    return marks_of(rows, known, may_come)


def tasks_of(folder: Path, name: str) -> set[str]:
    """The cells of a released assignment that carry points; none, if there is no such thing."""
    file = folder / "release" / name / f"{name}.ipynb"
    if not file.is_file():
        return set()
    cells = read_notebook(file).cells
    return {grade_id(cell) for cell in cells if cell.metadata.get("nbgrader", {}).get("grade")}


def key_of(score: Score) -> Key:
    """Which answer a score is about."""
    return score.student, score.assignment, score.task


def enter_marks(folder: Path, marks: Sequence[Mark]) -> None:
    """Bring points and comments to the gradebook; the pages of feedback come later."""
    with gradebook(folder) as book:
        for mark in marks:
            enter_mark(folder, book, mark)
        book.db.commit()


def enter_mark(folder: Path, book: Gradebook, mark: Mark) -> None:
    """Bring one row to the gradebook."""
    student, name, task = mark.row.key
    where = (task, name, name, student)  # the notebook has the name of the assignment
    kept = keep(folder, recall(folder, name, student), page="")
    if mark.comment:
        book.find_comment(*where).manual_comment = mark.comment
    if not mark.points_change:
        return
    grade = book.find_grade(*where)
    grade.manual_score = mark.points
    unchanged = mark.row.given is not None and number_in(mark.row.given) == mark.points
    if not unchanged:  # else these are old points that came back with a new notebook
        text = digest(kept.answers.get(task, ""))
        kept = keep(folder, kept, read={**kept.read, task: text})
    waits = mark.points is None and grade.auto_score is None
    grade.needs_manual_grade = waits or kept.given_for_another_text(task)


def write_table(folder: Path, found: Sequence[Score], kept: Callable[[str, str], Kept]) -> None:
    """Write `written.csv`: all answers that people mark, and every row that was there.

    Points and comments that were typed and not entered yet stay. The table as it was goes to
    `backups/` if it changes.

    Args:
        folder: the course folder.
        found: what the gradebook says.
        kept: what is known about a student's hand-in of an assignment.
    """
    file = folder / WRITTEN
    old = read_rows(file)
    typed = {(row["student"], row["assignment"], row["task"]): row for row in old}
    rows = dict(typed)
    for score in found:
        if score.for_people:
            key = key_of(score)
            row = row_of(score, kept(score.student, score.assignment))
            rows[key] = typed.get(key, {}) | row | dict(unentered(typed.get(key), score))
    ordered = sorted(rows.items(), key=lambda item: (item[0][1], item[0][2], item[0][0]))
    extra = [name for name in (old[0] if old else ()) if name not in FIELDS]
    before = file.read_bytes() if file.is_file() else None
    write_rows(file, [*FIELDS, *extra], [row for _, row in ordered])
    if before is not None and before != file.read_bytes():
        stamp = time.strftime("%Y%m%d-%H%M%S")
        write_whole(folder / "backups" / f"written-{stamp}-{digest(before)[:6]}.csv", before)


def row_of(score: Score, kept: Kept) -> dict[str, str]:
    """The row of an answer, as the gradebook has it."""
    points = "" if score.by_hand is None else f"{score.by_hand:g}"
    earlier = score.by_hand is not None and kept.given_for_another_text(score.task)
    note = EARLIER if earlier else ""
    answer = kept.answers.get(score.task, "")[:MOST_OF_AN_ANSWER]
    values = (*key_of(score), f"{score.maximum:g}", points, points, score.comment, note, answer)
    return dict(zip(FIELDS, values, strict=True))


def unentered(typed: Mapping[str, str] | None, score: Score) -> Iterator[tuple[str, str]]:
    """Cells of a row that somebody typed and that are not in the gradebook yet."""
    if typed is None:
        return
    points = typed.get("points", "").strip()
    if points and points != typed.get("given", "").strip() and number_in(points) != score.by_hand:
        yield "points", points
    if typed.get("comment", "").strip() and not score.comment:
        yield "comment", typed["comment"]
